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

#include "device.h"
#include "emit.h"
#include "entropy.h"
#include "methods.h"
#include "proc.h"
#include "vfio_family.h"

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
	return __device_open(node);
}

static void open_device(struct vfio *v, char *device)
{
	device_ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container);
	device_ioctl(v->container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
	v->device = __device_ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, device);
	if (v->device < 0)
		die("VFIO_GROUP_GET_DEVICE_FD", -v->device, "%s", device);
}

/* -errno of what is not there; what is there and fails ends us. */
static int __open_all(struct state *s)
{
	char *device = s->p.device[FAMILY_TYPE1];
	struct vfio *v = &s->v;

	vfio_forget(v);
	v->container = __device_open("/dev/vfio/vfio");
	v->group = open_group(device);
	if (v->container < 0 || v->group < 0)
		return v->container < 0 ? v->container : v->group;
	open_device(v, device);
	entropy_find(v);
	state_keep_open(s, v->device);
	state_keep_open(s, v->group);
	state_keep_open(s, v->container);
	return 0;
}

static void probe(struct state *s)
{
	int r = __open_all(s);

	if (r)
		vfio_skip(s, FAMILY_TYPE1,
			  "a PCI device bound to vfio-pci, behind an IOMMU",
			  s->p.device[FAMILY_TYPE1], r);
	else if (order_has(&s->p.order, METHOD_VFIO_VADDR) &&
		 __device_ioctl(s->v.container, VFIO_CHECK_EXTENSION,
			      (void *)VFIO_UPDATE_VADDR) <= 0)
		order_skip(&s->p.order, METHOD_VFIO_VADDR,
			   "a kernel with VFIO_UPDATE_VADDR (5.12)",
			   "vfio does not offer VFIO_UPDATE_VADDR");
	vfio_close(&s->v);
}

static void map_with(struct state *s, uint32_t flags)
{
	for_each_region(r, &s->p.regions) {
		struct vfio_iommu_type1_dma_map map = {
			.argsz = sizeof(map), .flags = flags,
			.vaddr = (uintptr_t)(s->uaddr + r->offset),
			.iova = r->iova, .size = r->size,
		};

		device_ioctl(s->v.container, VFIO_IOMMU_MAP_DMA, &map);
	}
}

static void map(struct state *s)
{
	map_with(s, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
}

static void map_vaddr(struct state *s)
{
	map_with(s, VFIO_DMA_MAP_FLAG_VADDR);
}

static void unmap(struct state *s, const struct region *r)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = r->iova, .size = r->size,
	};

	device_ioctl(s->v.container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

static void release(struct state *s)
{
	for_each_region(r, &s->p.regions)
		unmap(s, r);
}

static void release_vaddr(struct state *s)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = VFIO_DMA_UNMAP_FLAG_VADDR | VFIO_DMA_UNMAP_FLAG_ALL,
	};

	device_ioctl(s->v.container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

static void begin(struct state *s)
{
	int r = __open_all(s);

	if (r)
		die("open", -r, "%s", s->p.device[FAMILY_TYPE1]);
	map(s);
	entropy_start(&s->v, &s->m, s->p.regions.at[0].iova);
}

static int *file(struct state *s, unsigned int n)
{
	int *files[] = { &s->v.device, &s->v.group, &s->v.container, NULL };

	return files[n];
}

const struct family type1_family = {
	.probe = probe, .begin = begin, .end = vfio_end,
	.unmap = unmap, .prove = vfio_prove,
	.charged_kb = proc_locked_by_drivers_kb, .account = "VmLck",
	.pins = true, .file = file,
};

const struct method type1_vaddr = {
	.step = { [RELEASE] = release_vaddr, [MAP] = map_vaddr },
};

const struct method type1_remap = {
	.step = { [RELEASE] = release, [MAP] = map },
};
