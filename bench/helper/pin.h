/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_PIN_H
#define BENCH_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "counters.h"
#include "memory.h"
#include "params.h"
#include "vdpa.h"

enum span { PIN, UNPIN, NSPANS };

/* What one thread pins, a window at a time: @size bytes of memory at @first. */
struct share {
	const struct params *p;
	const struct memory *m;
	const struct pinner *how;
	uint32_t thread;
	uint64_t first, size;
	int fd;			/* of the pinner: a ring, a file */
	uint64_t begin[NSPANS], end[NSPANS];
	int error;		/* the last step's, positive */
};

/* One way to pin pages and to let them go again. */
struct pinner {
	/* Of one thread: a positive errno, and in @need what it takes. */
	int (*open)(struct share *s, const char **need);
	/* 0 or -errno. No step[UNPIN]: step[PIN] does both and sets ends. */
	int (*step[NSPANS])(struct share *s, uint64_t at, uint64_t bytes);
	/* What /proc says is held, to hold against what ought to be. */
	uint64_t (*held_kb)(const struct share *s);
	bool limited;		/* by RLIMIT_MEMLOCK: in windows that fit */
	/* Are page tables whole once it holds memory? */
	bool (*maps)(const struct share *s);
};

/* By enum method_id; only those of a pin loop are there. */
extern const struct pinner pinners[];

/* Of one method, for all of its reps. */
struct pin_run {
	uint32_t threads;
	uint64_t window;	/* bytes that one thread pins at once */
	struct share shares[MAX_THREADS];
};

/* What one rep came to. */
struct pin_rep {
	uint64_t spans[NSPANS];
	uint64_t vmpin_kb;	/* at once, at most */
	uint64_t counted[NCOUNTERS];
};

/* Ends the helper when a window is not held, or a page is of another kind. */
void pin_with_threads(struct pin_run *r, struct counters *c,
		      struct pin_rep *result);

int gup_test_open(struct share *s, const char **need);
int gup_test_run(struct share *s, uint64_t at, uint64_t bytes);

int iotlb_open(struct share *s, const char **need);
int iotlb_pin(struct share *s, uint64_t at, uint64_t bytes);
int iotlb_unpin(struct share *s, uint64_t at, uint64_t bytes);
uint64_t iotlb_held_kb(const struct share *s);

#endif
