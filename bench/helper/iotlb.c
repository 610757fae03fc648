// SPDX-License-Identifier: GPL-2.0-only
/* The messages that map memory: not ioctls but writes to the device. */
#include <errno.h>
#include <inttypes.h>
#include <linux/vhost.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "proc.h"
#include "vdpa.h"

int __vdpa_message(const struct vdpa *d, uint8_t type, uint64_t iova,
		   uint64_t size, const void *uaddr, uint8_t perm)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = iova,
			.size = size,
			.uaddr = (uint64_t)(uintptr_t)uaddr,
			.perm = perm,
			.type = type,
		},
	};

	return write(d->fd, &msg, sizeof(msg)) < 0 ? -errno : 0;
}

/*
 * The kernel turns every failure of a message into EFAULT, see
 * vhost_chr_write_iter(). Name the limit that was hit, where one can be seen
 * to be too low; each says what was needed and what to set.
 */
static void explain(const struct vdpa *d, uint64_t size, char *why, size_t room)
{
	static const char * const modules[] = {
		"vhost_vdpa", "vdpa_sim", "vduse"
	};
	uint64_t pinned = proc_vmpin_kb(0), locked = proc_memlock_kb();
	uint64_t available = proc_available_kb();

	if (d->pins && pinned + size / 1024 > locked) {
		snprintf(why, room, ": the memlock limit is %" PRIu64 " kB, %"
			 PRIu64 " kB are needed: ulimit -l unlimited", locked,
			 pinned + size / 1024);
		return;
	}
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		uint64_t most = proc_iotlb_entries(modules[i]);

		if (most >= d->entries)
			continue;
		snprintf(why, room, ": max_iotlb_entries of %s is %" PRIu64
			 ", %" PRIu64 " are needed: load it with more",
			 modules[i], most, d->entries);
		return;
	}
	/* Two tables of 128 bytes an entry, see struct vhost_iotlb_map. */
	if (available < d->entries * 256 / 1024)
		snprintf(why, room, ": %" PRIu64 " kB are available, %" PRIu64
			 " kB are needed for iotlb entries: more memory",
			 available, d->entries * 256 / 1024);
}

static void vdpa_message(const struct vdpa *d, uint8_t type, uint64_t iova,
			 uint64_t size, const void *uaddr, uint8_t perm,
			 const char *name)
{
	int r = __vdpa_message(d, type, iova, size, uaddr, perm);
	char why[160] = "";

	if (!r)
		return;
	if (type == VHOST_IOTLB_UPDATE)
		explain(d, size, why, sizeof(why));
	die(name, -r, "%s of %" PRIu64 " bytes at iova 0x%" PRIx64 ": %s%s",
	    name, size, iova, strerror(-r), why);
}

void vdpa_batch_begin(const struct vdpa *d)
{
	if (vdpa_has(d, VHOST_BACKEND_F_IOTLB_BATCH))
		vdpa_message(d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL, 0,
			     "IOTLB_BATCH_BEGIN");
}

void vdpa_batch_end(const struct vdpa *d)
{
	if (vdpa_has(d, VHOST_BACKEND_F_IOTLB_BATCH))
		vdpa_message(d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0,
			     "IOTLB_BATCH_END");
}

void vdpa_map(const struct vdpa *d, uint64_t iova, uint64_t size,
	      const void *uaddr)
{
	vdpa_message(d, VHOST_IOTLB_UPDATE, iova, size, uaddr, VHOST_ACCESS_RW,
		     "IOTLB_UPDATE");
}

void vdpa_remap(const struct vdpa *d, uint64_t iova, uint64_t size,
		const void *uaddr)
{
	vdpa_message(d, VHOST_IOTLB_REMAP, iova, size, uaddr, 0,
		     "IOTLB_REMAP");
}

void vdpa_unmap(const struct vdpa *d, uint64_t iova, uint64_t size)
{
	vdpa_message(d, VHOST_IOTLB_INVALIDATE, iova, size, NULL, 0,
		     "IOTLB_INVALIDATE");
}
