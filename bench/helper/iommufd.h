/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_IOMMUFD_H
#define BENCH_IOMMUFD_H

#include <linux/vfio.h>
#include <stdint.h>

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
#define BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#define ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)

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

#endif
