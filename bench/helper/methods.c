// SPDX-License-Identifier: GPL-2.0-only
/* What each method does in each phase: one row of a table, and its steps. */
#include <linux/vhost.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "handover.h"
#include "net.h"

/* Memory is mapped in regions of this size; the last one takes the rest. */
static uint64_t region_size(const struct state *s)
{
	uint64_t unit = page_kind_bytes(s->p.pages);

	return s->p.mem / s->p.regions / unit * unit;
}

static void map_update(struct state *s)
{
	uint64_t step = region_size(s);

	vdpa_batch_begin(&s->d);
	for (uint32_t i = 0; i < s->p.regions; i++) {
		uint64_t at = i * step;
		uint64_t size = i + 1 < s->p.regions ? step : s->p.mem - at;

		vdpa_map(&s->d, IOVA + at, size, s->m.base + at);
	}
	vdpa_batch_end(&s->d);
}

/*
 * The kernel's entries end where a region ended and where a VMA of the process
 * that mapped them ended: each repetition of the file is one.
 */
static uint64_t entry_end(const struct state *s, uint64_t at)
{
	uint64_t step = region_size(s);
	uint64_t vma = (at / s->p.file + 1) * s->p.file;
	uint64_t end = vma < s->p.mem ? vma : s->p.mem;

	if (at / step + 1 < s->p.regions && (at / step + 1) * step < end)
		end = (at / step + 1) * step;
	return end;
}

static void map_remap(struct state *s)
{
	uint64_t end;

	if (!vdpa_has(&s->d, VHOST_BACKEND_F_IOTLB_REMAP))
		return;

	vdpa_batch_begin(&s->d);
	for (uint64_t at = 0; at < s->p.mem; at = end) {
		end = entry_end(s, at);
		vdpa_remap(&s->d, IOVA + at, end - at, s->m.base + at);
	}
	vdpa_batch_end(&s->d);
}

static void suspend(struct state *s)
{
	vdpa_suspend(&s->d);
}

static void reset(struct state *s)
{
	vdpa_reset(&s->d);
}

static void release_reset_owner(struct state *s)
{
	vdpa_reset_owner(&s->d);
}

static void release_close(struct state *s)
{
	close(s->d.fd);
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
	vdpa_open(&s->d, s->p.device);
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

const struct method methods[] = {
	{
		.name = "new-owner", .device = true,
		.step = {
			[SUSPEND] = suspend, [RESET] = reset,
			[CLAIM] = claim_new_owner, [VRINGS] = vrings,
			[MAP] = map_remap, [START] = start,
		},
	}, {
		.name = "reset-owner", .device = true,
		.step = {
			[SUSPEND] = suspend, [RESET] = reset,
			[RELEASE] = release_reset_owner,
			[CLAIM] = claim_set_owner, [VRINGS] = vrings,
			[MAP] = map_update, [START] = start,
		},
	}, {
		.name = "reopen", .device = true,
		.step = {
			[SUSPEND] = suspend, [RESET] = reset,
			[RELEASE] = release_close, [CLAIM] = claim_open,
			[VRINGS] = vrings, [MAP] = map_update,
			[START] = start,
		},
	}, {
		.name = "exec-only",
	},
};

int method_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name))
			return (int)i;
	return -1;
}

const char *method_name(uint8_t method)
{
	return methods[method].name;
}

bool method_has_device(uint8_t method)
{
	return methods[method].device;
}

static bool uses(const struct params *p, const char *method)
{
	int index = method_parse(method);

	for (uint32_t i = 0; i < p->nreps; i++)
		if (p->order[i] == index)
			return true;
	return false;
}

/* Neither ioctl can be told from the uapi headers; no rep may be half one. */
static void check_methods(struct state *s)
{
	if (uses(&s->p, "new-owner") &&
	    !vdpa_has(&s->d, VHOST_BACKEND_F_NEW_OWNER))
		skip("a kernel and a driver with VHOST_NEW_OWNER",
		     "%s does not offer VHOST_BACKEND_F_NEW_OWNER",
		     s->p.device);
	if (!uses(&s->p, "reset-owner"))
		return;
	if (__vdpa_ioctl(&s->d, VHOST_RESET_OWNER, NULL))
		skip("a kernel with VHOST_RESET_OWNER for vhost-vdpa",
		     "%s does not know VHOST_RESET_OWNER", s->p.device);
	claim_set_owner(s);
}

void methods_start_device(struct state *s)
{
	vdpa_open(&s->d, s->p.device);
	if (s->d.id != 1)
		skip("a network device", "%s is virtio device %u", s->p.device,
		     s->d.id);
	claim_set_owner(s);
	check_methods(s);
	net_layout(&s->d, &s->m, IOVA);
	vdpa_setup_vqs(&s->d);
	map_update(s);
	vdpa_start(&s->d);
}

