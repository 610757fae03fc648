// SPDX-License-Identifier: GPL-2.0-only
/* vhost-vdpa: its methods, row by row, and the steps that they are made of. */
#include <ctype.h>
#include <errno.h>
#include <linux/vhost.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "emit.h"
#include "io.h"
#include "methods.h"
#include "proc.h"

static void unmap(struct state *s, const struct region *r)
{
	for_each_vdpa(d, s)
		vdpa_unmap(d, r->iova, r->size);
}

static void map(struct state *s)
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

static void layout(struct state *s, struct vdpa *d)
{
	io_layout(d, &s->m, s->p.regions.at[0].iova);
	control_layout(s, d);
}

static void reset(struct state *s)
{
	for_each_vdpa(d, s) {
		vdpa_reset(d);
		if (d->forgetful)
			layout(s, d);
	}
}

static void release_reset_owner(struct state *s)
{
	for_each_vdpa(d, s)
		device_ioctl(d->fd, VHOST_RESET_OWNER, NULL);
}

static void release_close(struct state *s)
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

static void claim_open(struct state *s)
{
	for_each_vdpa(d, s) {
		vdpa_open(d);
		state_keep_open(s, d->fd);
	}
	claim_set_owner(s);
}

/* Of the eventfds that the guest kicks, those that are to be handed over. */
static void keep_kicks(const struct state *s, const struct vdpa *d)
{
	for (uint32_t i = 0; d->lasting && i < d->nvqs; i++)
		state_keep_open(s, d->vq[i].kick);
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
	for_each_vdpa(d, s)
		vdpa_bind_eventfds(d);
}

static void start(struct state *s)
{
	for_each_vdpa(d, s)
		vdpa_start(d);
}

static void resume(struct state *s)
{
	for_each_vdpa(d, s)
		vdpa_resume(d);
}

static bool has_all(const struct vdpa *d, uint64_t bits)
{
	return (d->backend & bits) == bits;
}

static void check_resume(struct state *s)
{
	if (order_has(&s->p.order, METHOD_RESUME) &&
	    !has_all(s->d, 1ull << VHOST_BACKEND_F_SUSPEND |
		     1ull << VHOST_BACKEND_F_RESUME))
		order_skip(&s->p.order, METHOD_RESUME,
			   "a kernel and a driver with SUSPEND and RESUME",
			   "%s does not offer VHOST_BACKEND_F_%s", s->d->node,
			   vdpa_has(s->d, VHOST_BACKEND_F_SUSPEND) ? "RESUME" :
			   "SUSPEND");
}

static void check_new_owner(struct state *s)
{
	static const enum method_id methods[] = {
		METHOD_NEW_OWNER, METHOD_NEW_OWNER_BACK, METHOD_RESUME
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (order_has(&s->p.order, methods[i]) &&
		    !vdpa_has(s->d, VHOST_BACKEND_F_NEW_OWNER))
			order_skip(&s->p.order, methods[i],
				   "a kernel and a driver with VHOST_NEW_OWNER",
				   "%s does not offer VHOST_BACKEND_F_NEW_OWNER",
				   s->d->node);
}

/* It cannot be told from the uapi headers; no rep may be half one. */
static void check_reset_owner(struct state *s)
{
	static const enum method_id methods[] = {
		METHOD_RESET_OWNER, METHOD_RESET_OWNER_BACK
	};
	int r;

	r = __device_ioctl(s->d->fd, VHOST_RESET_OWNER, NULL);
	if (!r) {
		vdpa_set_owner(s->d);
		vdpa_negotiate(s->d);
		return;
	}
	/* What the ioctls of a virtqueue make of it, on a stock kernel. */
	if (r != -EFAULT && r != -ENOTTY && r != -ENOBUFS)
		die("RESET_OWNER", -r, "VHOST_RESET_OWNER");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (order_has(&s->p.order, methods[i]))
			order_skip(&s->p.order, methods[i],
				   "a kernel with VHOST_RESET_OWNER for vhost-vdpa",
				   "%s does not know VHOST_RESET_OWNER",
				   s->d->node);
}

static void check_methods(struct state *s)
{
	check_new_owner(s);
	check_resume(s);
	if (order_has(&s->p.order, METHOD_RESET_OWNER) ||
	    order_has(&s->p.order, METHOD_RESET_OWNER_BACK))
		check_reset_owner(s);
}

/* The other devices of a VM are those behind its first: vhost-vdpa-0, 1, ... */
static void name_node(const struct state *s, struct vdpa *d)
{
	const char *first = s->p.device[FAMILY_VDPA];
	size_t len = strlen(first);
	unsigned long number;

	while (len && isdigit((unsigned char)first[len - 1]))
		len--;
	number = strtoul(first + len, NULL, 10) + d->index;
	if (d->index)
		snprintf(d->node, sizeof(d->node), "%.*s%lu", (int)len, first,
			 number);
	else
		strcpy(d->node, first);
}

static void describe(const struct state *s, struct vdpa *d)
{
	d->index = (uint32_t)(d - s->d);
	name_node(s, d);
	d->refused = s->p.unbatched ? 1ull << VHOST_BACKEND_F_IOTLB_BATCH : 0;
	d->pins = s->p.pinned;
	d->gentle = s->p.gentle;
	d->lasting = is_soak(s);
	d->control = s->p.cvq;
	d->entries = (s->p.pinned ? s->extents : s->p.mem / s->p.file) +
		     s->p.regions.n;
}

static void probe(struct state *s)
{
	for_each_vdpa(d, s)
		describe(s, d);
	claim_open(s);
	control_check(s);
	check_methods(s);
	release_close(s);
}

static void begin(struct state *s)
{
	claim_open(s);
	for_each_vdpa(d, s) {
		layout(s, d);
		vdpa_setup_vqs(d);
		control_assign(s, d);
		keep_kicks(s, d);
	}
	map(s);
	start(s);
}

static void prove_region(struct state *s, const struct region *r, uint64_t seq)
{
	for_each_vdpa(d, s) {
		vdpa_check_running(d);
		io_prove(d, &s->m, r, seq);
		if (r == s->p.regions.at)
			control_prove(s, d, seq);
		/*
		 * Once more: a register of a device of QEMU is read when QEMU
		 * is done with the request, and with memory that may be
		 * unmapped next.
		 */
		vdpa_check_running(d);
	}
}

/*
 * A request cannot outlive a handover where the rings begin anew, and none is
 * held back by a device that does not stop.
 */
static bool can_load(const struct vdpa *d)
{
	return vdpa_has(d, VHOST_BACKEND_F_SUSPEND) && !d->forgetful;
}

/*
 * Every fourth time the device is told of it at once, and is at it or done when
 * it is suspended; at all others it cannot have begun.
 */
static void offer(struct state *s, uint64_t seq)
{
	for_each_vdpa(d, s) {
		if (!can_load(d))
			continue;
		io_forget_kicks(d);
		io_offer(d, &s->m, &s->p.regions.at[0], seq);
		if (seq % 4 == 3)
			io_kick(d);
	}
}

static void kick(struct state *s)
{
	for_each_vdpa(d, s) {
		if (!can_load(d))
			continue;
		s->under_way += io_pending(d, &s->m, &s->p.regions.at[0]);
		io_kick(d);
	}
}

static void collect(struct state *s, uint64_t seq)
{
	for_each_vdpa(d, s)
		if (can_load(d))
			io_collect(d, &s->m, &s->p.regions.at[0], seq);
}

/*
 * The nodes come last: a method may have closed them. All devices of a VM have
 * as many queues.
 */
static int *file(struct state *s, unsigned int n)
{
	unsigned int each = s->d->lasting ? s->d->nvqs : 0;
	unsigned int devices = (unsigned int)s->p.devices_of_vm;
	unsigned int kicks = each * devices;

	if (n < kicks)
		return &s->d[n / each].vq[n % each].kick;
	return n < kicks + devices ? &s->d[n - kicks].fd : NULL;
}

const struct family vdpa_family = {
	.probe = probe, .begin = begin, .end = release_close,
	.unmap = unmap, .prove = prove_region, .charged_kb = proc_vmpin_kb,
	.account = "VmPin", .file = file,
	.offer = offer, .kick = kick, .collect = collect,
};

const struct method vdpa_new_owner = {
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[CLAIM] = claim_new_owner, [VRINGS] = vrings,
		[MAP] = remap, [START] = start,
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
		[MAP] = map, [START] = start,
	},
};

/* The owner that fails has agreed to the next one, and need not live on. */
const struct method vdpa_new_owner_back = {
	.goes_back = true,
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[CLAIM] = claim_new_owner, [VRINGS] = vrings,
		[MAP] = remap, [START] = start,
	},
};

/* Only the owner can give it back: one that is killed would keep it. */
const struct method vdpa_reset_owner_back = {
	.goes_back = true, .give_up = release_reset_owner,
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[RELEASE] = release_reset_owner,
		[CLAIM] = claim_set_owner, [VRINGS] = vrings,
		[MAP] = map, [START] = start,
	},
};

const struct method vdpa_reopen = {
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[RELEASE] = release_close, [CLAIM] = claim_open,
		[VRINGS] = vrings, [MAP] = map,
		[START] = start,
	},
};
