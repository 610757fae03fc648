// SPDX-License-Identifier: GPL-2.0-only
/* vhost-vdpa: its methods, row by row, and the steps that they are made of. */
#include <errno.h>
#include <linux/vhost.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "handover.h"
#include "io.h"
#include "proc.h"

static void drop_mapping(struct state *s)
{
	const struct region *r = region_to_drop(s);

	if (r)
		vdpa_unmap(&s->d, r->iova, r->size);
}

static void map_all(struct state *s)
{
	const struct region *r = s->p.regions;

	vdpa_batch_begin(&s->d);
	for (; r < s->p.regions + s->p.nregions; r++)
		vdpa_map(&s->d, r->iova, r->size,
			 guest_address(s, r->offset));
	vdpa_batch_end(&s->d);
}

static void map_update(struct state *s)
{
	map_all(s);
	drop_mapping(s);
}

/*
 * The kernel's entries end where a region ended and where a VMA of the process
 * that mapped them ended: each repetition of the file is one.
 */
static void remap_region(struct state *s, const struct region *r)
{
	uint64_t end;

	for (uint64_t at = 0; at < r->size; at = end) {
		uint64_t offset = r->offset + at;

		end = at + s->p.file - offset % s->p.file;
		if (end > r->size)
			end = r->size;
		vdpa_remap(&s->d, r->iova + at, end - at,
			   guest_address(s, offset));
	}
}

static void map_remap(struct state *s)
{
	const struct region *r = s->p.regions;

	if (vdpa_has(&s->d, VHOST_BACKEND_F_IOTLB_REMAP) &&
	    s->p.fault != FAULT_SKIP_REMAP) {
		vdpa_batch_begin(&s->d);
		for (; r < s->p.regions + s->p.nregions; r++)
			remap_region(s, r);
		vdpa_batch_end(&s->d);
	}
	drop_mapping(s);
}

static void suspend(struct state *s)
{
	vdpa_suspend(&s->d);
}

static void reset(struct state *s)
{
	vdpa_reset(&s->d);
	if (s->d.forgetful)
		io_layout(&s->d, &s->m, s->p.regions[0].iova);
}

static void release_reset_owner(struct state *s)
{
	vdpa_reset_owner(&s->d);
}

static void release_close(struct state *s)
{
	close(s->d.fd);
	s->d.fd = -1;
}

static void claim_set_owner(struct state *s)
{
	vdpa_negotiate(&s->d);
	vdpa_set_owner(&s->d);
}

static void claim_new_owner(struct state *s)
{
	vdpa_negotiate(&s->d);
	vdpa_new_owner(&s->d);
}

static void claim_open(struct state *s)
{
	vdpa_open(&s->d, s->p.device[FAMILY_VDPA]);
	keep_open(s, s->d.fd);
	claim_set_owner(s);
}

static void vrings(struct state *s)
{
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

	if (order_has(&s->p, METHOD_NEW_OWNER) &&
	    !vdpa_has(&s->d, VHOST_BACKEND_F_NEW_OWNER))
		order_skip(&s->p, METHOD_NEW_OWNER,
			   "a kernel and a driver with VHOST_NEW_OWNER",
			   "%s does not offer VHOST_BACKEND_F_NEW_OWNER",
			   s->p.device[FAMILY_VDPA]);
	if (!order_has(&s->p, METHOD_RESET_OWNER))
		return;
	r = __vdpa_ioctl(&s->d, VHOST_RESET_OWNER, NULL);
	/* What the ioctls of a virtqueue make of it, on a stock kernel. */
	if (r == -EFAULT || r == -ENOTTY || r == -ENOBUFS) {
		order_skip(&s->p, METHOD_RESET_OWNER,
			   "a kernel with VHOST_RESET_OWNER for vhost-vdpa",
			   "%s does not know VHOST_RESET_OWNER",
			   s->p.device[FAMILY_VDPA]);
		return;
	}
	if (r)
		die("RESET_OWNER", -r, "RESET_OWNER: %s", strerror(-r));
	claim_set_owner(s);
}

static void probe(struct state *s)
{
	s->d.refused = s->p.unbatched ? 1ull << VHOST_BACKEND_F_IOTLB_BATCH : 0;
	s->d.pins = s->p.pinned;
	s->d.gentle = s->p.gentle;
	s->d.entries = (s->p.pinned ? s->runs : s->p.mem / s->p.file) +
		       s->p.nregions;
	claim_open(s);
	check_methods(s);
	release_close(s);
}

static void begin(struct state *s)
{
	claim_open(s);
	io_layout(&s->d, &s->m, s->p.regions[0].iova);
	vdpa_setup_vqs(&s->d);
	map_all(s);
	vdpa_start(&s->d);
}

static void prove_region(struct state *s, const struct region *r, uint64_t seq)
{
	vdpa_check_running(&s->d);
	io_prove(&s->d, &s->m, r->offset, r->size, r->iova, seq);
}

static bool pins(const struct state *s)
{
	return s->p.pinned;
}

static int *file(struct state *s, unsigned int n)
{
	return n ? NULL : &s->d.fd;
}

static const struct family vdpa = {
	.probe = probe, .begin = begin, .end = release_close,
	.prove = prove_region, .charged_kb = proc_vmpin_kb,
	.account = "VmPin", .pins = pins, .file = file,
};

const struct method vdpa_new_owner_method = {
	.family = &vdpa,
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[CLAIM] = claim_new_owner, [VRINGS] = vrings,
		[MAP] = map_remap, [START] = start,
	},
};

const struct method vdpa_reset_owner_method = {
	.family = &vdpa,
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[RELEASE] = release_reset_owner,
		[CLAIM] = claim_set_owner, [VRINGS] = vrings,
		[MAP] = map_update, [START] = start,
	},
};

const struct method vdpa_reopen_method = {
	.family = &vdpa,
	.step = {
		[SUSPEND] = suspend, [RESET] = reset,
		[RELEASE] = release_close, [CLAIM] = claim_open,
		[VRINGS] = vrings, [MAP] = map_update,
		[START] = start,
	},
};
