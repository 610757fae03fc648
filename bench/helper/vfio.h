/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_VFIO_H
#define BENCH_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io.h"
#include "memory.h"
#include "params.h"

/* A PCI device behind vfio-pci. */
struct vfio {
	int device;
	int container, group;	/* of type1 */
	int iommu;		/* /dev/iommu, */
	uint32_t ioas;		/* and our address space in it */
	/*
	 * A virtio entropy device, which is all that we know how to drive;
	 * where its registers are, as offsets into the file.
	 */
	bool driven;
	uint64_t common, notify;
};

/* Below /sys/bus/pci/devices; false when there is no such device. */
bool vfio_sysfs(char *path, size_t size, const char *device,
		const char *name);

/* Opened for this process and the next; -errno. */
int __vfio_open(const char *path);

/* No file of it is open; close those that are. */
void vfio_forget(struct vfio *v);
void vfio_close(struct vfio *v);

/* Go on without the two methods of a family, because of @r. */
void vfio_skip(struct params *p, const uint8_t both[2], const char *need,
	       const char *what, int r);

/* Like ioctl(), but -errno; the other reports and exits. */
int __vfio_ioctl(int fd, unsigned long cmd, void *arg);
void vfio_ioctl(int fd, unsigned long cmd, void *arg, const char *name);

/* Where a region of the device lies in its file. */
uint64_t vfio_region(const struct vfio *v, uint32_t index);
uint64_t vfio_read(const struct vfio *v, uint64_t at, size_t size);
void vfio_write(const struct vfio *v, uint64_t at, uint64_t value, size_t size);

/* Find out whether it is one to drive. */
void entropy_find(struct vfio *v);
/* With the ring at the start of memory, which is mapped. */
void entropy_start(const struct vfio *v, const struct memory *m, uint64_t iova);
void entropy_stop(const struct vfio *v);
/* The device writes into this region; nothing is asked of another device. */
void entropy_prove(const struct vfio *v, const struct memory *m,
		   const struct region *r, uint64_t seq);

/* What both families do alike: see struct family. */
struct state;
void vfio_end(struct state *s);
void vfio_prove(struct state *s, const struct region *r, uint64_t seq);
bool vfio_pins(const struct state *s);

#endif
