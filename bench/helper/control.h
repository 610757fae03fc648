/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "state.h"

/*
 * The control queue of a network device in an address space of its own (ASID
 * 1), as a VMM has it that stands between the guest and this queue: ring and
 * buffers are in memory of the VMM, which is not the guest's and is handed over
 * beside it. All of this does nothing without --cvq.
 */

#define CONTROL_QUEUE 2
#define CONTROL_BYTES (2 * IO_PAGE)	/* a ring, and a request */

/* Make that memory; map it in this process, where no other has had it. */
void control_create(struct state *s);
void control_map_memory(struct state *s);

void control_keep_from_children(const struct state *s);

/* Find out whether the device can: else skip(). */
void control_check(const struct state *s);

/* Empty the ring; put the queue into its address space, before DRIVER_OK. */
void control_layout(const struct state *s, struct vdpa *d);
void control_assign(const struct state *s, const struct vdpa *d);

/* What the device sees of that memory. */
void control_map(const struct state *s, const struct vdpa *d);
void control_remap(const struct state *s, const struct vdpa *d);

/* Set the MAC address; exits unless the device has it then. */
void control_prove(const struct state *s, const struct vdpa *d, uint64_t seq);
