// SPDX-License-Identifier: GPL-2.0-only
/* A device behind vfio-pci: what both ways to open it have in common. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "emit.h"
#include "handover.h"

bool vfio_sysfs(char *path, size_t size, const char *device, const char *name)
{
	snprintf(path, size, "/sys/bus/pci/devices/%s/%s", device, name);
	return !access(path, F_OK);
}

int __vfio_open(const char *path)
{
	/* Inherited over execve() on purpose: no O_CLOEXEC. */
	int fd = open(path, O_RDWR);

	return fd < 0 ? -errno : fd;
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

void vfio_skip(struct params *p, const uint8_t both[2], const char *need,
	       const char *what, int r)
{
	for (int i = 0; i < 2; i++)
		if (order_has(p, both[i]))
			order_skip(p, both[i], need, "%s: %s", what,
				   strerror(-r));
}

int __vfio_ioctl(int fd, unsigned long cmd, void *arg)
{
	int r = ioctl(fd, cmd, arg);

	return r < 0 ? -errno : r;
}

void vfio_ioctl(int fd, unsigned long cmd, void *arg, const char *name)
{
	int r = __vfio_ioctl(fd, cmd, arg);

	if (r < 0)
		die(name, -r, "%s: %s", name, strerror(-r));
}

uint64_t vfio_region(const struct vfio *v, uint32_t index)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = index,
	};

	vfio_ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info,
		   "VFIO_DEVICE_GET_REGION_INFO");
	return info.offset;
}

uint64_t vfio_read(const struct vfio *v, uint64_t at, size_t size)
{
	uint64_t value = 0;	/* the device and this machine: little endian */

	if (pread(v->device, &value, size, (off_t)at) != (ssize_t)size)
		die("vfio", errno, "reading a register: %s", strerror(errno));
	return value;
}

void vfio_write(const struct vfio *v, uint64_t at, uint64_t value, size_t size)
{
	if (pwrite(v->device, &value, size, (off_t)at) != (ssize_t)size)
		die("vfio", errno, "writing a register: %s", strerror(errno));
}

void vfio_end(struct state *s)
{
	entropy_stop(&s->v);
	vfio_close(&s->v);	/* with the last file go mappings and pins */
}

void vfio_prove(struct state *s, const struct region *r, uint64_t seq)
{
	entropy_prove(&s->v, &s->m, r, seq);
}

bool vfio_pins(const struct state *s)
{
	(void)s;
	return true;
}
