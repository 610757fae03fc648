// SPDX-License-Identifier: GPL-2.0-only
/* A vhost-vdpa device: each step of its life, checked. */
#include <errno.h>
#include <inttypes.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "device.h"
#include "emit.h"
#include "proc.h"
#include "vdpa.h"

#define BIT(n) (1ull << (n))

/* What a VMM negotiates: PERSIST keeps the parent's map over a reset. */
static const uint64_t wanted_backend =
	BIT(VHOST_BACKEND_F_IOTLB_MSG_V2) | BIT(VHOST_BACKEND_F_IOTLB_BATCH) |
	BIT(VHOST_BACKEND_F_SUSPEND) | BIT(VHOST_BACKEND_F_RESUME) |
	BIT(VHOST_BACKEND_F_IOTLB_ASID) | BIT(VHOST_BACKEND_F_IOTLB_PERSIST) |
	BIT(VHOST_BACKEND_F_NEW_OWNER) | BIT(VHOST_BACKEND_F_IOTLB_REMAP);

/* ACCESS_PLATFORM: the addresses in the rings are IO virtual ones. */
static const uint64_t driver_features =
	BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM);
static const uint64_t control_features =
	BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_CTRL_MAC_ADDR);

void vdpa_open(struct vdpa *d)
{
	d->fd = __device_open(d->node);
	if (d->fd == -ENOENT)
		skip("a vDPA device bound to vhost_vdpa (vdpa dev add)",
		     "%s: no such device", d->node);
	if (d->fd < 0)
		die("open", -d->fd, "%s%s", d->node, d->fd == -EBUSY ?
		    " (a vhost-vdpa device opens once)" : "");
	device_ioctl(d->fd, VHOST_VDPA_GET_DEVICE_ID, &d->id);
}

/* As the owner: nobody else may agree to another one. */
void vdpa_negotiate(struct vdpa *d)
{
	uint64_t offered;

	device_ioctl(d->fd, VHOST_GET_BACKEND_FEATURES, &offered);
	d->backend = offered & wanted_backend & ~d->refused;
	device_ioctl(d->fd, VHOST_SET_BACKEND_FEATURES, &d->backend);
}

void vdpa_set_owner(const struct vdpa *d)
{
	device_ioctl(d->fd, VHOST_SET_OWNER, NULL);
}

void vdpa_stop(const struct vdpa *d)
{
	if (vdpa_has(d, VHOST_BACKEND_F_SUSPEND))
		device_ioctl(d->fd, VHOST_VDPA_SUSPEND, NULL);
}

/* virtio over PCI cannot tell (vp_vdpa_get_vq_state()): rings begin anew. */
void vdpa_suspend(struct vdpa *d)
{
	vdpa_stop(d);
	d->forgetful = false;
	for (uint32_t i = 0; i < d->nvqs; i++) {
		struct vhost_vring_state s = { .index = i };
		int r = __device_ioctl(d->fd, VHOST_GET_VRING_BASE, &s);

		d->forgetful |= r == -EOPNOTSUPP;
		if (r && r != -EOPNOTSUPP)
			die("GET_VRING_BASE", -r, "VHOST_GET_VRING_BASE");
		d->vq[i].base = (uint16_t)s.num;
	}
}

static void vdpa_set_status(const struct vdpa *d, uint8_t status)
{
	device_ioctl(d->fd, VHOST_VDPA_SET_STATUS, &status);
}

void vdpa_reset(const struct vdpa *d)
{
	vdpa_set_status(d, 0);
}

#define STATUS_DRIVER (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define STATUS_FEATURES (STATUS_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)

static void vdpa_set_features(const struct vdpa *d)
{
	uint64_t features = driver_features |
			    (d->control ? control_features : 0);

	vdpa_set_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	vdpa_set_status(d, STATUS_DRIVER);
	device_ioctl(d->fd, VHOST_SET_FEATURES, &features);
	vdpa_set_status(d, STATUS_FEATURES);
}

void vdpa_forget_eventfds(struct vdpa *d)
{
	for (int i = 0; i < RINGS_MOST; i++) {
		d->vq[i].call = 0;
		if (!d->lasting)
			d->vq[i].kick = 0;
	}
}

void vdpa_close_eventfds(struct vdpa *d)
{
	for (int i = 0; i < RINGS_MOST; i++) {
		if (d->vq[i].call)
			close(d->vq[i].call);
		if (d->vq[i].kick && !d->lasting)
			close(d->vq[i].kick);
	}
	vdpa_forget_eventfds(d);
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		die("eventfd", errno, "eventfd");
	return fd;
}

static void set_eventfd(const struct vdpa *d, unsigned long cmd,
			const char *name, uint32_t i, int fd)
{
	struct vhost_vring_file file = { .index = i, .fd = fd };

	named_ioctl(d->fd, cmd, &file, name);
}

#define vdpa_set_eventfd(d, cmd, i, fd) set_eventfd(d, cmd, #cmd, i, fd)

/* Those that the guest kicks are bound when it may reach the device by them. */
static void bind_vq(const struct vdpa *d, uint32_t i, struct vdpa_vq *vq)
{
	if (!vq->kick)
		vq->kick = new_eventfd();
	if (!vq->call)
		vq->call = new_eventfd();
	vdpa_set_eventfd(d, VHOST_SET_VRING_KICK, i,
			 d->lasting ? VHOST_FILE_UNBIND : vq->kick);
	vdpa_set_eventfd(d, VHOST_SET_VRING_CALL, i, vq->call);
}

static void vdpa_setup_vq(const struct vdpa *d, uint32_t i, struct vdpa_vq *vq)
{
	struct vhost_vring_state num = { .index = i, .num = RING_SIZE };
	struct vhost_vring_state base = { .index = i, .num = vq->base };
	struct vhost_vring_addr addr = {
		.index = i,
		.desc_user_addr = vq->ring.desc,
		.avail_user_addr = vq->ring.avail,
		.used_user_addr = vq->ring.used,
	};

	device_ioctl(d->fd, VHOST_SET_VRING_NUM, &num);
	device_ioctl(d->fd, VHOST_SET_VRING_BASE, &base);
	device_ioctl(d->fd, VHOST_SET_VRING_ADDR, &addr);
	bind_vq(d, i, vq);
}

void vdpa_setup_vqs(struct vdpa *d)
{
	vdpa_set_features(d);
	for (uint32_t i = 0; i < d->nvqs; i++)
		vdpa_setup_vq(d, i, &d->vq[i]);
}

/*
 * The kernel looks at an eventfd when it is bound: what was kicked since the
 * old owner stopped the device reaches it now, and not before DRIVER_OK, when
 * the device would not heed it.
 */
static void bind_kicks(const struct vdpa *d)
{
	for (uint32_t i = 0; i < d->nvqs; i++)
		vdpa_set_eventfd(d, VHOST_SET_VRING_KICK, i, d->vq[i].kick);
}

/*
 * Queues are enabled here and not with their set-up: a device may look at a
 * ring as soon as it is enabled, and by now the memory is mapped.
 */
void vdpa_start(const struct vdpa *d)
{
	for (uint32_t i = 0; i < d->nvqs; i++) {
		struct vhost_vring_state on = { .index = i, .num = 1 };

		device_ioctl(d->fd, VHOST_VDPA_SET_VRING_ENABLE, &on);
	}
	vdpa_set_status(d, STATUS_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK);
	if (d->lasting)
		bind_kicks(d);
}

void vdpa_bind_eventfds(struct vdpa *d)
{
	for (uint32_t i = 0; i < d->nvqs; i++)
		bind_vq(d, i, &d->vq[i]);
}

void vdpa_resume(const struct vdpa *d)
{
	device_ioctl(d->fd, VHOST_VDPA_RESUME, NULL);
	if (d->lasting)
		bind_kicks(d);
}

void vdpa_check_running(const struct vdpa *d)
{
	uint8_t status = 0;

	device_ioctl(d->fd, VHOST_VDPA_GET_STATUS, &status);
	if (status != (STATUS_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK))
		die("status", 0, "device status is 0x%x after DRIVER_OK",
		    status);
}

static int message(const struct vdpa *d, uint32_t asid, uint8_t type,
		   uint64_t iova, uint64_t size, const void *uaddr,
		   uint8_t perm)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.asid = asid,
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

int __vdpa_message(const struct vdpa *d, uint8_t type, uint64_t iova,
		   uint64_t size, const void *uaddr, uint8_t perm)
{
	return message(d, 0, type, iova, size, uaddr, perm);
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
	uint64_t needed = proc_vmpin_kb(0) + size / 1024;
	uint64_t limit = proc_memlock_kb(), available = proc_available_kb();

	if (d->pins && needed > limit) {
		snprintf(why, room, " (the memlock limit is %" PRIu64 " kB, %"
			 PRIu64 " kB are needed: ulimit -l unlimited)", limit,
			 needed);
		return;
	}
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		uint64_t most = proc_iotlb_entries(modules[i]);

		if (most >= d->entries)
			continue;
		snprintf(why, room, " (max_iotlb_entries of %s is %" PRIu64
			 ", %" PRIu64 " are needed: load it with more)",
			 modules[i], most, d->entries);
		return;
	}
	/* Two tables of 128 bytes an entry, see struct vhost_iotlb_map. */
	if (available < d->entries * 256 / 1024)
		snprintf(why, room, " (%" PRIu64 " kB are available, %" PRIu64
			 " kB are needed for iotlb entries: more memory)",
			 available, d->entries * 256 / 1024);
}

static void vdpa_message(const struct vdpa *d, uint32_t asid, uint8_t type,
			 uint64_t iova, uint64_t size, const void *uaddr)
{
	static const char * const names[] = {
		[VHOST_IOTLB_UPDATE] = "IOTLB_UPDATE",
		[VHOST_IOTLB_INVALIDATE] = "IOTLB_INVALIDATE",
		[VHOST_IOTLB_BATCH_BEGIN] = "IOTLB_BATCH_BEGIN",
		[VHOST_IOTLB_BATCH_END] = "IOTLB_BATCH_END",
		[VHOST_IOTLB_REMAP] = "IOTLB_REMAP",
	};
	uint8_t perm = type == VHOST_IOTLB_UPDATE ? VHOST_ACCESS_RW : 0;
	int r = message(d, asid, type, iova, size, uaddr, perm);
	char why[160] = "";

	if (!r)
		return;
	if (type == VHOST_IOTLB_UPDATE)
		explain(d, size, why, sizeof(why));
	die(names[type], -r, "%s of %" PRIu64 " bytes at iova 0x%" PRIx64 "%s",
	    names[type], size, iova, why);
}

void vdpa_batch_begin(const struct vdpa *d)
{
	if (vdpa_has(d, VHOST_BACKEND_F_IOTLB_BATCH))
		vdpa_message(d, 0, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL);
}

void vdpa_batch_end(const struct vdpa *d)
{
	if (vdpa_has(d, VHOST_BACKEND_F_IOTLB_BATCH))
		vdpa_message(d, 0, VHOST_IOTLB_BATCH_END, 0, 0, NULL);
}

void vdpa_map(const struct vdpa *d, uint64_t iova, uint64_t size,
	      const void *uaddr)
{
	vdpa_message(d, 0, VHOST_IOTLB_UPDATE, iova, size, uaddr);
}

void vdpa_remap(const struct vdpa *d, uint64_t iova, uint64_t size,
		const void *uaddr)
{
	vdpa_message(d, 0, VHOST_IOTLB_REMAP, iova, size, uaddr);
}

void vdpa_unmap(const struct vdpa *d, uint64_t iova, uint64_t size)
{
	vdpa_message(d, 0, VHOST_IOTLB_INVALIDATE, iova, size, NULL);
}

void vdpa_map_in(const struct vdpa *d, uint32_t asid, uint64_t iova,
		 uint64_t size, const void *uaddr)
{
	vdpa_message(d, asid, VHOST_IOTLB_UPDATE, iova, size, uaddr);
}

void vdpa_remap_in(const struct vdpa *d, uint32_t asid, uint64_t iova,
		   uint64_t size, const void *uaddr)
{
	vdpa_message(d, asid, VHOST_IOTLB_REMAP, iova, size, uaddr);
}
