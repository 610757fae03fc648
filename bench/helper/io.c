// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to a vDPA device. Network: a packet to ourselves, through both
 * queues. Block: a sector written and read back, or read twice.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "io.h"
#include "rings.h"

#define DEADLINE_MS 10000

static void kick(const struct vdpa *d, unsigned int queue)
{
	uint64_t one = 1;

	if (write(d->vq[queue].kick, &one, sizeof(one)) != sizeof(one))
		die("io", errno, "kick");
}

void io_kick(const struct vdpa *d)
{
	for (unsigned int q = 0; q < d->nvqs; q++)
		kick(d, q);
}

void io_forget_kicks(const struct vdpa *d)
{
	uint64_t count;

	for (unsigned int q = 0; q < d->nvqs; q++)
		if (read(d->vq[q].kick, &count, sizeof(count)) < 0 &&
		    errno != EAGAIN)
			die("io", errno, "eventfd");
}

void io_await(const struct vdpa *d, unsigned int queue,
	      const struct io_memory *m, unsigned int ring)
{
	struct pollfd pfd = { .fd = d->vq[queue].call, .events = POLLIN };
	uint16_t until = ring_offered(m, ring);
	uint64_t count;

	ring_await_briefly(m, ring, until);
	while (!ring_done(m, ring, until)) {
		if (poll(&pfd, 1, DEADLINE_MS) != 1)
			die("io", 0, "queue %u: used index %u, not %u:"
			    " the device did not answer", queue,
			    ring_used(m, ring), until);
		if (read(pfd.fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
			die("io", errno, "eventfd");
	}
}

static void await(const struct vdpa *d, const struct io_memory *m,
		  unsigned int queue)
{
	io_await(d, queue, m, queue);
}

#define NET_RX 0	/* queues, and the buffer of each */
#define NET_TX 1
#define NET_HEADER ((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define NET_PACKET 256u

/* To nobody (a locally administered address), of the type for experiments. */
static const unsigned char harmless[ETH_HLEN] = {
	0x02, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5
};

static const struct io_part net_in = {
	NET_RX, 0, NET_HEADER + NET_PACKET, true
};
static const struct io_part net_out = {
	NET_TX, 0, NET_HEADER + NET_PACKET, false
};

/* A frame that nobody wants. */
static void offer_net_gently(const struct io_memory *m)
{
	unsigned char *sent = io_buffer(m, NET_TX);

	memset(sent, 0, NET_HEADER + NET_PACKET);
	memcpy(sent + NET_HEADER, harmless, sizeof(harmless));
	ring_post(m, NET_TX, &net_out, 1);
}

/* What the device reads through one queue it delivers through the other. */
static void offer_net(const struct vdpa *d, const struct io_memory *m,
		      uint64_t seq)
{
	unsigned char *received = io_buffer(m, NET_RX);
	unsigned char *sent = io_buffer(m, NET_TX);

	if (d->gentle) {
		offer_net_gently(m);
		return;
	}
	memset(sent, 0, NET_HEADER);
	memset(received, 0, NET_HEADER + NET_PACKET);
	memset(sent + NET_HEADER, 0xff, ETH_ALEN);	/* all, so us as well */
	io_fill(sent + NET_HEADER + ETH_ALEN, NET_PACKET - ETH_ALEN, seq);
	ring_post(m, NET_RX, &net_in, 1);
	ring_post(m, NET_TX, &net_out, 1);
}

static void collect_net(const struct vdpa *d, const struct io_memory *m,
			uint64_t seq)
{
	unsigned char *received = io_buffer(m, NET_RX);
	unsigned char *sent = io_buffer(m, NET_TX);

	await(d, m, NET_TX);
	await(d, m, NET_RX);
	if (!d->gentle &&
	    memcmp(sent + NET_HEADER, received + NET_HEADER, NET_PACKET))
		die("io", 0, "packet %" PRIu64
		    " arrived with other bytes than it was sent with", seq);
}

#define BLK_REQUEST 0	/* the header, and behind it the status byte */
#define BLK_WRITTEN 1
#define BLK_READ 2
#define BLK_SECTOR 512u
#define BLK_HEADER ((uint32_t)sizeof(struct virtio_blk_outhdr))

static void offer_transfer(const struct io_memory *m, uint32_t type,
			   unsigned int buffer)
{
	const struct io_part parts[] = {
		{ BLK_REQUEST, 0, BLK_HEADER, false },
		{ buffer, 0, BLK_SECTOR, type == VIRTIO_BLK_T_IN },
		{ BLK_REQUEST, BLK_HEADER, 1, true },
	};
	struct virtio_blk_outhdr *header = (void *)io_buffer(m, BLK_REQUEST);
	unsigned char *status = io_buffer(m, BLK_REQUEST) + BLK_HEADER;

	*header = (struct virtio_blk_outhdr) { .type = type, .sector = 1 };
	*status = 0xff;
	ring_post(m, 0, parts, 3);
}

static void finish_transfer(const struct vdpa *d, const struct io_memory *m)
{
	unsigned char *status = io_buffer(m, BLK_REQUEST) + BLK_HEADER;

	await(d, m, 0);
	if (*status != VIRTIO_BLK_S_OK)
		die("io", 0, "a block request ended with status %u", *status);
}

static void offer_blk(const struct vdpa *d, const struct io_memory *m,
		      uint64_t seq)
{
	io_fill(io_buffer(m, BLK_WRITTEN), BLK_SECTOR, seq);
	offer_transfer(m, d->gentle ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT,
		       BLK_WRITTEN);
}

/* What was written, or else read, is read: each is to hold what both do. */
static void collect_blk(const struct vdpa *d, const struct io_memory *m,
			uint64_t seq)
{
	unsigned char *written = io_buffer(m, BLK_WRITTEN);
	unsigned char *again = io_buffer(m, BLK_READ);

	finish_transfer(d, m);
	memset(again, 0, BLK_SECTOR);
	offer_transfer(m, VIRTIO_BLK_T_IN, BLK_READ);
	io_kick(d);
	finish_transfer(d, m);
	if (memcmp(written, again, BLK_SECTOR))
		die("io", 0, "sector %" PRIu64
		    " was read back with other bytes than were written", seq);
}

struct kind {
	uint32_t id, nvqs;
	void (*offer)(const struct vdpa *d, const struct io_memory *m,
		      uint64_t seq);
	void (*collect)(const struct vdpa *d, const struct io_memory *m,
			uint64_t seq);
};

static const struct kind net = { VIRTIO_ID_NET, 2, offer_net, collect_net };
static const struct kind blk = { VIRTIO_ID_BLOCK, 1, offer_blk, collect_blk };

static const struct kind *kind_of(const struct vdpa *d)
{
	if (d->id == net.id)
		return &net;
	if (d->id == blk.id)
		return &blk;
	skip("a network or a block device",
	     "virtio device %u is of neither kind", d->id);
}

void io_layout(struct vdpa *d, const struct memory *m, uint64_t iova)
{
	d->nvqs = kind_of(d)->nvqs;
	for (unsigned int q = 0; q < d->nvqs; q++) {
		d->vq[q].ring = ring_clear(m, iova, d->index, q);
		d->vq[q].base = 0;
	}
}

void io_offer(const struct vdpa *d, const struct memory *m,
	      const struct region *r, uint64_t seq)
{
	const struct io_memory where = io_memory(m, r, d->index);

	kind_of(d)->offer(d, &where, seq);
}

void io_collect(const struct vdpa *d, const struct memory *m,
		const struct region *r, uint64_t seq)
{
	const struct io_memory where = io_memory(m, r, d->index);

	kind_of(d)->collect(d, &where, seq);
}

bool io_pending(const struct vdpa *d, const struct memory *m,
		const struct region *r)
{
	const struct io_memory where = io_memory(m, r, d->index);

	for (unsigned int q = 0; q < kind_of(d)->nvqs; q++)
		if (!ring_done(&where, q, ring_offered(&where, q)))
			return true;
	return false;
}

void io_prove(const struct vdpa *d, const struct memory *m,
	      const struct region *r, uint64_t seq)
{
	io_offer(d, m, r, seq);
	io_kick(d);
	io_collect(d, m, r, seq);
}
