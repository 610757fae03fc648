// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live update of a VMM: one process hands guest memory and its device to
 * the next by execve(), and the time from before SUSPEND to after DRIVER_OK is
 * the pause. What a method does in each phase is a row of a table in methods.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "emit.h"
#include "handover.h"
#include "net.h"
#include "proc.h"

static const char * const phase_names[NPHASES] = {
	"suspend", "reset", "release", "exec", "populate", "claim", "vrings",
	"map", "start"
};

static void take_step(struct state *s, enum phase phase)
{
	const struct method *method = &methods[s->p.order[s->rep]];

	if (method->step[phase])
		method->step[phase](s);
	s->end[phase] = now();
}

static bool has_device(const struct state *s)
{
	return method_has_device(s->p.order[0]);
}

/* A rep counts only when all of this holds in the process that runs now. */
static uint64_t prove(struct state *s, uint64_t seq)
{
	uint64_t want = s->p.pinned && has_device(s) ? s->p.mem / 1024 : 0;
	uint64_t vmpin = proc_vmpin_kb(0);

	if (vmpin != want)
		die("vmpin", 0, "VmPin is %llu kB, not %llu kB",
		    (unsigned long long)vmpin, (unsigned long long)want);
	if (has_device(s))
		net_prove(&s->d, &s->m, IOVA, seq);
	memory_touch(&s->m);
	memory_verify_pages(&s->m);
	if (proc_kernel_warned())
		die("kernel-log", 0, "the kernel has warned (see the console)");
	return vmpin;
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
	emit_end();
}

/* The old process: stop the device, let go of it and become the new one. */
static void __attribute__((noreturn)) hand_over(struct state *s, int state_fd)
{
	char fd[16];
	char *argv[] = { "bench-helper", "--continue", fd, NULL };
	char *envp[] = { NULL };

	snprintf(fd, sizeof(fd), "%d", state_fd);
	s->begin = now();
	take_step(s, SUSPEND);
	take_step(s, RESET);
	take_step(s, RELEASE);
	execve("/proc/self/exe", argv, envp);
	die("execve", errno, "execve: %s", strerror(errno));
}

static struct state *map_state(int fd)
{
	struct state *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);

	if (s == MAP_FAILED)
		die("mmap", errno, "state: %s", strerror(errno));
	return s;
}

/* Our own text and data: a fault on them is not the thing measured. */
static void populate_ourselves(void)
{
#ifndef __SANITIZE_ADDRESS__	/* whose shadow is terabytes */
	mlockall(MCL_CURRENT);
#endif
}

void live_update_continue(int fd)
{
	struct state *s = map_state(fd);
	uint64_t vmpin;

	populate_ourselves();
	emit_to(s->out_fd);
	memory_map(&s->m, PLACE(s->rep + 1));
	s->end[EXEC] = now();
	s->end[POPULATE] = s->end[EXEC];
	if (s->p.warm) {
		memory_touch(&s->m);
		s->end[POPULATE] = now();
	}
	for (enum phase phase = CLAIM; phase < NPHASES; phase++)
		take_step(s, phase);

	vmpin = prove(s, s->rep + 1);
	emit_rep(s, vmpin);
	if (++s->rep < s->p.nreps)
		hand_over(s, fd);

	emit_begin("end");
	emit_u64("n", s->rep);
	emit_end();
	_exit(EXIT_DONE);
}

static void run(const struct params *p)
{
	int fd = memfd_create("state", 0);
	struct state *s;

	if (fd < 0 || ftruncate(fd, sizeof(*s)))
		die("memfd_create", errno, "state: %s", strerror(errno));
	s = map_state(fd);
	s->p = *p;
	s->out_fd = emit_fd();
	s->m = (struct memory) {
		.pages = p->pages, .size = p->mem, .file = p->file,
	};
	memory_create(&s->m);
	memory_map(&s->m, PLACE(0));
	memory_stamp(&s->m);
	s->runs = memory_runs(&s->m);
	if (has_device(s))
		methods_start_device(s);
	prove(s, 0);
	hand_over(s, fd);
}

const struct experiment live_update = { "live-update", run };
