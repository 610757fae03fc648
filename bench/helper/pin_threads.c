// SPDX-License-Identifier: GPL-2.0-only
/* One rep: all threads pin a window each, then unpin it, until all is done. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <sys/param.h>

#include "clock.h"
#include "emit.h"
#include "pin_threads.h"
#include "proc.h"

static struct pin_run *running;
static struct pin_rep *rep;
static struct counters *counters;
static pthread_barrier_t barrier;
static cpu_set_t allowed;

static uint64_t part(const struct share *s, uint64_t round)
{
	uint64_t at = round * running->window;

	if (at >= s->size)
		return 0;
	return MIN(s->size - at, running->window);
}

static void step(struct share *s, enum span span, uint64_t round)
{
	uint64_t bytes = part(s, round);

	if (!s->how->step[span])
		return;		/* it was done, and timed, with the other */
	s->begin[span] = now();
	s->end[span] = s->begin[span];
	if (!bytes)
		return;
	s->error = -s->how->step[span](s, s->first + round * running->window,
				       bytes);
	if (s->how->step[UNPIN])
		s->end[span] = now();
}

/* From the first that began to the last that was done. */
static uint64_t longest(enum span span)
{
	uint64_t begin = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < running->threads; i++) {
		const struct share *s = &running->shares[i];

		if (s->error)
			die("pin", s->error, span == PIN ? "pin" : "unpin");
		begin = MIN(begin, s->begin[span]);
		end = MAX(end, s->end[span]);
	}
	return end - begin;
}

/* Whether page tables are whole once a window is held. */
static bool holds_pages(const struct share *s)
{
	return !s->how->by_device || s->p->pinned;
}

/* A window counts only when all of it is held. */
static void prove_held(uint64_t round)
{
	const struct share *first = &running->shares[0];
	uint64_t want = 0, held;

	for (uint32_t i = 0; i < running->threads; i++)
		want += part(&running->shares[i], round) / 1024;
	if (!first->how->held_kb)
		return;
	if (!holds_pages(first))
		want = 0;
	held = first->how->held_kb(0);
	if (held != want)
		die("held", 0, "%" PRIu64 " kB are held, not %" PRIu64 " kB",
		    held, want);
	held = proc_vmpin_kb(0);
	rep->vmpin_kb = MAX(rep->vmpin_kb, held);
}

static void conclude(enum span span, uint64_t round, bool last)
{
	const struct share *s = &running->shares[0];

	counters_stop(counters, rep->counted);
	rep->spans[span] += longest(span);
	if (span == PIN && s->how->step[UNPIN])
		prove_held(round);
	if (span == PIN && last && holds_pages(s))
		memory_verify_pages(s->m);
}

/*
 * A CPU for each thread, where there are enough: on isolated CPUs nothing moves
 * a thread away from the one that it began on.
 */
static void spread(uint32_t thread)
{
	cpu_set_t mine;
	uint32_t seen = 0;

	if (running->threads == 1 ||
	    (uint32_t)CPU_COUNT(&allowed) < running->threads)
		return;
	CPU_ZERO(&mine);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && seen++ == thread)
			CPU_SET(cpu, &mine);
	sched_setaffinity(0, sizeof(mine), &mine);
}

static void *work(void *arg)
{
	struct share *s = arg;
	/* The last share takes the rest, so that it is the largest. */
	uint64_t most = running->shares[running->threads - 1].size;
	uint64_t rounds = howmany(most, running->window);

	spread(s->thread);
	for (uint64_t round = 0; round < rounds; round++)
		for (enum span span = PIN; span < NSPANS; span++) {
			if (!s->thread)
				counters_start(counters);
			pthread_barrier_wait(&barrier);
			step(s, span, round);
			pthread_barrier_wait(&barrier);
			if (!s->thread)
				conclude(span, round, round + 1 == rounds);
		}
	return NULL;
}

void pin_with_threads(struct pin_run *r, struct counters *c,
		      struct pin_rep *result)
{
	pthread_t threads[MAX_THREADS];
	int error;

	running = r;
	counters = c;
	rep = result;
	sched_getaffinity(0, sizeof(allowed), &allowed);
	pthread_barrier_init(&barrier, NULL, r->threads);
	for (uint32_t i = 1; i < running->threads; i++) {
		error = pthread_create(&threads[i], NULL, work, &r->shares[i]);
		if (error)
			die("pthread_create", error, "thread %u", i);
	}
	work(&r->shares[0]);
	for (uint32_t i = 1; i < running->threads; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	sched_setaffinity(0, sizeof(allowed), &allowed);
}
