// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio with its type1 IOMMU driver: a container, a group, a device. Its live
 * update leaves pages pinned and the IOMMU mapped, and replaces the addresses
 * of the old process by those of the new one; what that saves is to unmap all
 * and to map it again.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "handover.h"
#include "proc.h"

static const uint8_t both[] = { METHOD_VFIO_VADDR, METHOD_VFIO_REMAP };

/* The node of the group that the device is in, -errno. */
static int open_group(const char *device)
{
	char path[128], target[128], node[160], *number;
	ssize_t n;

	if (!vfio_sysfs(path, sizeof(path), device, "iommu_group"))
		return -ENODEV;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = 0;
	number = strrchr(target, '/');
	snprintf(node, sizeof(node), "/dev/vfio%s", number ? number : "");
	return __vfio_open(node);
}

static void open_device(struct vfio *v, char *device)
{
	vfio_ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container,
		   "VFIO_GROUP_SET_CONTAINER");
	vfio_ioctl(v->container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU,
		   "VFIO_SET_IOMMU");
	v->device = __vfio_ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, device);
	if (v->device < 0)
		die("VFIO_GROUP_GET_DEVICE_FD", -v->device, "%s: %s", device,
		    strerror(-v->device));
}

/* -errno of what is not there; what is there and fails ends us. */
static int __open_all(struct state *s)
{
	char *device = s->p.device[FAMILY_TYPE1];
	struct vfio *v = &s->v;

	vfio_forget(v);
	v->container = __vfio_open("/dev/vfio/vfio");
	v->group = open_group(device);
	if (v->container < 0 || v->group < 0)
		return v->container < 0 ? v->container : v->group;
	open_device(v, device);
	entropy_find(v);
	keep_open(s, v->device);
	keep_open(s, v->group);
	keep_open(s, v->container);
	return 0;
}

static void probe(struct state *s)
{
	int r = __open_all(s);

	if (r)
		vfio_skip(&s->p, both, "a PCI device bound to vfio-pci, behind"
			  " an IOMMU", s->p.device[FAMILY_TYPE1], r);
	else if (order_has(&s->p, METHOD_VFIO_VADDR) &&
		 __vfio_ioctl(s->v.container, VFIO_CHECK_EXTENSION,
			      (void *)VFIO_UPDATE_VADDR) <= 0)
		order_skip(&s->p, METHOD_VFIO_VADDR,
			   "a kernel with VFIO_UPDATE_VADDR (5.12)",
			   "vfio does not offer VFIO_UPDATE_VADDR");
	vfio_close(&s->v);
}

static void map(struct state *s, uint32_t flags)
{
	for (uint32_t i = 0; i < s->p.nregions; i++) {
		const struct region *r = &s->p.regions[i];
		struct vfio_iommu_type1_dma_map map = {
			.argsz = sizeof(map), .flags = flags,
			.vaddr = (uintptr_t)guest_address(s, r->offset),
			.iova = r->iova, .size = r->size,
		};

		vfio_ioctl(s->v.container, VFIO_IOMMU_MAP_DMA, &map,
			   "VFIO_IOMMU_MAP_DMA");
	}
}

static void unmap(struct state *s, uint32_t flags, const struct region *r)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = flags,
		.iova = r ? r->iova : 0, .size = r ? r->size : 0,
	};

	vfio_ioctl(s->v.container, VFIO_IOMMU_UNMAP_DMA, &unmap,
		   "VFIO_IOMMU_UNMAP_DMA");
}

static void drop_mapping(struct state *s)
{
	if (region_to_drop(s))
		unmap(s, 0, region_to_drop(s));
}

static void begin(struct state *s)
{
	int r = __open_all(s);

	if (r)
		die("open", -r, "%s: %s", s->p.device[FAMILY_TYPE1],
		    strerror(-r));
	map(s, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	entropy_start(&s->v, &s->m, s->p.regions[0].iova);
}

static void release_remap(struct state *s)
{
	for (uint32_t i = 0; i < s->p.nregions; i++)
		unmap(s, 0, &s->p.regions[i]);
}

static void map_remap(struct state *s)
{
	map(s, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	drop_mapping(s);
}

static void release_vaddr(struct state *s)
{
	unmap(s, VFIO_DMA_UNMAP_FLAG_VADDR | VFIO_DMA_UNMAP_FLAG_ALL, NULL);
}

static void map_vaddr(struct state *s)
{
	if (s->p.fault != FAULT_SKIP_VADDR)
		map(s, VFIO_DMA_MAP_FLAG_VADDR);
	drop_mapping(s);
}

static int *file(struct state *s, unsigned int n)
{
	int *files[] = { &s->v.device, &s->v.group, &s->v.container };

	return n < sizeof(files) / sizeof(files[0]) ? files[n] : NULL;
}

static const struct family type1 = {
	.probe = probe, .begin = begin, .end = vfio_end,
	.prove = vfio_prove, .charged_kb = proc_locked_by_drivers_kb,
	.account = "VmLck", .pins = vfio_pins, .file = file,
};

const struct method type1_vaddr_method = {
	.family = &type1,
	.step = { [RELEASE] = release_vaddr, [MAP] = map_vaddr },
};

const struct method type1_remap_method = {
	.family = &type1,
	.step = { [RELEASE] = release_remap, [MAP] = map_remap },
};
