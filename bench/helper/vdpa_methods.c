// SPDX-License-Identifier: GPL-2.0-only
/* vhost-vdpa: its methods, row by row, and the steps that they are made of. */
#include <linux/vhost.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "io.h"
#include "methods.h"
#include "vdpa_steps.h"

void vdpa_map_all(struct state *s)
{
	for_each_vdpa(d, s) {
		vdpa_batch_begin(d);
		for_each_region(r, &s->p.regions)
			vdpa_map(d, r->iova, r->size, s->uaddr + r->offset);
		vdpa_batch_end(d);
		control_map(s, d);
	}
}

/*
 * The kernel's entries end where a region ended and where a VMA of the process
 * that mapped them ended: each repetition of the file is one.
 */
static void remap_region(const struct state *s, const struct vdpa *d,
			 const struct region *r)
{
	for (uint64_t at = 0, size; at < r->size; at += size) {
		size = region_piece(s, r, at);
		vdpa_remap(d, r->iova + at, size, s->uaddr + r->offset + at);
	}
}

static void remap(struct state *s)
{
	for_each_vdpa(d, s) {
		if (!vdpa_has(d, VHOST_BACKEND_F_IOTLB_REMAP))
			continue;
		vdpa_batch_begin(d);
		for_each_region(r, &s->p.regions)
			remap_region(s, d, r);
		vdpa_batch_end(d);
		control_remap(s, d);
	}
}

static void suspend(struct state *s)
{
	for_each_vdpa(d, s)
		vdpa_suspend(d);
}

/* What stays as it is needs no position of its rings to be read. */
static void stop(struct state *s)
{
	for_each_vdpa(d, s)
		vdpa_stop(d);
}

void vdpa_layout(struct state *s, struct vdpa *d)
{
	io_layout(d, &s->m, s->p.regions.at[0].iova);
	control_layout(s, d);
}

static void reset(struct state *s)
{
	for_each_vdpa(d, s) {
		vdpa_reset(d);
		if (d->forgetful)
			vdpa_layout(s, d);
	}
}

static void release_reset_owner(struct state *s)
{
	for_each_vdpa(d, s)
		device_ioctl(d->fd, VHOST_RESET_OWNER, NULL);
}

void vdpa_release_close(struct state *s)
{
	for_each_vdpa(d, s) {
		close(d->fd);
		d->fd = -1;
	}
}

static void claim_set_owner(struct state *s)
{
	for_each_vdpa(d, s) {
		vdpa_set_owner(d);
		vdpa_negotiate(d);
	}
}

static void claim_new_owner(struct state *s)
{
	for_each_vdpa(d, s) {
		device_ioctl(d->fd, VHOST_NEW_OWNER, NULL);
		vdpa_negotiate(d);
	}
}

void vdpa_claim_open(struct state *s)
{
	for_each_vdpa(d, s) {
		vdpa_open(d);
		state_keep_open(s, d->fd);
	}
	claim_set_owner(s);
}

static void lose_kicks(struct vdpa *d)
{
	for (uint32_t i = 0; i < d->nvqs; i++)
		d->vq[i].kick = 0;	/* others are made, not yet kicked */
}

static void vrings(struct state *s)
{
	for_each_vdpa(d, s) {
		if (s->p.fault == FAULT_LOSE_KICK)
			lose_kicks(d);
		vdpa_setup_vqs(d);
		control_assign(s, d);
	}
}

/* The rings go on as they are: only the eventfds are another process's. */
static void eventfds(struct state *s)
{
	for_each_vdpa(d, s) {
		if (s->p.fault == FAULT_LOSE_KICK)
			lose_kicks(d);
		vdpa_bind_eventfds(d);
	}
}

void vdpa_start_all(struct state *s)
{
	for_each_vdpa(d, s)
		vdpa_start(d);
}

static void resume(struct state *s)
{
	for_each_vdpa(d, s)
		vdpa_resume(d);
}

const struct method vdpa_new_owner = {
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[CLAIM] = claim_new_owner, [VRINGS] = vrings,
		[MAP] = remap, [START] = vdpa_start_all,
	},
};

/* No reset, and no ring made anew: the device goes on where it was stopped. */
const struct method vdpa_resume_method = {
	.step = {
		[SUSPEND] = stop, [CLAIM] = claim_new_owner,
		[VRINGS] = eventfds, [MAP] = remap, [START] = resume,
	},
};

const struct method vdpa_reset_owner = {
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[RELEASE] = release_reset_owner,
		[CLAIM] = claim_set_owner, [VRINGS] = vrings,
		[MAP] = vdpa_map_all, [START] = vdpa_start_all,
	},
};

/* The owner that fails has agreed to the next one, and need not live on. */
const struct method vdpa_new_owner_back = {
	.goes_back = true,
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[CLAIM] = claim_new_owner, [VRINGS] = vrings,
		[MAP] = remap, [START] = vdpa_start_all,
	},
};

/* Only the owner can give it back: one that is killed would keep it. */
const struct method vdpa_reset_owner_back = {
	.goes_back = true, .give_up = release_reset_owner,
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[RELEASE] = release_reset_owner,
		[CLAIM] = claim_set_owner, [VRINGS] = vrings,
		[MAP] = vdpa_map_all, [START] = vdpa_start_all,
	},
};

const struct method vdpa_reopen = {
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[RELEASE] = vdpa_release_close, [CLAIM] = vdpa_claim_open,
		[VRINGS] = vrings, [MAP] = vdpa_map_all,
		[START] = vdpa_start_all,
	},
};
