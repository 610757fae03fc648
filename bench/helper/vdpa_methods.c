// SPDX-License-Identifier: GPL-2.0-only
/* vhost-vdpa: its methods, row by row, and the steps that they are made of. */
#include <errno.h>
#include <linux/vhost.h>
#include <unistd.h>

#include "device.h"
#include "emit.h"
#include "io.h"
#include "methods.h"
#include "proc.h"

static void unmap(struct state *s, const struct region *r)
{
	vdpa_unmap(&s->d, r->iova, r->size);
}

static void map(struct state *s)
{
	vdpa_batch_begin(&s->d);
	for_each_region(r, &s->p.regions)
		vdpa_map(&s->d, r->iova, r->size, s->uaddr + r->offset);
	vdpa_batch_end(&s->d);
}

/*
 * The kernel's entries end where a region ended and where a VMA of the process
 * that mapped them ended: each repetition of the file is one.
 */
static void remap_region(struct state *s, const struct region *r)
{
	for (uint64_t at = 0, size; at < r->size; at += size) {
		size = region_piece(s, r, at);
		vdpa_remap(&s->d, r->iova + at, size,
			   s->uaddr + r->offset + at);
	}
}

static void remap(struct state *s)
{
	if (!vdpa_has(&s->d, VHOST_BACKEND_F_IOTLB_REMAP))
		return;
	vdpa_batch_begin(&s->d);
	for_each_region(r, &s->p.regions)
		remap_region(s, r);
	vdpa_batch_end(&s->d);
}

static void suspend(struct state *s)
{
	vdpa_suspend(&s->d);
}

static void reset(struct state *s)
{
	vdpa_reset(&s->d);
	if (s->d.forgetful)
		io_layout(&s->d, &s->m, s->p.regions.at[0].iova);
}

static void release_reset_owner(struct state *s)
{
	device_ioctl(s->d.fd, VHOST_RESET_OWNER, NULL);
}

static void release_close(struct state *s)
{
	close(s->d.fd);
	s->d.fd = -1;
}

static void claim_set_owner(struct state *s)
{
	vdpa_set_owner(&s->d);
	vdpa_negotiate(&s->d);
}

static void claim_new_owner(struct state *s)
{
	device_ioctl(s->d.fd, VHOST_NEW_OWNER, NULL);
	vdpa_negotiate(&s->d);
}

static void claim_open(struct state *s)
{
	vdpa_open(&s->d, s->p.device[FAMILY_VDPA]);
	state_keep_open(s, s->d.fd);
	claim_set_owner(s);
}

/* Of the eventfds that the guest kicks, those that are to be handed over. */
static void keep_kicks(struct state *s)
{
	for (uint32_t i = 0; s->d.lasting && i < s->d.nvqs; i++)
		state_keep_open(s, s->d.vq[i].kick);
}

static void vrings(struct state *s)
{
	if (s->p.fault == FAULT_LOSE_KICK)	/* others, not yet kicked */
		for (uint32_t i = 0; i < s->d.nvqs; i++)
			s->d.vq[i].kick = 0;
	vdpa_setup_vqs(&s->d);
}

static void start(struct state *s)
{
	vdpa_start(&s->d);
}

/* Neither ioctl can be told from the uapi headers; no rep may be half one. */
static void check_methods(struct state *s)
{
	int r;

	if (order_has(&s->p.order, METHOD_NEW_OWNER) &&
	    !vdpa_has(&s->d, VHOST_BACKEND_F_NEW_OWNER))
		order_skip(&s->p.order, METHOD_NEW_OWNER,
			   "a kernel and a driver with VHOST_NEW_OWNER",
			   "%s does not offer VHOST_BACKEND_F_NEW_OWNER",
			   s->p.device[FAMILY_VDPA]);
	if (!order_has(&s->p.order, METHOD_RESET_OWNER))
		return;
	r = __device_ioctl(s->d.fd, VHOST_RESET_OWNER, NULL);
	/* What the ioctls of a virtqueue make of it, on a stock kernel. */
	if (r == -EFAULT || r == -ENOTTY || r == -ENOBUFS) {
		order_skip(&s->p.order, METHOD_RESET_OWNER,
			   "a kernel with VHOST_RESET_OWNER for vhost-vdpa",
			   "%s does not know VHOST_RESET_OWNER",
			   s->p.device[FAMILY_VDPA]);
		return;
	}
	if (r)
		die("RESET_OWNER", -r, "VHOST_RESET_OWNER");
	claim_set_owner(s);
}

static void probe(struct state *s)
{
	s->d.refused = s->p.unbatched ? 1ull << VHOST_BACKEND_F_IOTLB_BATCH : 0;
	s->d.pins = s->p.pinned;
	s->d.gentle = s->p.gentle;
	s->d.lasting = is_soak(s);
	s->d.entries = (s->p.pinned ? s->extents : s->p.mem / s->p.file) +
		       s->p.regions.n;
	claim_open(s);
	check_methods(s);
	release_close(s);
}

static void begin(struct state *s)
{
	claim_open(s);
	io_layout(&s->d, &s->m, s->p.regions.at[0].iova);
	vdpa_setup_vqs(&s->d);
	keep_kicks(s);
	map(s);
	vdpa_start(&s->d);
}

static void prove_region(struct state *s, const struct region *r, uint64_t seq)
{
	vdpa_check_running(&s->d);
	io_prove(&s->d, &s->m, r, seq);
	/*
	 * Once more: a register of a device of QEMU is read when QEMU is done
	 * with the request, and with memory that may be unmapped next.
	 */
	vdpa_check_running(&s->d);
}

/*
 * A request cannot outlive a handover where the rings begin anew, and none is
 * held back by a device that does not stop.
 */
static bool can_load(const struct state *s)
{
	return vdpa_has(&s->d, VHOST_BACKEND_F_SUSPEND) && !s->d.forgetful;
}

/*
 * Every fourth time the device is told of it at once, and is at it or done when
 * it is suspended; at all others it cannot have begun.
 */
static void offer(struct state *s, uint64_t seq)
{
	if (!can_load(s))
		return;
	io_forget_kicks(&s->d);
	io_offer(&s->d, &s->m, &s->p.regions.at[0], seq);
	if (seq % 4 == 3)
		io_kick(&s->d);
}

static void kick(struct state *s)
{
	if (!can_load(s))
		return;
	s->under_way += io_pending(&s->d, &s->m);
	io_kick(&s->d);
}

static void collect(struct state *s, uint64_t seq)
{
	if (can_load(s))
		io_collect(&s->d, &s->m, &s->p.regions.at[0], seq);
}

/* The device comes last: a method may have closed it. */
static int *file(struct state *s, unsigned int n)
{
	unsigned int kicks = s->d.lasting ? s->d.nvqs : 0;

	if (n < kicks)
		return &s->d.vq[n].kick;
	return n == kicks ? &s->d.fd : NULL;
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

const struct method vdpa_reset_owner = {
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
