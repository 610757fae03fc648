// SPDX-License-Identifier: GPL-2.0-only
/* Nodes of devices and their ioctls. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "device.h"
#include "emit.h"

int __device_open(const char *path)
{
	/* Inherited over execve() on purpose: no O_CLOEXEC. */
	int fd = open(path, O_RDWR);

	return fd < 0 ? -errno : fd;
}

int __device_ioctl(int fd, unsigned long cmd, void *arg)
{
	int r = ioctl(fd, cmd, arg);

	return r < 0 ? -errno : r;
}

int named_ioctl(int fd, unsigned long cmd, void *arg, const char *name)
{
	int r = __device_ioctl(fd, cmd, arg);

	if (r < 0)
		die(name, -r, "%s", name);
	return r;
}
