/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "regions.h"

/* Split virtqueues: their greatest number, and the entries of each. */
#define RINGS_MOST 4
#define RING_SIZE 8

/*
 * Guest memory as a device sees one region of it. The rings are a page each at
 * the start of memory; a request's buffers are the last pages of the region.
 * Those of the next device lie next to them. The last bytes of each page are
 * its stamp and stay untouched.
 */
struct io_memory {
	unsigned char *rings;
	unsigned char *buffers;
	uint64_t buffers_iova;
};

#define IO_PAGE 4096u
#define IO_BUFFERS 3
/* Bytes that a region needs at least, if so many devices have one memory. */
#define IO_LEAST(devices) ((devices) * IO_BUFFERS * IO_PAGE)
#define IO_LEAST_FIRST(devices)						\
	((devices) * (RINGS_MOST + IO_BUFFERS) * IO_PAGE)

/* Addresses of one ring, as the device sees them. */
struct ring {
	uint64_t desc, avail, used;
};

/* One buffer of a request: @len bytes at @offset into it. */
struct io_part {
	unsigned int buffer;
	uint32_t offset, len;
	bool device_writes;
};

/* Empty the @queue-th ring of a device in @m, which is mapped at @iova. */
struct ring ring_clear(const struct memory *m, uint64_t iova,
		       unsigned int device, unsigned int queue);

/* Describe region @r of @m to the @device-th that has it. */
struct io_memory io_memory(const struct memory *m, const struct region *r,
			   unsigned int device);

/* The page of a buffer in this process. */
unsigned char *io_buffer(const struct io_memory *m, unsigned int buffer);

/* Fill a buffer with bytes that differ for each @seq. */
void io_fill(unsigned char *data, uint32_t len, uint64_t seq);

/* Offer a chain of @count buffers. Returns the used index that ends it. */
uint16_t ring_post(const struct io_memory *m, unsigned int queue,
		   const struct io_part *parts, unsigned int count);

/* The used index that ends all that was offered. */
uint16_t ring_offered(const struct io_memory *m, unsigned int queue);

/* The device has reached the used index @until. */
bool ring_done(const struct io_memory *m, unsigned int queue, uint16_t until);

/*
 * Give way to others until the device has answered, for some ten ms. A guest
 * that sleeps meanwhile is idle, and the clock of an idle guest that counts
 * instructions leaps: how often would depend on when the host comes to answer.
 */
void ring_await_briefly(const struct io_memory *m, unsigned int queue,
			uint16_t until);

/* The used index, and the bytes that the device says it wrote last. */
uint16_t ring_used(const struct io_memory *m, unsigned int queue);
uint32_t ring_used_len(const struct io_memory *m, unsigned int queue);
