/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* See perf_event_open(2). Whatever this machine has not got is left out. */
enum counter { INSTRUCTIONS_KERNEL, PAGE_FAULTS, DTLB_MISSES, NCOUNTERS };

struct counters {
	bool wanted;
	int fd[NCOUNTERS];
	uint64_t start[NCOUNTERS];
	/* Had to share the PMU for a while: its counts are estimates. */
	bool shared[NCOUNTERS];
};

/* Of this process, its threads to come, and what it becomes by execve(). */
void counters_open(struct counters *c);
void counters_start(struct counters *c);

/* Adds what was counted since the start. */
void counters_stop(struct counters *c, uint64_t counted[NCOUNTERS]);
void counters_emit(const struct counters *c,
		   const uint64_t counted[NCOUNTERS]);
