// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live update of a VMM: one process hands guest memory and its device to
 * the next, and the time from before SUSPEND to after DRIVER_OK is the pause.
 * What a method does in each phase is an entry of a table (methods.c); how the
 * next process comes to be is in handover.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "emit.h"
#include "experiment.h"
#include "handover.h"
#include "live_update.h"
#include "methods.h"
#include "own_pages.h"
#include "proc.h"
#include "proof.h"
#include "soak.h"

static const char * const phase_names[NPHASES] = {
	"suspend", "reset", "release", "exec", "populate", "claim", "vrings",
	"map", "start"
};

static void take_step(struct state *s, enum phase phase)
{
	method_step(s, phase);
	s->end[phase] = now();
}

static void emit_sample(const struct state *s, uint64_t charged_kb)
{
	uint64_t ticks[NPHASES], from = s->begin;

	for (int i = 0; i < NPHASES; from = s->end[i++])
		ticks[i] = s->end[i] - from;
	ticks[EXEC] -= s->settle;
	emit_rep(&(struct emit_rep) {
		.i = s->rep, .method = method_rows[s->method].name,
		.nphases = NPHASES, .phases = phase_names, .ticks = ticks,
		.charged_kb = charged_kb, .extents = s->extents,
	});
	emit_u64("settle", s->settle);
	emit_u64("after_pause", s->after_pause);
	counters_emit(&s->counters, s->counted);
	emit_end();
}

/* The old process: stop the device and let go of it. */
static void let_go(struct state *s)
{
	memset(s->counted, 0, sizeof(s->counted));
	s->settle = 0;
	load_offer(s);
	counters_start(&s->counters);
	s->begin = now();
	take_step(s, SUSPEND);
	load_kick(s);
	take_step(s, RESET);
	take_step(s, RELEASE);
}

/* The device of the next handover, if it is another than that of this one. */
static void change_device(struct state *s)
{
	if (families_change(s))
		prove(s, ~s->handover);
}

/*
 * Leave nothing for the next run to meet: not its device, not its memory. The
 * last word comes before, so that whoever throws the kernel away with its guest
 * need not wait for 64 GiB to be unpinned.
 */
static void __attribute__((noreturn)) finish(struct state *s)
{
	emit_last(s->rep);
	families_change(s);
	memory_unmap(&s->m);
	close(s->m.fd);
	_exit(EXIT_DONE);
}

/* The process that is to have the device: claim it, start it, prove it. */
static uint64_t bring_up(struct state *s)
{
	for (enum phase phase = CLAIM; phase < NPHASES; phase++)
		take_step(s, phase);
	counters_stop(&s->counters, s->counted);
	load_collect(s);
	return prove(s, s->handover + 1);
}

static void conclude(struct state *s, uint64_t charged_kb)
{
	if (is_soak(s))
		soak_emit(s);
	if (is_rep(s)) {
		emit_sample(s, charged_kb);
		s->rep++;
	}
	s->handover++;
	if (s->rep == s->p.order.n)
		finish(s);
	change_device(s);
}

/* Where guest memory is in this process; or is not, for the proof to notice. */
static void tell_addresses(struct state *s)
{
	s->uaddr = s->m.base;
	if (s->p.fault == FAULT_WRONG_ADDRESS)
		s->uaddr = memory_make_decoy(&s->m);
}

/* The new process, from the moment on that it has the state of the old one. */
static void take_over(struct state *s)
{
	uint64_t charged_kb;

	s->moves++;
	memory_map(&s->m, PLACE(s->moves));
	control_map_memory(s);
	tell_addresses(s);
	s->end[EXEC] = now();
	s->end[POPULATE] = s->end[EXEC];
	if (s->p.warm) {
		memory_touch(&s->m);
		s->end[POPULATE] = now();
	}
	if (method_goes_back(s)) {
		method_step(s, CLAIM);
		s->moves--;
		give_up(s);
	}
	charged_kb = bring_up(s);
	dismiss_old_process(s);
	conclude(s, charged_kb);
}

/*
 * The old process, whose successor claimed the device and is gone: that, and
 * claiming it again, is the phase of the claim.
 */
static void take_back(struct state *s)
{
	uint64_t charged_kb;

	tell_addresses(s);
	charged_kb = bring_up(s);
	wait(NULL);
	conclude(s, charged_kb);
}

/* The old process; and by fork, each that comes after it. */
static void __attribute__((noreturn)) go_on(struct state *s)
{
	for (;;) {
		if (!is_soak(s))
			wait_for_quiet();
		if (hand_over(s, let_go))
			take_over(s);
		else
			take_back(s);
	}
}

void live_update_continue(int state_fd)
{
	struct state *s = handover_resume(state_fd);

	take_over(s);
	go_on(s);
}

void live_update_receive(int sock)
{
	struct state *s = handover_receive(sock);

	take_over(s);
	go_on(s);
}

static void run(const struct params *p)
{
	struct state *s = state_create(p);

	if (p->handover != HANDOVER_EXEC)
		stay_in_front();
	if (!own_pages_hold())
		fprintf(stderr, "bench-helper: the memlock limit of %" PRIu64
			" kB is too low to lock the pages of the helper: they"
			" are only mapped\n", proc_memlock_kb());
	memory_create(&s->m, p->pages, p->mem, p->file);
	state_keep_open(s, s->m.fd);
	memory_make_huge(&s->m);
	control_create(s);
	s->extents = memory_extents(&s->m);
	check_fragmented(s);
	if (p->handover == HANDOVER_EXEC)
		methods_skip_going_back(s);
	families_begin(s);
	prove(s, 0);
	/* Of this process: another one, started for a transfer, has its own. */
	if (p->counters && p->handover != HANDOVER_TRANSFER)
		counters_open(&s->counters);
	go_on(s);
}

const struct experiment live_update = {
	"live-update", METHOD_NEW_OWNER, METHOD_EXEC_ONLY, run
};
