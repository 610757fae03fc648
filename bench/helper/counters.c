// SPDX-License-Identifier: GPL-2.0-only
/* Counts beside the clock, from the PMU and the kernel, where there are any. */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counters.h"
#include "emit.h"

#define DTLB_READ_MISSES (PERF_COUNT_HW_CACHE_DTLB | \
			  PERF_COUNT_HW_CACHE_OP_READ << 8 | \
			  PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
	bool kernel_only;
} rows[NCOUNTERS] = {
	[INSTRUCTIONS_KERNEL] = { "instructions-kernel", PERF_TYPE_HARDWARE,
				  PERF_COUNT_HW_INSTRUCTIONS, true },
	[PAGE_FAULTS] = { "page-faults", PERF_TYPE_SOFTWARE,
			  PERF_COUNT_SW_PAGE_FAULTS, false },
	[DTLB_MISSES] = { "dtlb-misses", PERF_TYPE_HW_CACHE, DTLB_READ_MISSES,
			  false },
};

struct reading {
	uint64_t value, enabled, running;
};

void counters_open(struct counters *c)
{
	c->wanted = true;
	for (int i = 0; i < NCOUNTERS; i++) {
		struct perf_event_attr attr = {
			.size = sizeof(attr), .type = rows[i].type,
			.config = rows[i].config, .inherit = 1,
			.exclude_user = rows[i].kernel_only,
			.exclude_hv = 1,
			.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
				       PERF_FORMAT_TOTAL_TIME_RUNNING,
		};

		/* Of no use without a PMU, or without the right to count. */
		c->fd[i] = (int)syscall(__NR_perf_event_open, &attr, 0, -1, -1,
					0);
	}
}

static bool sample(const struct counters *c, int i, struct reading *r)
{
	return c->wanted && c->fd[i] >= 0 &&
	       read(c->fd[i], r, sizeof(*r)) == sizeof(*r);
}

void counters_start(struct counters *c)
{
	struct reading r;

	for (int i = 0; i < NCOUNTERS; i++)
		if (sample(c, i, &r))
			c->start[i] = r.value;
}

void counters_stop(struct counters *c, uint64_t counted[NCOUNTERS])
{
	struct reading r;

	for (int i = 0; i < NCOUNTERS; i++) {
		if (!sample(c, i, &r))
			continue;
		counted[i] += r.value - c->start[i];
		c->shared[i] |= r.running < r.enabled;
	}
}

void counters_emit(const struct counters *c,
		   const uint64_t counted[NCOUNTERS])
{
	if (!c->wanted)
		return;
	emit_open("counters");
	for (int i = 0; i < NCOUNTERS; i++)
		if (c->fd[i] >= 0 && !c->shared[i])
			emit_u64(rows[i].name, counted[i]);
	emit_close();
}
