/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_HANDOVER_H
#define BENCH_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"
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
	uint64_t warned;	/* taint of the kernel before the run */
	/* Of a transfer: to the process in front, and to the old one. */
	int front_fd, old_sock;
	uint64_t begin;
	uint64_t end[NPHASES];
	struct counters counters;
	uint64_t counted[NCOUNTERS];
};

/* Two places, so that user addresses never survive a handover by accident. */
#define PLACE(rep) ((rep) & 1 ? 3ull << 44 : 2ull << 44)

/* Memory that is not the guest's, for the addresses of FAULT_WRONG_ADDRESS. */
#define DECOY (4ull << 44)

/* What a method does in each phase; a phase without a step takes no time. */
struct method {
	bool device;	/* there is one to hand over */
	void (*step[NPHASES])(struct state *s);
};

extern const struct method methods[];

bool has_device(const struct state *s);

/* Ends the helper unless all is well in this process; VmPin in kB. */
uint64_t prove(struct state *s, uint64_t seq);

/* What was asked for as scattered must be: nine pages of ten on their own. */
void check_fragmented(const struct state *s);

/* The life of the device before the first handover; checks @s->p.order. */
void methods_start_device(struct state *s);

/* What a new process does once it has the state of the old one. */
void take_over(struct state *s, int state_fd) __attribute__((noreturn));

/* The old process lets go by @release() and becomes, or feeds, the new one. */
void hand_over(struct state *s, int state_fd, void (*release)(struct state *s))
	__attribute__((noreturn));

/* Of a transfer; nothing to do when the old process has become the new one. */
void dismiss_old_process(struct state *s);
void stay_in_front(struct state *s);
void keep_open(const struct state *s, int fd);

struct state *map_state(int fd);
void populate_ourselves(void);

#endif
