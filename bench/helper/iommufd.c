// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio over /dev/iommu: the device is a node of its own, and its address space
 * maps the file that guest memory is in, by offsets, so that no address of a
 * process is in it. Its live update is a change of who is charged.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "emit.h"
#include "entropy.h"
#include "methods.h"
#include "proc.h"
#include "vfio_family.h"

/*
 * What we use of linux/iommufd.h (6.14) and of linux/vfio.h (6.6): later than
 * the headers of some build machines.
 */
#define IOMMU_CMD(n) _IO(';', n)
#define IOMMU_IOAS_ALLOC IOMMU_CMD(0x81)
#define IOMMU_IOAS_UNMAP IOMMU_CMD(0x86)
#define IOMMU_IOAS_MAP_FILE IOMMU_CMD(0x8f)
#define IOMMU_IOAS_CHANGE_PROCESS IOMMU_CMD(0x92)
#define IOMMU_FIXED_READ_WRITE 7
#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

struct ioas_alloc {
	uint32_t size, flags, id;
};

struct ioas_map_file {
	uint32_t size, flags, id;
	int32_t fd;
	uint64_t start, length, iova;
};

struct ioas_unmap {
	uint32_t size, id;
	uint64_t iova, length;
};

struct change_process {
	uint32_t size, reserved;
};

struct bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t devid;
};

struct attach_pt {
	uint32_t argsz, flags, pt_id;
};

#define MOST_VFIO_DEVICES 1024

static const char need_kernel[] =
	"a kernel with CONFIG_IOMMUFD and IOMMU_IOAS_CHANGE_PROCESS (6.14)";
static const char need_device[] =
	"a PCI device bound to vfio-pci, and CONFIG_VFIO_DEVICE_CDEV";
static const char need_charge[] =
	"the right to drop CAP_IPC_LOCK: CAP_SETPCAP (root has it)";

/* The device's own node, whose number only sysfs knows; -errno. */
static int open_cdev(const char *device)
{
	char name[32], path[128], node[64];

	for (int n = 0; n < MOST_VFIO_DEVICES; n++) {
		snprintf(name, sizeof(name), "vfio-dev/vfio%d", n);
		snprintf(node, sizeof(node), "/dev/vfio/devices/vfio%d", n);
		if (vfio_sysfs(path, sizeof(path), device, name))
			return __device_open(node);
	}
	return -ENODEV;
}

/*
 * The kernel charges no page to a process that has CAP_IPC_LOCK
 * (iopt_alloc_pages()), and CHANGE_PROCESS has nothing to move then. So give it
 * up, for good: out of the bounding set neither execve() nor a child of root's
 * gets it again. Done before any map; 0 or -errno.
 */
static int give_up_ipc_lock(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	struct __user_cap_data_struct *word = &caps[CAP_TO_INDEX(CAP_IPC_LOCK)];
	uint32_t bit = CAP_TO_MASK(CAP_IPC_LOCK);

	if (syscall(SYS_capget, &header, caps))
		return -errno;
	if (!(word->permitted & bit))
		return 0;
	if (prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0))
		return -errno;
	word->effective &= ~bit;
	word->permitted &= ~bit;
	word->inheritable &= ~bit;
	return syscall(SYS_capset, &header, caps) ? -errno : 0;
}

/* An address space that is empty can change hands: only the kernel matters. */
static void probe(struct state *s)
{
	struct change_process change = { .size = sizeof(change) };
	const char *device = s->p.device[FAMILY_IOMMUFD];
	struct vfio *v = &s->v;
	int r;

	vfio_forget(v);
	v->iommu = __device_open("/dev/iommu");
	r = v->iommu < 0 ? v->iommu :
	    __device_ioctl(v->iommu, IOMMU_IOAS_CHANGE_PROCESS, &change);
	if (r < 0)
		vfio_skip(s, FAMILY_IOMMUFD, need_kernel, "/dev/iommu", r);
	else if ((v->device = open_cdev(device)) < 0)
		vfio_skip(s, FAMILY_IOMMUFD, need_device, device, v->device);
	else if ((r = give_up_ipc_lock()) < 0)
		vfio_skip(s, FAMILY_IOMMUFD, need_charge, "CAP_IPC_LOCK", r);
	vfio_close(v);
}

/* One call for each repetition of the file within each region. */
static void map(struct state *s)
{
	for_each_region(r, &s->p.regions)
		for (uint64_t at = 0, size; at < r->size; at += size) {
			struct ioas_map_file map = {
				.size = sizeof(map), .id = s->v.ioas,
				.flags = IOMMU_FIXED_READ_WRITE,
				.fd = s->m.fd,
				.start = (r->offset + at) % s->p.file,
				.iova = r->iova + at,
			};

			size = map.length = region_piece(s, r, at);
			device_ioctl(s->v.iommu, IOMMU_IOAS_MAP_FILE, &map);
		}
}

static void unmap(struct state *s, const struct region *r)
{
	struct ioas_unmap unmap = {
		.size = sizeof(unmap), .id = s->v.ioas,
		.iova = r->iova, .length = r->size,
	};

	device_ioctl(s->v.iommu, IOMMU_IOAS_UNMAP, &unmap);
}

static void attach(struct vfio *v)
{
	struct bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = v->iommu,
	};
	struct ioas_alloc alloc = { .size = sizeof(alloc) };
	struct attach_pt attach = { .argsz = sizeof(attach) };

	device_ioctl(v->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	device_ioctl(v->iommu, IOMMU_IOAS_ALLOC, &alloc);
	v->ioas = attach.pt_id = alloc.id;
	device_ioctl(v->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

static void begin(struct state *s)
{
	const char *device = s->p.device[FAMILY_IOMMUFD];
	struct vfio *v = &s->v;

	vfio_forget(v);
	v->iommu = __device_open("/dev/iommu");
	v->device = open_cdev(device);
	if (v->device < 0)
		die("open", -v->device, "%s", device);
	state_keep_open(s, v->iommu);
	state_keep_open(s, v->device);
	attach(v);
	entropy_find(v);
	map(s);
	entropy_start(v, &s->m, s->p.regions.at[0].iova);
}

static void release(struct state *s)
{
	for_each_region(r, &s->p.regions)
		unmap(s, r);
}

static void claim(struct state *s)
{
	struct change_process change = { .size = sizeof(change) };

	device_ioctl(s->v.iommu, IOMMU_IOAS_CHANGE_PROCESS, &change);
}

static int *file(struct state *s, unsigned int n)
{
	int *files[] = { &s->v.device, &s->v.iommu, NULL };

	return files[n];
}

const struct family iommufd_family = {
	.probe = probe, .begin = begin, .end = vfio_end,
	.unmap = unmap, .prove = vfio_prove, .charged_kb = proc_vmpin_kb,
	.account = "VmPin", .pins = true, .file = file,
};

const struct method iommufd_process = {
	.step = { [CLAIM] = claim },
};

const struct method iommufd_remap = {
	.step = { [RELEASE] = release, [MAP] = map },
};
