/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_HANDOVER_H
#define BENCH_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "counters.h"
#include "memory.h"
#include "params.h"
#include "vdpa.h"
#include "vfio.h"

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
	struct vfio v;
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

/* A kind of device, and its life outside the pause. */
struct family {
	/* Can it be had? order_skip() for each method that cannot. */
	void (*probe)(struct state *s);
	/* As a VMM starts it: open, memory mapped, running. And its end. */
	void (*begin)(struct state *s);
	void (*end)(struct state *s);
	/* A request whose data is in this region; numbered, each another. */
	void (*prove)(struct state *s, const struct region *r, uint64_t seq);
	/* What the kernel has charged to a process (0: this one), and where. */
	uint64_t (*charged_kb)(pid_t pid);
	const char *account;
	bool (*pins)(const struct state *s);
	/* The open files that it is, until NULL: what a transfer sends. */
	int *(*file)(struct state *s, unsigned int n);
};

/* What a method does in each phase; a phase without a step takes no time. */
struct method {
	const struct family *family;	/* NULL: no device is handed over */
	void (*step[NPHASES])(struct state *s);
};

/* One entry a method; the rows of a family are in its own file. */
extern const struct method * const methods[];

extern const struct method vdpa_new_owner_method, vdpa_reset_owner_method,
	vdpa_reopen_method, type1_vaddr_method, type1_remap_method,
	iommufd_process_method, iommufd_remap_method;

/* Of the rep that is under way, or comes next. */
const struct family *family_of(const struct state *s);

/* Every family of the order is probed; then that of the first rep begins. */
void families_begin(struct state *s);

/* Between two reps: the device of the next one, if it is another one. */
void families_change(struct state *s, uint32_t from);

/* Of memory in this process, or of memory that the guest has never seen. */
unsigned char *guest_address(const struct state *s, uint64_t offset);

/* The region that FAULT_DROP_MAPPING is to lose, NULL without that fault. */
const struct region *region_to_drop(const struct state *s);

/* Ends the helper unless all is well in this process; kB charged to it. */
uint64_t prove(struct state *s, uint64_t seq);

/* What was asked for as scattered must be: nine pages of ten on their own. */
void check_fragmented(const struct state *s);

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
