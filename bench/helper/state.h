/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "counters.h"
#include "memory.h"
#include "params.h"
#include "vdpa.h"
#include "vfio.h"

/* In the order in which they happen; together they are the pause. */
enum phase {
	SUSPEND, RESET, RELEASE, EXEC, POPULATE, CLAIM, VRINGS, MAP, START,
	NPHASES
};

/* What outlives a handover: a memfd that every process of the chain maps. */
struct state {
	int fd;			/* of the memfd, in this process */
	struct params p;
	uint64_t handover;	/* number: under way, or next */
	uint8_t method;		/* of it; NMETHODS: there is none */
	uint32_t rep;		/* number of the next one that has a line */
	uint64_t moves;		/* of guest memory to another process, so far */
	bool gave_up;		/* the new process, that has the device */
	uint64_t under_way;	/* handovers with a request under way, so far */
	int out_fd;
	struct memory m;
	unsigned char *control;	/* memory of the control queues */
	unsigned char *uaddr;	/* of guest memory, as the device is told it */
	struct vdpa d[VDPA_MOST];
	struct vfio v;
	uint64_t extents;	/* of guest memory; 0: not to be told */
	uint64_t warned;	/* taint of the kernel before the run */
	int old_sock;		/* to the old process, where it still exists */
	uint64_t begin;		/* of the pause, and the end of each phase */
	uint64_t end[NPHASES];
	uint64_t settle;	/* of that a test program's own, left out */
	uint64_t after_pause;	/* the first touch of all memory, behind it */
	struct counters counters;
	uint64_t counted[NCOUNTERS];
};

#define for_each_vdpa(d, s)						\
	for (struct vdpa *d = (s)->d;					\
	     d < (s)->d + (s)->p.devices_of_vm; d++)

/* Are there handovers beside those of the order? */
static inline bool is_soak(const struct state *s)
{
	return s->p.handovers > 1;
}

/* Make the state of a run; map the one that another process has made. */
struct state *state_create(const struct params *p);
struct state *state_map(int fd);

/* Have the new process get @fd once: by inheritance, or over a socket. */
void state_keep_open(const struct state *s, int fd);

/* Bytes from @at in a region to the end of it or of the file behind it. */
uint64_t region_piece(const struct state *s, const struct region *r,
		      uint64_t at);
