// SPDX-License-Identifier: GPL-2.0-only
/* The control queue of a network device, in an address space of its own. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/vhost.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <unistd.h>

#include "control.h"
#include "device.h"
#include "emit.h"
#include "io.h"
#include "rings.h"

#define CONTROL_ASID 1
#define CONTROL_IOVA (1ull << 20)
/* Of the state's file, behind the state: each device has two of its pages. */
#define CONTROL_AT roundup(sizeof(struct state), (size_t)IO_PAGE)
#define CONTROL_ALL (VDPA_MOST * CONTROL_BYTES)
/* Below guest memory: as that, never where the process before had it. */
#define CONTROL_PLACE(moves) (PLACE(moves) - CONTROL_ALL)

/* What the driver asks for, and where the device answers. */
struct request {
	struct virtio_net_ctrl_hdr header;
	unsigned char mac[ETH_ALEN];
	virtio_net_ctrl_ack ack;
};

void control_create(struct state *s)
{
	if (!s->p.cvq)
		return;
	if (ftruncate(s->fd, (off_t)(CONTROL_AT + CONTROL_ALL)))
		die("ftruncate", errno, "memory of control queues");
	control_map_memory(s);
}

void control_map_memory(struct state *s)
{
	void *where = (void *)(uintptr_t)CONTROL_PLACE(s->moves);

	if (!s->p.cvq)
		return;
	s->control = mmap(where, CONTROL_ALL, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED_NOREPLACE, s->fd,
			  (off_t)CONTROL_AT);
	if (s->control != where)
		die("mmap", errno, "memory of control queues");
}

void control_keep_from_children(const struct state *s)
{
	if (s->p.cvq && madvise(s->control, CONTROL_ALL, MADV_DONTFORK))
		die("madvise", errno, "MADV_DONTFORK");
}

static unsigned char *memory_of(const struct state *s, const struct vdpa *d)
{
	return s->control + d->index * CONTROL_BYTES;
}

static uint32_t group_of(const struct vdpa *d)
{
	struct vhost_vring_state group = { .index = CONTROL_QUEUE };

	device_ioctl(d->fd, VHOST_VDPA_GET_VRING_GROUP, &group);
	return group.num;
}

/* The group of the guest's queues must not go to the other space with it. */
static bool can_separate(const struct vdpa *d)
{
	struct vhost_vring_state guest = { .index = 0 };
	uint32_t spaces = 0;

	return vdpa_has(d, VHOST_BACKEND_F_IOTLB_ASID) &&
	       !__device_ioctl(d->fd, VHOST_VDPA_GET_AS_NUM, &spaces) &&
	       spaces > CONTROL_ASID &&
	       !__device_ioctl(d->fd, VHOST_VDPA_GET_VRING_GROUP, &guest) &&
	       guest.num != group_of(d);
}

void control_check(const struct state *s)
{
	const uint64_t wanted = 1ull << VIRTIO_NET_F_CTRL_VQ |
				1ull << VIRTIO_NET_F_CTRL_MAC_ADDR;
	const struct vdpa *d = s->d;
	uint64_t offered;

	if (!s->p.cvq)
		return;
	device_ioctl(d->fd, VHOST_GET_FEATURES, &offered);
	if (d->id != VIRTIO_ID_NET || (offered & wanted) != wanted)
		skip("a network device with a control queue",
		     "%s has no control queue", d->node);
	if (d->gentle)
		skip("a simulated device",
		     "%s is in use, and its MAC address would change", d->node);
	if (!can_separate(d))
		skip("a device with an address space for its control queue",
		     "%s has one address space for all queues", d->node);
}

/* Its one ring, as if the memory had no other. */
static struct io_memory control_memory(const struct state *s,
				       const struct vdpa *d)
{
	unsigned char *base = memory_of(s, d);

	return (struct io_memory) {
		.rings = base, .buffers = base + IO_PAGE,
		.buffers_iova = CONTROL_IOVA + IO_PAGE,
	};
}

void control_layout(const struct state *s, struct vdpa *d)
{
	const struct memory m = { .base = memory_of(s, d) };

	if (!s->p.cvq)
		return;
	d->vq[CONTROL_QUEUE].ring = ring_clear(&m, CONTROL_IOVA, 0, 0);
	d->vq[CONTROL_QUEUE].base = 0;
	d->nvqs = CONTROL_QUEUE + 1;
}

void control_assign(const struct state *s, const struct vdpa *d)
{
	struct vhost_vring_state asid = { .num = CONTROL_ASID };

	if (!s->p.cvq)
		return;
	asid.index = group_of(d);
	device_ioctl(d->fd, VHOST_VDPA_SET_GROUP_ASID, &asid);
}

void control_map(const struct state *s, const struct vdpa *d)
{
	if (s->p.cvq)
		vdpa_map_in(d, CONTROL_ASID, CONTROL_IOVA, CONTROL_BYTES,
			    memory_of(s, d));
}

void control_remap(const struct state *s, const struct vdpa *d)
{
	if (s->p.cvq)
		vdpa_remap_in(d, CONTROL_ASID, CONTROL_IOVA, CONTROL_BYTES,
			      memory_of(s, d));
}

/* Another address each time, which is nobody's and no group's. */
static struct request request_of(uint64_t seq)
{
	struct request r = {
		.header = {
			.class = VIRTIO_NET_CTRL_MAC,
			.cmd = VIRTIO_NET_CTRL_MAC_ADDR_SET,
		},
		.ack = VIRTIO_NET_ERR,
	};

	io_fill(r.mac, sizeof(r.mac), seq);
	r.mac[0] = 0x02;
	return r;
}

static void offer(const struct io_memory *m, const struct request *r)
{
	const uint32_t at = offsetof(struct request, ack);
	const struct io_part parts[] = {
		{ 0, 0, at, false }, { 0, at, sizeof(r->ack), true },
	};

	memcpy(io_buffer(m, 0), r, sizeof(*r));
	ring_post(m, 0, parts, 2);
}

static void read_mac(const struct vdpa *d, unsigned char mac[ETH_ALEN])
{
	union {
		struct vhost_vdpa_config config;
		unsigned char room[sizeof(struct vhost_vdpa_config) + ETH_ALEN];
	} get = { .config = {
		.off = offsetof(struct virtio_net_config, mac), .len = ETH_ALEN,
	} };

	device_ioctl(d->fd, VHOST_VDPA_GET_CONFIG, &get);
	memcpy(mac, get.room + sizeof(get.config), ETH_ALEN);
}

void control_prove(const struct state *s, const struct vdpa *d, uint64_t seq)
{
	const struct io_memory m = control_memory(s, d);
	const struct request *answered = (void *)io_buffer(&m, 0);
	const struct request wanted = request_of(seq);
	unsigned char mac[ETH_ALEN];

	if (!s->p.cvq)
		return;
	offer(&m, &wanted);
	io_kick(d);
	io_await(d, CONTROL_QUEUE, &m, 0);
	read_mac(d, mac);
	if (answered->ack != VIRTIO_NET_OK || memcmp(mac, wanted.mac, ETH_ALEN))
		die("control", 0, "the device did not take the MAC address"
		    " that its control queue was given");
}
