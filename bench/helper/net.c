// SPDX-License-Identifier: GPL-2.0-only
/* A packet through both queues of a network device: proof that it works. */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "net.h"

#define RX 0
#define TX 1
#define DEADLINE_MS 10000
#define PACKET 256u
#define HEADER sizeof(struct virtio_net_hdr_v1)

/* One page for each queue and for each buffer; the last bytes are stamps. */
#define PAGE 4096u
#define AVAIL_AT 1024u
#define USED_AT 2048u
#define BUFFER_AT(q) (((q) + 2) * PAGE)

_Static_assert(BUFFER_AT(TX) + PAGE <= NET_AREA, "buffers fit");
_Static_assert(USED_AT + sizeof(struct vring_used) +
	       VDPA_VQ_NUM * sizeof(struct vring_used_elem) + 2 <=
	       PAGE - MEMORY_STAMP, "rings leave room for the stamp");

static struct vring_desc *desc_of(const struct memory *m, int q)
{
	return (struct vring_desc *)(m->base + q * PAGE);
}

static volatile struct vring_avail *avail_of(const struct memory *m, int q)
{
	return (struct vring_avail *)(m->base + q * PAGE + AVAIL_AT);
}

static volatile struct vring_used *used_of(const struct memory *m, int q)
{
	return (struct vring_used *)(m->base + q * PAGE + USED_AT);
}

void net_layout(struct vdpa *d, const struct memory *m, uint64_t iova)
{
	d->nvqs = 2;
	for (int q = RX; q <= TX; q++) {
		memset(m->base + q * PAGE, 0, PAGE - MEMORY_STAMP);
		d->vq[q].desc = iova + q * PAGE;
		d->vq[q].avail = d->vq[q].desc + AVAIL_AT;
		d->vq[q].used = d->vq[q].desc + USED_AT;
		d->vq[q].base = 0;
	}
}

static void post(const struct memory *m, uint64_t iova, int q)
{
	volatile struct vring_avail *avail = avail_of(m, q);
	uint16_t slot = avail->idx % VDPA_VQ_NUM;

	desc_of(m, q)[slot] = (struct vring_desc) {
		.addr = iova + BUFFER_AT(q),
		.len = HEADER + PACKET,
		.flags = q == RX ? VRING_DESC_F_WRITE : 0,
	};
	avail->ring[slot] = slot;
	__sync_synchronize();	/* the entry before the index that offers it */
	avail->idx++;
}

static void await(const struct vdpa *d, const struct memory *m, int q,
		  uint16_t until)
{
	struct pollfd pfd = { .fd = d->vq[q].call, .events = POLLIN };
	uint64_t count;

	while (used_of(m, q)->idx != until) {
		if (poll(&pfd, 1, DEADLINE_MS) != 1)
			die("io", ETIMEDOUT, "%s queue: used index %u, not %u: "
			    "the device did not answer", q == RX ? "rx" : "tx",
			    used_of(m, q)->idx, until);
		if (read(d->vq[q].call, &count, sizeof(count)) < 0 &&
		    errno != EAGAIN)
			die("io", errno, "eventfd: %s", strerror(errno));
	}
	__sync_synchronize();	/* the index before what it tells of */
}

static void fill(unsigned char *packet, uint64_t seq)
{
	memset(packet, 0xff, ETH_ALEN);	/* to all, so to ourselves as well */
	for (unsigned int i = ETH_ALEN; i < PACKET; i++)
		packet[i] = (unsigned char)((seq + 1) * 2654435761u >> i % 24) ^
			    (unsigned char)i;
}

void net_prove(struct vdpa *d, const struct memory *m, uint64_t iova,
	       uint64_t seq)
{
	uint16_t done[] = { used_of(m, RX)->idx, used_of(m, TX)->idx };
	unsigned char *sent = m->base + BUFFER_AT(TX);
	unsigned char *received = m->base + BUFFER_AT(RX);
	uint64_t one = 1;

	memset(sent, 0, HEADER);
	fill(sent + HEADER, seq);
	memset(received, 0, HEADER + PACKET);
	post(m, iova, RX);
	post(m, iova, TX);
	if (write(d->vq[TX].kick, &one, sizeof(one)) != sizeof(one))
		die("io", errno, "kick: %s", strerror(errno));
	await(d, m, TX, (uint16_t)(done[TX] + 1));
	await(d, m, RX, (uint16_t)(done[RX] + 1));
	if (memcmp(sent + HEADER, received + HEADER, PACKET))
		die("io", EIO, "packet %" PRIu64
		    " arrived with other bytes than it was sent with", seq);
}
