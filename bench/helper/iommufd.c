// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio over /dev/iommu: the device is a node of its own, and its address space
 * maps the file that guest memory is in, by offsets, so that no address of a
 * process is in it. Its live update is a change of who is charged.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "handover.h"
#include "iommufd.h"
#include "proc.h"

#define MOST_VFIO_DEVICES 1024

static const char need_kernel[] =
	"a kernel with CONFIG_IOMMUFD and IOMMU_IOAS_CHANGE_PROCESS (6.14)";
static const char need_device[] =
	"a PCI device bound to vfio-pci, and CONFIG_VFIO_DEVICE_CDEV";

static const uint8_t both[] = { METHOD_IOMMUFD_PROCESS, METHOD_IOMMUFD_REMAP };

/* The device's own node, whose number only sysfs knows; -errno. */
static int open_cdev(const char *device)
{
	char name[32], path[128], node[64];

	for (int n = 0; n < MOST_VFIO_DEVICES; n++) {
		snprintf(name, sizeof(name), "vfio-dev/vfio%d", n);
		snprintf(node, sizeof(node), "/dev/vfio/devices/vfio%d", n);
		if (vfio_sysfs(path, sizeof(path), device, name))
			return __vfio_open(node);
	}
	return -ENODEV;
}

static int __change_process(const struct vfio *v)
{
	struct change_process change = { .size = sizeof(change) };

	return __vfio_ioctl(v->iommu, IOMMU_IOAS_CHANGE_PROCESS, &change);
}

/* An address space that is empty can change hands: only the kernel matters. */
static void probe(struct state *s)
{
	const char *device = s->p.device[FAMILY_IOMMUFD];
	struct vfio *v = &s->v;
	int r;

	vfio_forget(v);
	v->iommu = __vfio_open("/dev/iommu");
	r = v->iommu < 0 ? v->iommu : __change_process(v);
	if (r < 0)
		vfio_skip(&s->p, both, need_kernel, "/dev/iommu", r);
	else if ((v->device = open_cdev(device)) < 0)
		vfio_skip(&s->p, both, need_device, device, v->device);
	vfio_close(v);
}

/* One call for each repetition of the file within each region. */
static void map(struct state *s)
{
	uint64_t end;

	for (uint32_t i = 0; i < s->p.nregions; i++) {
		const struct region *r = &s->p.regions[i];

		for (uint64_t at = 0; at < r->size; at = end) {
			uint64_t start = (r->offset + at) % s->p.file;
			struct ioas_map_file map = {
				.size = sizeof(map), .id = s->v.ioas,
				.flags = IOMMU_FIXED_READ_WRITE,
				.fd = s->m.fd, .start = start,
				.iova = r->iova + at,
			};

			end = at + s->p.file - start;
			if (end > r->size)
				end = r->size;
			map.length = end - at;
			vfio_ioctl(s->v.iommu, IOMMU_IOAS_MAP_FILE, &map,
				   "IOMMU_IOAS_MAP_FILE");
		}
	}
}

static void unmap(struct state *s, const struct region *r)
{
	struct ioas_unmap unmap = {
		.size = sizeof(unmap), .id = s->v.ioas,
		.iova = r->iova, .length = r->size,
	};

	vfio_ioctl(s->v.iommu, IOMMU_IOAS_UNMAP, &unmap, "IOMMU_IOAS_UNMAP");
}

static void attach(struct vfio *v)
{
	struct bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = v->iommu,
	};
	struct ioas_alloc alloc = { .size = sizeof(alloc) };
	struct attach_pt attach = { .argsz = sizeof(attach) };

	vfio_ioctl(v->device, BIND_IOMMUFD, &bind, "VFIO_DEVICE_BIND_IOMMUFD");
	vfio_ioctl(v->iommu, IOMMU_IOAS_ALLOC, &alloc, "IOMMU_IOAS_ALLOC");
	v->ioas = attach.pt_id = alloc.id;
	vfio_ioctl(v->device, ATTACH_IOMMUFD_PT, &attach,
		   "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
}

static void begin(struct state *s)
{
	const char *device = s->p.device[FAMILY_IOMMUFD];
	struct vfio *v = &s->v;

	vfio_forget(v);
	v->iommu = __vfio_open("/dev/iommu");
	v->device = open_cdev(device);
	if (v->device < 0)
		die("open", -v->device, "%s: %s", device,
		    strerror(-v->device));
	keep_open(s, v->iommu);
	keep_open(s, v->device);
	attach(v);
	entropy_find(v);
	map(s);
	entropy_start(v, &s->m, s->p.regions[0].iova);
}

static void drop_mapping(struct state *s)
{
	if (region_to_drop(s))
		unmap(s, region_to_drop(s));
}

static void release_remap(struct state *s)
{
	for (uint32_t i = 0; i < s->p.nregions; i++)
		unmap(s, &s->p.regions[i]);
}

static void map_remap(struct state *s)
{
	map(s);
	drop_mapping(s);
}

static void claim_process(struct state *s)
{
	int r = __change_process(&s->v);

	if (r)
		die("IOMMU_IOAS_CHANGE_PROCESS", -r,
		    "IOMMU_IOAS_CHANGE_PROCESS: %s", strerror(-r));
}

static int *file(struct state *s, unsigned int n)
{
	int *files[] = { &s->v.device, &s->v.iommu };

	return n < sizeof(files) / sizeof(files[0]) ? files[n] : NULL;
}

static const struct family iommufd = {
	.probe = probe, .begin = begin, .end = vfio_end,
	.prove = vfio_prove, .charged_kb = proc_vmpin_kb,
	.account = "VmPin", .pins = vfio_pins, .file = file,
};

const struct method iommufd_process_method = {
	.family = &iommufd,
	.step = { [CLAIM] = claim_process, [MAP] = drop_mapping },
};

const struct method iommufd_remap_method = {
	.family = &iommufd,
	.step = { [RELEASE] = release_remap, [MAP] = map_remap },
};
