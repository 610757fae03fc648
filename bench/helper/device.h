/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Open a node for this process and those that it becomes: fd or -errno. */
int __device_open(const char *path);

/* Call ioctl(): its result or -errno. */
int __device_ioctl(int fd, unsigned long cmd, void *arg);

/* The same, but report @name and exit when it fails. */
int named_ioctl(int fd, unsigned long cmd, void *arg, const char *name);
#define device_ioctl(fd, cmd, arg) named_ioctl(fd, cmd, arg, #cmd)
