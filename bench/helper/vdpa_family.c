// SPDX-License-Identifier: GPL-2.0-only
/* vhost-vdpa as a kind of device: found, begun, proven and put under load. */
#include <ctype.h>
#include <errno.h>
#include <linux/vhost.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "device.h"
#include "emit.h"
#include "io.h"
#include "methods.h"
#include "proc.h"
#include "vdpa_steps.h"

static void unmap(struct state *s, const struct region *r)
{
	for_each_vdpa(d, s)
		vdpa_unmap(d, r->iova, r->size);
}

#define nitems(array) (sizeof(array) / sizeof((array)[0]))

/* Of @methods those that are asked for cannot be had: the device lacks it. */
static void skip_each(struct state *s, const enum method_id *methods, size_t n,
		      const char *need, const char *lack)
{
	for (size_t i = 0; i < n; i++)
		if (order_has(&s->p.order, methods[i]))
			order_skip(&s->p.order, methods[i], need,
				   "%s does not %s", s->d->node, lack);
}

static void check_new_owner(struct state *s)
{
	static const enum method_id methods[] = {
		METHOD_NEW_OWNER, METHOD_NEW_OWNER_BACK, METHOD_RESUME
	};

	if (!vdpa_has(s->d, VHOST_BACKEND_F_NEW_OWNER))
		skip_each(s, methods, nitems(methods),
			  "a kernel and a driver with VHOST_NEW_OWNER",
			  "offer VHOST_BACKEND_F_NEW_OWNER");
}

static void check_resume(struct state *s)
{
	static const enum method_id methods[] = { METHOD_RESUME };
	bool stops = vdpa_has(s->d, VHOST_BACKEND_F_SUSPEND);

	if (!stops || !vdpa_has(s->d, VHOST_BACKEND_F_RESUME))
		skip_each(s, methods, nitems(methods),
			  "a kernel and a driver with SUSPEND and RESUME",
			  stops ? "offer VHOST_BACKEND_F_RESUME" :
			  "offer VHOST_BACKEND_F_SUSPEND");
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
	skip_each(s, methods, nitems(methods),
		  "a kernel with VHOST_RESET_OWNER for vhost-vdpa",
		  "know VHOST_RESET_OWNER");
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
	vdpa_claim_open(s);
	control_check(s);
	check_methods(s);
	vdpa_release_close(s);
}

/* Of the eventfds that the guest kicks, those that are to be handed over. */
static void keep_kicks(const struct state *s, const struct vdpa *d)
{
	for (uint32_t i = 0; d->lasting && i < d->nvqs; i++)
		state_keep_open(s, d->vq[i].kick);
}

static void begin(struct state *s)
{
	vdpa_claim_open(s);
	for_each_vdpa(d, s) {
		vdpa_layout(s, d);
		vdpa_setup_vqs(d);
		control_assign(s, d);
		keep_kicks(s, d);
	}
	vdpa_map_all(s);
	vdpa_start_all(s);
}

/* Outside every pause: eventfds that the guest has kicked end with it too. */
static void end(struct state *s)
{
	for_each_vdpa(d, s) {
		d->lasting = false;
		vdpa_close_eventfds(d);
		d->lasting = is_soak(s);
	}
	vdpa_release_close(s);
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
	.probe = probe, .begin = begin, .end = end,
	.unmap = unmap, .prove = prove_region, .charged_kb = proc_vmpin_kb,
	.account = "VmPin", .file = file,
	.offer = offer, .kick = kick, .collect = collect,
};
