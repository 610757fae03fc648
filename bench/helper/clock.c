// SPDX-License-Identifier: GPL-2.0-only
/* When a rep begins. */
#include "clock.h"

#define NSEC_PER_SEC 1000000000L
#define BEAT_NS (NSEC_PER_SEC / 10)	/* divides a second */

void wait_for_quiet(void)
{
	struct timespec then;

	clock_gettime(CLOCK_MONOTONIC, &then);
	then.tv_nsec += 10 * 1000 * 1000;
	then.tv_nsec += BEAT_NS - then.tv_nsec % BEAT_NS;
	then.tv_sec += then.tv_nsec / NSEC_PER_SEC;
	then.tv_nsec %= NSEC_PER_SEC;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL))
		;
}
