// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pin memory and unpin it, timed: what a live update pays twice, without the
 * live update. Each rep has page tables of its own, cold or warm. What cannot
 * be pinned at once is pinned in windows, by all threads at the same time: see
 * pin_threads.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "emit.h"
#include "experiment.h"
#include "pin_threads.h"
#include "proc.h"

/* A buffer of io_uring cannot be larger (io_buffer_validate()). */
#define LARGEST_WINDOW (1ull << 30)
/*
 * Before Linux 6.12 each huge page of a buffer was looked for among all pages
 * before it, 4 KiB by 4 KiB (headpage_already_acct()): that is to stay small.
 */
#define LARGEST_WINDOW_OF_HUGE_PAGES (4ull << 20)

static struct params params;
static struct memory memory;
static struct counters counters;
static uint64_t extents;
/* Not in the program: every handover of a live update would map it anew. */
static struct pin_run *runs;

/* New page tables, in another place so that none of the old ones serve. */
static void map_anew(uint32_t number)
{
	memory_unmap(&memory);
	memory_map(&memory, PLACE(number));
	if (params.warm)
		memory_populate(&memory);
}

static void emit_sample(uint32_t number, uint64_t window,
			const struct pin_rep *rep)
{
	static const char * const phases[NSPANS] = { "pin", "unpin" };
	uint8_t method = params.order.method[number];

	emit_rep(&(struct emit_rep) {
		.i = number, .method = method_rows[method].name,
		.nphases = NSPANS, .phases = phases, .ticks = rep->spans,
		.charged_kb = rep->vmpin_kb, .extents = extents,
	});
	emit_u64("window", window);
	counters_emit(&counters, rep->counted);
	emit_end();
}

static void share_out(struct pin_run *r, const struct pinner *how)
{
	uint64_t page = page_kinds[params.pages].bytes;
	uint64_t size = params.mem / params.threads / page * page;

	r->threads = (uint32_t)params.threads;
	for (uint32_t i = 0; i < params.threads; i++)
		r->shares[i] = (struct share) {
			.p = &params, .m = &memory, .how = how, .thread = i,
			.first = i * size, .size = size, .fd = -1,
		};
	r->shares[params.threads - 1].size = params.mem -
		(params.threads - 1) * size;
}

/* All windows at once, as in a rep: threads have one limit between them. */
static int try_window(struct pin_run *r, uint64_t window)
{
	uint32_t held = 0;
	int error = 0;

	while (held < r->threads) {
		struct share *s = &r->shares[held];
		uint64_t bytes = MIN(window, s->size);

		error = s->how->step[PIN](s, s->first, bytes);
		if (error)
			break;
		held++;
	}
	while (held--) {
		struct share *s = &r->shares[held];
		uint64_t bytes = MIN(window, s->size);

		s->how->step[UNPIN](s, s->first, bytes);
	}
	return error;
}

/* EPERM is mlock()'s when the limit is 0 (can_do_mlock()), else a filter's. */
static int is_memlock(int error)
{
	return error == ENOMEM || error == EAGAIN ||
	       (error == EPERM && !proc_memlock_kb());
}

static int is_refusal(int error)
{
	return error == EPERM || error == EACCES || error == ENOSYS;
}

/* The largest that memlock allows, tried out; 0 with why not even a page. */
static uint64_t find_window(struct pin_run *r, int *error)
{
	uint64_t page = page_kinds[params.pages].bytes;
	uint64_t window = r->shares[r->threads - 1].size;

	if (!r->shares[0].how->limited)
		return params.mem;
	window = MIN(window, LARGEST_WINDOW);
	if (page > 4096 && proc_kernel_before(6, 12))
		window = MIN(window, MAX(LARGEST_WINDOW_OF_HUGE_PAGES, page));
	/* io_uring charges a huge page once, however often a buffer has it. */
	window = MIN(window, params.file);
	for (; window; window = window / 2 / page * page) {
		*error = -try_window(r, window);
		if (!*error)
			break;
		if (is_memlock(*error))
			continue;
		if (is_refusal(*error))
			return 0;
		die("pin", *error, "pin");
	}
	return window;
}

static void close_all(const struct pin_run *r, uint32_t count)
{
	while (count--)
		if (r->shares[count].fd >= 0)
			close(r->shares[count].fd);
}

static void prepare(enum method_id id)
{
	struct pin_run *r = &runs[id];
	const char *need = "";
	int error = 0;

	share_out(r, &pinners[id]);
	for (uint32_t i = 0; i < params.threads; i++) {
		struct share *s = &r->shares[i];

		error = s->how->open(s, &need);
		if (!error)
			continue;
		close_all(r, i);
		order_skip(&params.order, id, need, "%s: %s",
			   method_rows[id].name, strerror(error));
		return;
	}
	r->window = find_window(r, &error);
	if (r->window)
		return;
	close_all(r, r->threads);
	if (!is_memlock(error)) {
		order_skip(&params.order, id, "no seccomp filter or security"
			   " module against pinning: bench doctor", "%s: %s",
			   method_rows[id].name, strerror(error));
		return;
	}
	order_skip(&params.order, id, "a higher memlock limit: ulimit -l",
		   "%s: not one page a thread fits within the memlock limit of"
		   " %" PRIu64 " kB", method_rows[id].name,
		   proc_memlock_kb());
}

static void run(const struct params *p)
{
	params = *p;
	runs = calloc(NMETHODS, sizeof(*runs));
	if (!runs)
		die("calloc", errno, "room for %d methods", NMETHODS);
	memory_create(&memory, p->pages, p->mem, p->file);
	memory_make_huge(&memory);
	extents = memory_extents(&memory);
	for (enum method_id id = METHOD_IO_URING; id <= METHOD_POPULATE; id++)
		if (order_has(&params.order, id))
			prepare(id);
	if (params.counters)
		counters_open(&counters);
	for (uint32_t i = 0; i < params.order.n; i++) {
		struct pin_run *r = &runs[params.order.method[i]];
		struct pin_rep rep = { 0 };

		map_anew(i + 1);
		pin_with_threads(r, &counters, &rep);
		emit_sample(i, r->window, &rep);
	}
	emit_last(params.order.n);
}

const struct experiment pin = {
	"pin", METHOD_IO_URING, METHOD_POPULATE, run
};
