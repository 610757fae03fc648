/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_IO_H
#define BENCH_IO_H

#include <stdint.h>

#include "memory.h"
#include "vdpa.h"

/* Guest memory as this process and as the device see one region of it. */
struct io_memory {
	unsigned char *rings;	/* at the start of guest memory */
	unsigned char *buffers;	/* at the end of the region that is proven */
	uint64_t buffers_iova;
};

/* What rings and buffers take: no region can be smaller. */
#define IO_PAGE 4096u
#define IO_BUFFERS 3
#define IO_LEAST ((VDPA_MAX_VQS + IO_BUFFERS) * IO_PAGE)

/*
 * A request through the rings of a device: the proof that it works, and that
 * it works on the memory of this process.
 */
struct io {
	uint32_t id;		/* virtio device id */
	uint32_t nvqs;
	/*
	 * Exits with an error unless request number @seq comes out right. With
	 * @d->gentle it sends one frame that nobody wants and takes none, and
	 * writes to no disk: the device answers in this process's memory, which
	 * is less of a proof, and all that may be asked of somebody's device.
	 */
	void (*prove)(const struct vdpa *d, const struct io_memory *m,
		      uint64_t seq);
};

/* Of the device's kind; exits with a skip when there is none. */
const struct io *io_of(const struct vdpa *d);

/* Where a ring lies: addresses as the device sees them. */
struct io_ring {
	uint64_t desc, avail, used;
};

/* An empty ring, the @queue-th at the start of @m, which is at @iova. */
struct io_ring io_ring(const struct memory *m, uint64_t iova,
		       unsigned int queue);

/* The same for all rings of a vDPA device. */
void io_layout(struct vdpa *d, const struct memory *m, uint64_t iova);

/* Room for a request: the end of @size bytes at @offset, at @iova. */
struct io_memory io_memory(const struct memory *m, uint64_t offset,
			   uint64_t size, uint64_t iova);

/* A request with its data in this region: @size bytes at @offset, at @iova. */
void io_prove(const struct vdpa *d, const struct memory *m, uint64_t offset,
	      uint64_t size, uint64_t iova, uint64_t seq);

/* For the kinds. One page of guest memory each, less the bytes of its stamp. */
unsigned char *io_buffer(const struct io_memory *m, unsigned int buffer);

struct io_part {
	unsigned int buffer;
	uint32_t offset, len;
	int device_writes;
};

/* Offer a chain of buffers in a queue; wait until it is done with. */
uint16_t io_post(const struct io_memory *m, unsigned int queue,
		 const struct io_part *parts, unsigned int count);
bool io_done(const struct io_memory *m, unsigned int queue, uint16_t until);
uint32_t io_used_len(const struct io_memory *m, unsigned int queue);
void io_kick(const struct vdpa *d, unsigned int queue);
void io_await(const struct vdpa *d, const struct io_memory *m,
	      unsigned int queue, uint16_t until);

/* A request of its own for each @seq. */
void io_fill(unsigned char *data, uint32_t len, uint64_t seq);

extern const struct io io_net, io_blk;

#endif
