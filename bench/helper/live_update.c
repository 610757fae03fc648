// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live update of a VMM: one process hands guest memory and its device to
 * the next, and the time from before SUSPEND to after DRIVER_OK is the pause.
 * What a method does in each phase is an entry of a table (methods.c); how the
 * next process comes to be is in handover.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "emit.h"
#include "handover.h"
#include "proc.h"

static const char * const phase_names[NPHASES] = {
	"suspend", "reset", "release", "exec", "populate", "claim", "vrings",
	"map", "start"
};

static void take_step(struct state *s, enum phase phase)
{
	const struct method *method = methods[s->p.order[s->rep]];

	if (method->step[phase])
		method->step[phase](s);
	s->end[phase] = now();
}

static void emit_rep(const struct state *s, uint64_t vmpin)
{
	uint64_t from = s->begin;

	emit_begin("rep");
	emit_u64("i", s->rep);
	emit_str("method", method_name(s->p.order[s->rep]));
	emit_open("phases");
	for (int i = 0; i < NPHASES; i++) {
		emit_u64(phase_names[i], s->end[i] - from);
		from = s->end[i];
	}
	emit_close();
	emit_u64("pause", s->end[START] - s->begin);
	emit_u64("vmpin_kb", vmpin);
	emit_u64("runs", s->runs);
	counters_emit(&s->counters, s->counted);
	emit_end();
}

/* The old process: stop the device and let go of it. */
static void let_go(struct state *s)
{
	counters_start(&s->counters);
	s->begin = now();
	take_step(s, SUSPEND);
	take_step(s, RESET);
	take_step(s, RELEASE);
}

/* Let interrupts of the last line written and freed memory be done with. */
static void settle(void)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };

	nanosleep(&moment, NULL);
}

/* Leave nothing for the next run to meet: not its device, not its memory. */
static void __attribute__((noreturn)) finish(struct state *s)
{
	families_change(s, s->rep - 1);
	memory_unmap(&s->m);
	close(s->m.fd);
	emit_begin("end");
	emit_u64("n", s->rep);
	emit_end();
	if (s->p.transfer && write(s->front_fd, "!", 1) != 1)
		_exit(EXIT_FAILED);
	_exit(EXIT_DONE);
}

void take_over(struct state *s, int state_fd)
{
	uint64_t vmpin;

	memory_map(&s->m, PLACE(s->rep + 1));
	if (s->p.fault == FAULT_WRONG_ADDRESS)
		memory_make_decoy(&s->m, DECOY);
	s->end[EXEC] = now();
	s->end[POPULATE] = s->end[EXEC];
	if (s->p.warm) {
		memory_touch(&s->m);
		s->end[POPULATE] = now();
	}
	for (enum phase phase = CLAIM; phase < NPHASES; phase++)
		take_step(s, phase);
	memset(s->counted, 0, sizeof(s->counted));
	counters_stop(&s->counters, s->counted);

	vmpin = prove(s, s->rep + 1);
	dismiss_old_process(s);
	emit_rep(s, vmpin);
	if (++s->rep == s->p.nreps)
		finish(s);
	families_change(s, s->rep - 1);
	settle();
	hand_over(s, state_fd, let_go);
}

static void run(const struct params *p)
{
	int fd = memfd_create("state", 0);
	struct state *s;

	if (fd < 0 || ftruncate(fd, sizeof(*s)))
		die("memfd_create", errno, "state: %s", strerror(errno));
	s = map_state(fd);
	s->p = *p;
	s->warned = proc_kernel_warned();
	s->out_fd = emit_fd();
	s->m = (struct memory) {
		.pages = p->pages, .size = p->mem, .file = p->file,
	};
	if (p->transfer)
		stay_in_front(s);
	keep_open(s, fd);
	memory_create(&s->m);
	keep_open(s, s->m.fd);
	memory_map(&s->m, PLACE(0));
	memory_stamp(&s->m);
	memory_make_huge(&s->m);
	s->runs = memory_runs(&s->m);
	check_fragmented(s);
	families_begin(s);
	prove(s, 0);
	/* Of this process: another one, started for a transfer, has its own. */
	if (p->counters && !p->transfer)
		counters_open(&s->counters);
	populate_ourselves();
	settle();
	hand_over(s, fd, let_go);
}

static void check(const struct params *p)
{
	for (uint32_t i = 0; i < p->nreps; i++)
		if (p->order[i] > METHOD_EXEC_ONLY)
			usage("--order has what is no live update");
}

const struct experiment live_update = { "live-update", check, run };
