/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_HANDOVER_H
#define BENCH_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "params.h"
#include "vdpa.h"

/* In the order in which they happen; together they are the pause. */
enum phase {
	SUSPEND, RESET, RELEASE, EXEC, POPULATE, CLAIM, VRINGS, MAP, START,
	NPHASES
};

/* Lives in a memfd that every process of the chain maps. */
struct state {
	struct params p;
	uint32_t rep;
	int out_fd;
	struct memory m;
	struct vdpa d;
	uint64_t runs;
	uint64_t begin;
	uint64_t end[NPHASES];
};

/* Above 4 GiB: clear of every window that an IOMMU or a PC reserves. */
#define IOVA (1ull << 32)

/* Two places, so that user addresses never survive a handover by accident. */
#define PLACE(rep) ((rep) & 1 ? 3ull << 44 : 2ull << 44)

/* What a method does in each phase; a phase without a step takes no time. */
struct method {
	const char *name;
	bool device;	/* there is one to hand over */
	void (*step[NPHASES])(struct state *s);
};

extern const struct method methods[];

/* The life of the device before the first handover; checks @s->p.order. */
void methods_start_device(struct state *s);

#endif
