/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "memory.h"
#include "regions.h"
#include "vdpa.h"

/*
 * Empty the rings that a network or block device has, at the start of @m,
 * which is mapped at @iova. Skips when the device is of neither kind.
 */
void io_layout(struct vdpa *d, const struct memory *m, uint64_t iova);

/*
 * Send a request whose data is in region @r: the proof that the device works,
 * and works on the memory of this process. Exits with an error unless request
 * number @seq comes out right.
 *
 * With @d->gentle it sends one frame that nobody wants and takes none, and
 * writes to no disk: the device answers in this process's memory, which is less
 * of a proof, and all that may be asked of somebody's device.
 */
void io_prove(const struct vdpa *d, const struct memory *m,
	      const struct region *r, uint64_t seq);

/*
 * The three parts of it: offer the request, tell the device to look at its
 * queues, wait for what was offered and check that it came out right.
 */
void io_offer(const struct vdpa *d, const struct memory *m,
	      const struct region *r, uint64_t seq);
void io_kick(const struct vdpa *d);
void io_collect(const struct vdpa *d, const struct memory *m,
		const struct region *r, uint64_t seq);

/* Wait until the device is done with all that a queue's ring in @m offers. */
void io_await(const struct vdpa *d, unsigned int queue,
	      const struct io_memory *m, unsigned int ring);

/* Empty the eventfds: what is bound next is not kicked already. */
void io_forget_kicks(const struct vdpa *d);

/* Has any queue a request that the device is not done with? */
bool io_pending(const struct vdpa *d, const struct memory *m,
		const struct region *r);
