/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "counters.h"
#include "pinners.h"

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

/*
 * Run one rep with a thread for each share and add it up in @result. Exits when
 * a window is not held, or a page is of another kind.
 */
void pin_with_threads(struct pin_run *r, struct counters *c,
		      struct pin_rep *result);
