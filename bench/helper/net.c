// SPDX-License-Identifier: GPL-2.0-only
/* Network: a packet to ourselves, through both queues. */
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "emit.h"
#include "io.h"

#define RX 0
#define TX 1
#define PACKET 256u
#define HEADER ((uint32_t)sizeof(struct virtio_net_hdr_v1))

/* To nobody (a locally administered address), of the type for experiments. */
static const unsigned char harmless[ETH_HLEN] = {
	0x02, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5
};

static void prove_gently(const struct vdpa *d, const struct io_memory *m)
{
	const struct io_part out = { TX, 0, HEADER + PACKET, 0 };
	unsigned char *sent = io_buffer(m, TX);
	uint16_t tx;

	memset(sent, 0, HEADER + PACKET);
	memcpy(sent + HEADER, harmless, sizeof(harmless));
	tx = io_post(m, TX, &out, 1);
	io_kick(d, TX);
	io_await(d, m, TX, tx);
}

/* What the device reads through one queue it delivers through the other. */
static void prove(const struct vdpa *d, const struct io_memory *m, uint64_t seq)
{
	const struct io_part in = { RX, 0, HEADER + PACKET, 1 };
	const struct io_part out = { TX, 0, HEADER + PACKET, 0 };
	unsigned char *received = io_buffer(m, RX), *sent = io_buffer(m, TX);
	uint16_t rx, tx;

	if (d->gentle) {
		prove_gently(d, m);
		return;
	}
	memset(sent, 0, HEADER);
	memset(received, 0, HEADER + PACKET);
	memset(sent + HEADER, 0xff, ETH_ALEN);	/* to all, so to us as well */
	io_fill(sent + HEADER + ETH_ALEN, PACKET - ETH_ALEN, seq);
	rx = io_post(m, RX, &in, 1);
	tx = io_post(m, TX, &out, 1);
	io_kick(d, RX);
	io_kick(d, TX);
	io_await(d, m, TX, tx);
	io_await(d, m, RX, rx);
	if (memcmp(sent + HEADER, received + HEADER, PACKET))
		die("io", EIO, "packet %" PRIu64
		    " arrived with other bytes than it was sent with", seq);
}

const struct io io_net = { VIRTIO_ID_NET, 2, prove };
