// SPDX-License-Identifier: GPL-2.0-only
/* A device behind vfio-pci: what both ways to open it have in common. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "emit.h"
#include "vfio.h"

bool vfio_sysfs(char *path, size_t size, const char *device, const char *name)
{
	snprintf(path, size, "/sys/bus/pci/devices/%s/%s", device, name);
	return !access(path, F_OK);
}

void vfio_forget(struct vfio *v)
{
	v->device = v->container = v->group = v->iommu = -1;
}

void vfio_close(struct vfio *v)
{
	const int fds[] = { v->device, v->group, v->container, v->iommu };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	vfio_forget(v);
}

uint64_t vfio_region(const struct vfio *v, uint32_t index)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = index,
	};

	device_ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info);
	return info.offset;
}

uint64_t vfio_read(const struct vfio *v, uint64_t at, size_t size)
{
	uint64_t value = 0;	/* the device and this machine: little endian */

	if (pread(v->device, &value, size, (off_t)at) != (ssize_t)size)
		die("vfio", errno, "reading a register");
	return value;
}

void vfio_write(const struct vfio *v, uint64_t at, uint64_t value, size_t size)
{
	if (pwrite(v->device, &value, size, (off_t)at) != (ssize_t)size)
		die("vfio", errno, "writing a register");
}
