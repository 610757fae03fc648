// SPDX-License-Identifier: GPL-2.0-only
/* Split virtqueues in guest memory, driven from this process. */
#include <errno.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "io.h"

#define DEADLINE_MS 10000

/* A page for each queue, which ends in a stamp. */
#define AVAIL_AT 1024u
#define USED_AT 2048u

_Static_assert(USED_AT + sizeof(struct vring_used) +
	       VDPA_VQ_NUM * sizeof(struct vring_used_elem) + 2 <=
	       IO_PAGE - MEMORY_STAMP, "rings leave room for the stamp");

static struct vring_desc *desc_of(const struct io_memory *m, unsigned int q)
{
	return (struct vring_desc *)(m->rings + q * IO_PAGE);
}

static volatile struct vring_avail *avail_of(const struct io_memory *m,
					     unsigned int q)
{
	return (struct vring_avail *)(m->rings + q * IO_PAGE + AVAIL_AT);
}

static volatile struct vring_used *used_of(const struct io_memory *m,
					   unsigned int q)
{
	return (struct vring_used *)(m->rings + q * IO_PAGE + USED_AT);
}

unsigned char *io_buffer(const struct io_memory *m, unsigned int buffer)
{
	return m->buffers + buffer * IO_PAGE;
}

const struct io *io_of(const struct vdpa *d)
{
	const struct io *kinds[] = { &io_net, &io_blk };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i]->id == d->id)
			return kinds[i];
	skip("a network or a block device",
	     "virtio device %u is of neither kind", d->id);
}

struct io_ring io_ring(const struct memory *m, uint64_t iova,
		       unsigned int queue)
{
	uint64_t at = iova + queue * IO_PAGE;

	memset(m->base + queue * IO_PAGE, 0, IO_PAGE - MEMORY_STAMP);
	return (struct io_ring) { at, at + AVAIL_AT, at + USED_AT };
}

void io_layout(struct vdpa *d, const struct memory *m, uint64_t iova)
{
	d->nvqs = io_of(d)->nvqs;
	for (unsigned int q = 0; q < d->nvqs; q++) {
		struct io_ring ring = io_ring(m, iova, q);

		d->vq[q].desc = ring.desc;
		d->vq[q].avail = ring.avail;
		d->vq[q].used = ring.used;
		d->vq[q].base = 0;
	}
}

struct io_memory io_memory(const struct memory *m, uint64_t offset,
			   uint64_t size, uint64_t iova)
{
	uint64_t at = size - IO_BUFFERS * IO_PAGE;

	return (struct io_memory) {
		.rings = m->base,
		.buffers = m->base + offset + at,
		.buffers_iova = iova + at,
	};
}

void io_prove(const struct vdpa *d, const struct memory *m, uint64_t offset,
	      uint64_t size, uint64_t iova, uint64_t seq)
{
	const struct io_memory where = io_memory(m, offset, size, iova);

	io_of(d)->prove(d, &where, seq);
}

/* At most one chain is ever under way, so that descriptors start at 0. */
uint16_t io_post(const struct io_memory *m, unsigned int queue,
		 const struct io_part *parts, unsigned int count)
{
	volatile struct vring_avail *avail = avail_of(m, queue);

	for (unsigned int i = 0; i < count; i++) {
		uint16_t more = i + 1 < count ? VRING_DESC_F_NEXT : 0;
		uint16_t in = parts[i].device_writes ? VRING_DESC_F_WRITE : 0;

		desc_of(m, queue)[i] = (struct vring_desc) {
			.addr = m->buffers_iova + parts[i].offset +
				parts[i].buffer * IO_PAGE,
			.len = parts[i].len,
			.flags = more | in,
			.next = (uint16_t)(i + 1),
		};
	}
	avail->ring[avail->idx % VDPA_VQ_NUM] = 0;
	__sync_synchronize();	/* the entry before the index that offers it */
	avail->idx++;
	return avail->idx;
}

/* With all that the index tells of. */
bool io_done(const struct io_memory *m, unsigned int queue, uint16_t until)
{
	bool done = used_of(m, queue)->idx == until;

	__sync_synchronize();
	return done;
}

/* What the device says that it wrote, of the chain that it is done with. */
uint32_t io_used_len(const struct io_memory *m, unsigned int queue)
{
	volatile struct vring_used *used = used_of(m, queue);

	return used->ring[(used->idx - 1) % VDPA_VQ_NUM].len;
}

void io_kick(const struct vdpa *d, unsigned int queue)
{
	uint64_t one = 1;

	if (write(d->vq[queue].kick, &one, sizeof(one)) != sizeof(one))
		die("io", errno, "kick: %s", strerror(errno));
}

void io_await(const struct vdpa *d, const struct io_memory *m,
	      unsigned int queue, uint16_t until)
{
	struct pollfd pfd = { .fd = d->vq[queue].call, .events = POLLIN };
	uint64_t count;

	while (!io_done(m, queue, until)) {
		if (poll(&pfd, 1, DEADLINE_MS) != 1)
			die("io", ETIMEDOUT, "queue %u: used index %u, not %u:"
			    " the device did not answer", queue,
			    used_of(m, queue)->idx, until);
		if (read(pfd.fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
			die("io", errno, "eventfd: %s", strerror(errno));
	}
}

void io_fill(unsigned char *data, uint32_t len, uint64_t seq)
{
	uint64_t x = (seq + 1) * 0x9e3779b97f4a7c15u;

	for (uint32_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (unsigned char)x;
	}
}
