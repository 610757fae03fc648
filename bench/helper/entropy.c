// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least of a driver for a virtio entropy device over PCI: it writes bytes
 * into memory when it is asked to, so that DMA can be seen to arrive. No
 * interrupt is set up: the ring is looked at until the answer is there.
 */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_pci.h>
#include <string.h>
#include <time.h>

#include "emit.h"
#include "entropy.h"
#include "rings.h"

#define VENDOR_VIRTIO 0x1af4
#define MODERN(id) (0x1040 + (id))

#define DEADLINE_MS 10000
#define QUEUE 0
/* Its ring is not the first: QEMU takes a ring at address 0 for none. */
#define RING 1
#define BUFFER 0
#define LEN 256u	/* of the bytes that are asked for */
#define LEAST 16u	/* of the answer: by chance it is no pattern of ours */

#define COMMON(field) offsetof(struct virtio_pci_common_cfg, field)

#define DRIVER (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define FEATURES_OK (DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING (FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)

static void set(const struct vfio *v, size_t field, uint64_t value, size_t size)
{
	vfio_write(v, v->common + field, value, size);
}

/* 64 bits are two registers of 32. */
static void set_address(const struct vfio *v, size_t field, uint64_t address)
{
	set(v, field, (uint32_t)address, 4);
	set(v, field + 4, address >> 32, 4);
}

/* One of virtio's capabilities: it names a place in a BAR. */
static void take_capability(struct vfio *v, uint64_t at)
{
	uint64_t bar = vfio_read(v, at + VIRTIO_PCI_CAP_BAR, 1);
	uint64_t offset = vfio_read(v, at + VIRTIO_PCI_CAP_OFFSET, 4);

	switch (vfio_read(v, at + VIRTIO_PCI_CAP_CFG_TYPE, 1)) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		v->common = vfio_region(v, (uint32_t)bar) + offset;
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		/* Of the first queue: the multiplier does not matter. */
		v->notify = vfio_region(v, (uint32_t)bar) + offset;
		break;
	}
}

void entropy_find(struct vfio *v)
{
	uint64_t config = vfio_region(v, VFIO_PCI_CONFIG_REGION_INDEX);
	uint64_t at;

	v->driven = vfio_read(v, config + PCI_VENDOR_ID, 2) == VENDOR_VIRTIO &&
		    vfio_read(v, config + PCI_DEVICE_ID, 2) ==
		    MODERN(VIRTIO_ID_RNG);
	if (!v->driven)
		return;
	at = vfio_read(v, config + PCI_CAPABILITY_LIST, 1);
	for (; at; at = vfio_read(v, config + at + PCI_CAP_LIST_NEXT, 1))
		if (vfio_read(v, config + at, 1) == PCI_CAP_ID_VNDR)
			take_capability(v, config + at);
	vfio_write(v, config + PCI_COMMAND,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void set_features(const struct vfio *v)
{
	/* VERSION_1 and ACCESS_PLATFORM: addresses are IO virtual ones. */
	set(v, COMMON(guest_feature_select), 1, 4);
	set(v, COMMON(guest_feature), 1 << (VIRTIO_F_VERSION_1 - 32) |
	    1 << (VIRTIO_F_ACCESS_PLATFORM - 32), 4);
	set(v, COMMON(guest_feature_select), 0, 4);
	set(v, COMMON(guest_feature), 0, 4);
	set(v, COMMON(device_status), FEATURES_OK, 1);
	if (vfio_read(v, v->common + COMMON(device_status), 1) != FEATURES_OK)
		die("entropy", 0, "the device does not accept its features");
}

void entropy_start(const struct vfio *v, const struct memory *m, uint64_t iova)
{
	struct ring ring;

	if (!v->driven)
		return;
	ring = ring_clear(m, iova, 0, RING);
	entropy_stop(v);
	set(v, COMMON(device_status), DRIVER, 1);
	set_features(v);
	set(v, COMMON(queue_select), QUEUE, 2);
	set(v, COMMON(queue_size), RING_SIZE, 2);
	set_address(v, COMMON(queue_desc_lo), ring.desc);
	set_address(v, COMMON(queue_avail_lo), ring.avail);
	set_address(v, COMMON(queue_used_lo), ring.used);
	set(v, COMMON(queue_enable), 1, 2);
	set(v, COMMON(device_status), RUNNING, 1);
}

void entropy_stop(const struct vfio *v)
{
	if (v->driven)
		set(v, COMMON(device_status), 0, 1);
}

/*
 * The status is read when QEMU is done with the request: it looks at the ring
 * once more behind its answer, and that is unmapped next.
 */
static void await(const struct vfio *v, const struct io_memory *m,
		  uint16_t until)
{
	const struct timespec moment = { .tv_nsec = 1000 * 1000 };

	ring_await_briefly(m, RING, until);
	for (int ms = 0; !ring_done(m, RING, until); ms++) {
		if (ms == DEADLINE_MS)
			die("entropy", 0, "the device did not answer");
		nanosleep(&moment, NULL);
	}
	if (vfio_read(v, v->common + COMMON(device_status), 1) != RUNNING)
		die("entropy", 0, "the device broke down at the request");
}

void entropy_prove(const struct vfio *v, const struct memory *m,
		   const struct region *r, uint64_t seq)
{
	const struct io_memory where = io_memory(m, r, 0);
	const struct io_part part = { BUFFER, 0, LEN, true };
	unsigned char *data = io_buffer(&where, BUFFER), before[LEN];
	uint16_t done;

	if (!v->driven)
		return;
	io_fill(data, LEN, seq);
	memcpy(before, data, LEN);
	done = ring_post(&where, RING, &part, 1);
	vfio_write(v, v->notify, QUEUE, 2);
	await(v, &where, done);
	if (ring_used_len(&where, RING) < LEAST || !memcmp(data, before, LEAST))
		die("entropy", 0, "the device's bytes did not arrive in the"
		    " memory of this process");
}
