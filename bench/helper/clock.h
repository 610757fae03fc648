/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <time.h>

/*
 * CLOCK_MONOTONIC is shared by all processes, so that a span may start in the
 * old process and end in the new one. Under instruction counting one tick is
 * one instruction; the plan knows which, the helper does not.
 */
static inline uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * Let interrupts of the last line written and freed memory be done with, and
 * begin the rep at a fixed time of the clock: a proof waits for the device, and
 * how long that took must not move the kernel's timers into a rep or out of it.
 */
void wait_for_quiet(void);
