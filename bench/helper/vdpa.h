/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rings.h"

/* Not in released uapi headers: see kernel-config/patches/live-update. */
#ifndef VHOST_NEW_OWNER
#define VHOST_NEW_OWNER _IO(0xAF, 0x27)
#endif
#ifndef VHOST_BACKEND_F_NEW_OWNER
#define VHOST_BACKEND_F_NEW_OWNER 0x9
#endif
#ifndef VHOST_BACKEND_F_IOTLB_REMAP
#define VHOST_BACKEND_F_IOTLB_REMAP 0xa
#endif
#ifndef VHOST_IOTLB_REMAP
#define VHOST_IOTLB_REMAP 7
#endif
/* In uapi since 6.7, later than the headers of some build machines. */
#ifndef VHOST_BACKEND_F_IOTLB_PERSIST
#define VHOST_BACKEND_F_IOTLB_PERSIST 0x8
#endif
/* Since 6.4. */
#ifndef VHOST_BACKEND_F_RESUME
#define VHOST_BACKEND_F_RESUME 0x5
#endif
#ifndef VHOST_VDPA_RESUME
#define VHOST_VDPA_RESUME _IO(VHOST_VIRTIO, 0x7E)
#endif

struct vdpa_vq {
	struct ring ring;
	uint16_t base;		/* next entry of the available ring */
	int kick, call;		/* eventfds of this process; 0: none */
};

/* Those that one VM can have. */
#define VDPA_MOST 8

struct vdpa {
	int fd;
	uint32_t index;		/* among those of the VM */
	char node[64];
	uint32_t id;		/* virtio device id */
	uint64_t backend;	/* backend features that were acked */
	uint64_t refused;	/* never acked, though offered */
	bool forgetful;		/* cannot go on with a ring, only begin it */
	bool pins;		/* mapping pins pages */
	bool gentle;		/* somebody else lives behind it */
	/*
	 * The eventfds that kick it are the guest's, which outlives VMMs: they
	 * are handed over, and kicked in between too.
	 */
	bool lasting;
	bool control;		/* its control queue is used: control.c */
	uint64_t entries;	/* of the iotlb, that all memory takes */
	uint32_t nvqs;
	struct vdpa_vq vq[RINGS_MOST];
};

static inline bool vdpa_has(const struct vdpa *d, unsigned int bit)
{
	return d->backend >> bit & 1;
}

/* Send a message about mappings, which is no ioctl but a write: 0, -errno. */
int __vdpa_message(const struct vdpa *d, uint8_t type, uint64_t iova,
		   uint64_t size, const void *uaddr, uint8_t perm);

/* All that follows reports what failed and exits. */
void vdpa_open(struct vdpa *d);
void vdpa_negotiate(struct vdpa *d);
void vdpa_set_owner(const struct vdpa *d);

/* Stop the queues, where the driver can; and keep where they stopped. */
void vdpa_stop(const struct vdpa *d);
void vdpa_suspend(struct vdpa *d);
void vdpa_reset(const struct vdpa *d);

/*
 * The eventfds of the old process are not this one's, but for those that it is
 * to have. A child of fork() inherits them and has to close them.
 */
void vdpa_forget_eventfds(struct vdpa *d);
void vdpa_close_eventfds(struct vdpa *d);

/* Set up all but the last step: virtio features first, then the rings. */
void vdpa_setup_vqs(struct vdpa *d);
void vdpa_start(const struct vdpa *d);

/* Have rings that were not reset tell this process; go on with them. */
void vdpa_bind_eventfds(struct vdpa *d);
void vdpa_resume(const struct vdpa *d);

/* Check that the device has accepted the driver. */
void vdpa_check_running(const struct vdpa *d);

/* Do nothing when batches were not negotiated. */
void vdpa_batch_begin(const struct vdpa *d);
void vdpa_batch_end(const struct vdpa *d);

void vdpa_map(const struct vdpa *d, uint64_t iova, uint64_t size,
	      const void *uaddr);
void vdpa_remap(const struct vdpa *d, uint64_t iova, uint64_t size,
		const void *uaddr);
void vdpa_unmap(const struct vdpa *d, uint64_t iova, uint64_t size);

/* The same in another address space than that of guest memory, which is 0. */
void vdpa_map_in(const struct vdpa *d, uint32_t asid, uint64_t iova,
		 uint64_t size, const void *uaddr);
void vdpa_remap_in(const struct vdpa *d, uint32_t asid, uint64_t iova,
		   uint64_t size, const void *uaddr);
