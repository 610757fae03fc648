/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memory.h"
#include "params.h"

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
	/* Prepare one thread: a positive errno, and in @need what it takes. */
	int (*open)(struct share *s, const char **need);
	/*
	 * Pin, and unpin, @bytes at @at: 0 or -errno. Without step[UNPIN],
	 * step[PIN] does both and sets ends.
	 */
	int (*step[NSPANS])(struct share *s, uint64_t at, uint64_t bytes);
	/* What /proc says is held, to compare with what ought to be. */
	uint64_t (*held_kb)(pid_t pid);
	bool limited;		/* by RLIMIT_MEMLOCK: in windows that fit */
	bool by_device;		/* which may be one that pins nothing */
};

/* By enum method_id; only those of a pin loop are there. */
extern const struct pinner pinners[];
