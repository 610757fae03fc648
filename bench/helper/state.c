// SPDX-License-Identifier: GPL-2.0-only
/* What one process leaves to the next, and where guest memory is for it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <unistd.h>

#include "emit.h"
#include "proc.h"
#include "state.h"

struct state *state_map(int fd)
{
	struct state *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_POPULATE, fd, 0);

	if (s == MAP_FAILED)
		die("mmap", errno, "state");
	return s;
}

struct state *state_create(const struct params *p)
{
	int fd = memfd_create("state", 0);
	struct state *s;

	if (fd < 0 || ftruncate(fd, sizeof(*s)))
		die("memfd_create", errno, "state");
	s = state_map(fd);
	s->fd = fd;
	s->p = *p;
	s->out_fd = emit_fd();
	s->warned = proc_kernel_warned();
	state_keep_open(s, fd);
	return s;
}

void state_keep_open(const struct state *s, int fd)
{
	fcntl(fd, F_SETFD, s->p.handover == HANDOVER_TRANSFER ? FD_CLOEXEC :
	      0);
}

uint64_t region_piece(const struct state *s, const struct region *r,
		      uint64_t at)
{
	uint64_t left = s->p.file - (r->offset + at) % s->p.file;

	return MIN(left, r->size - at);
}
