// SPDX-License-Identifier: GPL-2.0-only
/* Split virtqueues in guest memory, driven from this process. */
#include <linux/virtio_ring.h>
#include <sched.h>
#include <string.h>

#include "rings.h"

/* Offsets into the page of a ring. */
#define AVAIL_AT 1024u
#define USED_AT 2048u

#define YIELDS 20000	/* each some hundred instructions */

_Static_assert(USED_AT + sizeof(struct vring_used) +
	       RING_SIZE * sizeof(struct vring_used_elem) + 2 <=
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

struct ring ring_clear(const struct memory *m, uint64_t iova,
		       unsigned int device, unsigned int queue)
{
	uint64_t page = (device * RINGS_MOST + queue) * IO_PAGE;
	uint64_t at = iova + page;

	memset(m->base + page, 0, IO_PAGE - MEMORY_STAMP);
	return (struct ring) { at, at + AVAIL_AT, at + USED_AT };
}

struct io_memory io_memory(const struct memory *m, const struct region *r,
			   unsigned int device)
{
	uint64_t at = r->size - (device + 1) * IO_BUFFERS * IO_PAGE;

	return (struct io_memory) {
		.rings = m->base + device * RINGS_MOST * IO_PAGE,
		.buffers = m->base + r->offset + at,
		.buffers_iova = r->iova + at,
	};
}

unsigned char *io_buffer(const struct io_memory *m, unsigned int buffer)
{
	return m->buffers + buffer * IO_PAGE;
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

/* At most one chain is ever under way, so that descriptors start at 0. */
uint16_t ring_post(const struct io_memory *m, unsigned int queue,
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
	avail->ring[avail->idx % RING_SIZE] = 0;
	__sync_synchronize();	/* the entry before the index that offers it */
	avail->idx++;
	return avail->idx;
}

uint16_t ring_offered(const struct io_memory *m, unsigned int queue)
{
	return avail_of(m, queue)->idx;
}

bool ring_done(const struct io_memory *m, unsigned int queue, uint16_t until)
{
	bool done = ring_used(m, queue) == until;

	__sync_synchronize();	/* the index before what it tells of */
	return done;
}

void ring_await_briefly(const struct io_memory *m, unsigned int queue,
			uint16_t until)
{
	for (int i = 0; i < YIELDS && !ring_done(m, queue, until); i++)
		sched_yield();
}

uint16_t ring_used(const struct io_memory *m, unsigned int queue)
{
	return used_of(m, queue)->idx;
}

uint32_t ring_used_len(const struct io_memory *m, unsigned int queue)
{
	volatile struct vring_used *used = used_of(m, queue);

	return used->ring[(used->idx - 1) % RING_SIZE].len;
}
