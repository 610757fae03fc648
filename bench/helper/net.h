/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <stdint.h>

#include "memory.h"
#include "vdpa.h"

/* The rings and buffers of the proof, at the start of guest memory. */
#define NET_AREA (16u * 4096)

/* Lay the rings of a network device out in @m, mapped at @iova. */
void net_layout(struct vdpa *d, const struct memory *m, uint64_t iova);

/*
 * Send packet number @seq to ourselves: what the device reads through one
 * queue it must deliver through the other, byte by byte, into this process's
 * mapping. Exits with an error when it does not within the deadline.
 */
void net_prove(struct vdpa *d, const struct memory *m, uint64_t iova,
	       uint64_t seq);

#endif
