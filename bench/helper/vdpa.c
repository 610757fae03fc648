// SPDX-License-Identifier: GPL-2.0-only
/* A vhost-vdpa device: each step of its life, checked. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "emit.h"
#include "vdpa.h"

#define BIT(n) (1ull << (n))

/* What a VMM negotiates: PERSIST keeps the parent's map over a reset. */
static const uint64_t wanted_backend =
	BIT(VHOST_BACKEND_F_IOTLB_MSG_V2) | BIT(VHOST_BACKEND_F_IOTLB_BATCH) |
	BIT(VHOST_BACKEND_F_SUSPEND) | BIT(VHOST_BACKEND_F_IOTLB_PERSIST) |
	BIT(VHOST_BACKEND_F_NEW_OWNER) | BIT(VHOST_BACKEND_F_IOTLB_REMAP);

/* ACCESS_PLATFORM: the addresses in the rings are IO virtual ones. */
static const uint64_t driver_features =
	BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM);

int __vdpa_open(const char *path)
{
	/* Inherited over execve() on purpose: no O_CLOEXEC. */
	int fd = open(path, O_RDWR);

	return fd < 0 ? -errno : fd;
}

int __vdpa_ioctl(const struct vdpa *d, unsigned long cmd, void *arg)
{
	return ioctl(d->fd, cmd, arg) < 0 ? -errno : 0;
}

static void vdpa_ioctl(const struct vdpa *d, unsigned long cmd, void *arg,
		       const char *name)
{
	int r = __vdpa_ioctl(d, cmd, arg);

	if (r)
		die(name, -r, "%s: %s", name, strerror(-r));
}

void vdpa_open(struct vdpa *d, const char *path)
{
	d->fd = __vdpa_open(path);
	if (d->fd == -ENOENT)
		skip("a vDPA device bound to vhost_vdpa (vdpa dev add)",
		     "%s: no such device", path);
	if (d->fd < 0)
		die("open", -d->fd, "%s: %s%s", path, strerror(-d->fd),
		    d->fd == -EBUSY ? " (a vhost-vdpa device opens once)" : "");
	vdpa_ioctl(d, VHOST_VDPA_GET_DEVICE_ID, &d->id, "GET_DEVICE_ID");
}

void vdpa_negotiate(struct vdpa *d)
{
	uint64_t offered;

	vdpa_ioctl(d, VHOST_GET_BACKEND_FEATURES, &offered,
		   "GET_BACKEND_FEATURES");
	d->backend = offered & wanted_backend & ~d->refused;
	vdpa_ioctl(d, VHOST_SET_BACKEND_FEATURES, &d->backend,
		   "SET_BACKEND_FEATURES");
}

void vdpa_set_owner(const struct vdpa *d)
{
	vdpa_ioctl(d, VHOST_SET_OWNER, NULL, "SET_OWNER");
}

void vdpa_new_owner(const struct vdpa *d)
{
	vdpa_ioctl(d, VHOST_NEW_OWNER, NULL, "NEW_OWNER");
}

void vdpa_reset_owner(const struct vdpa *d)
{
	vdpa_ioctl(d, VHOST_RESET_OWNER, NULL, "RESET_OWNER");
}

/*
 * Stop the queues, where the driver can, and keep where they stopped. virtio
 * over PCI cannot tell (vp_vdpa_get_vq_state()): its rings begin anew.
 */
void vdpa_suspend(struct vdpa *d)
{
	if (vdpa_has(d, VHOST_BACKEND_F_SUSPEND))
		vdpa_ioctl(d, VHOST_VDPA_SUSPEND, NULL, "SUSPEND");

	d->forgetful = false;
	for (uint32_t i = 0; i < d->nvqs; i++) {
		struct vhost_vring_state s = { .index = i };
		int r = __vdpa_ioctl(d, VHOST_GET_VRING_BASE, &s);

		d->forgetful |= r == -EOPNOTSUPP;
		if (r && r != -EOPNOTSUPP)
			die("GET_VRING_BASE", -r, "GET_VRING_BASE: %s",
			    strerror(-r));
		d->vq[i].base = (uint16_t)s.num;
	}
}

static void vdpa_set_status(const struct vdpa *d, uint8_t status)
{
	vdpa_ioctl(d, VHOST_VDPA_SET_STATUS, &status, "SET_STATUS");
}

void vdpa_reset(const struct vdpa *d)
{
	vdpa_set_status(d, 0);
}

#define STATUS_DRIVER (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define STATUS_FEATURES (STATUS_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)

static void vdpa_set_features(const struct vdpa *d)
{
	uint64_t features = driver_features;

	vdpa_set_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	vdpa_set_status(d, STATUS_DRIVER);
	vdpa_ioctl(d, VHOST_SET_FEATURES, &features, "SET_FEATURES");
	vdpa_set_status(d, STATUS_FEATURES);
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		die("eventfd", errno, "eventfd: %s", strerror(errno));
	return fd;
}

static void vdpa_setup_vq(const struct vdpa *d, uint32_t i, struct vdpa_vq *vq)
{
	struct vhost_vring_state num = { .index = i, .num = VDPA_VQ_NUM };
	struct vhost_vring_state base = { .index = i, .num = vq->base };
	struct vhost_vring_addr addr = {
		.index = i,
		.desc_user_addr = vq->desc,
		.avail_user_addr = vq->avail,
		.used_user_addr = vq->used,
	};
	struct vhost_vring_file kick, call;

	vq->kick = new_eventfd();
	vq->call = new_eventfd();
	kick = (struct vhost_vring_file) { .index = i, .fd = vq->kick };
	call = (struct vhost_vring_file) { .index = i, .fd = vq->call };
	vdpa_ioctl(d, VHOST_SET_VRING_NUM, &num, "SET_VRING_NUM");
	vdpa_ioctl(d, VHOST_SET_VRING_BASE, &base, "SET_VRING_BASE");
	vdpa_ioctl(d, VHOST_SET_VRING_ADDR, &addr, "SET_VRING_ADDR");
	vdpa_ioctl(d, VHOST_SET_VRING_KICK, &kick, "SET_VRING_KICK");
	vdpa_ioctl(d, VHOST_SET_VRING_CALL, &call, "SET_VRING_CALL");
}

/* Everything up to the last step: virtio features first, then the rings. */
void vdpa_setup_vqs(struct vdpa *d)
{
	vdpa_set_features(d);
	for (uint32_t i = 0; i < d->nvqs; i++)
		vdpa_setup_vq(d, i, &d->vq[i]);
}

/*
 * Queues are enabled here and not with their set-up: a device may look at a
 * ring as soon as it is enabled, and by now the memory is mapped.
 */
void vdpa_start(const struct vdpa *d)
{
	for (uint32_t i = 0; i < d->nvqs; i++) {
		struct vhost_vring_state on = { .index = i, .num = 1 };

		vdpa_ioctl(d, VHOST_VDPA_SET_VRING_ENABLE, &on,
			   "SET_VRING_ENABLE");
	}
	vdpa_set_status(d, STATUS_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* The device has accepted the driver: no bit is missing, none says failed. */
void vdpa_check_running(const struct vdpa *d)
{
	uint8_t status = 0;

	vdpa_ioctl(d, VHOST_VDPA_GET_STATUS, &status, "GET_STATUS");
	if (status != (STATUS_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK))
		die("status", 0, "device status is 0x%x after DRIVER_OK",
		    status);
}
