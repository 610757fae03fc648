/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * Write the path of a device's file below /sys/bus/pci/devices; false when
 * there is no such device.
 */
bool vfio_sysfs(char *path, size_t size, const char *device,
		const char *name);

/* Say that no file of it is open; close those that are. */
void vfio_forget(struct vfio *v);
void vfio_close(struct vfio *v);

/* Where a region of the device lies in its file. */
uint64_t vfio_region(const struct vfio *v, uint32_t index);

/* Access @size bytes of its file; exits when that fails. */
uint64_t vfio_read(const struct vfio *v, uint64_t at, size_t size);
void vfio_write(const struct vfio *v, uint64_t at, uint64_t value, size_t size);
