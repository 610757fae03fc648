// SPDX-License-Identifier: GPL-2.0-only
/* Block: a sector written and read back, or read twice. */
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <string.h>

#include "emit.h"
#include "io.h"

#define REQUEST 0	/* the header, and behind it the status byte */
#define WRITTEN 1
#define READ 2
#define SECTOR 512u
#define HEADER ((uint32_t)sizeof(struct virtio_blk_outhdr))

static void transfer(const struct vdpa *d, const struct io_memory *m,
		     uint32_t type, unsigned int buffer)
{
	struct io_part parts[] = {
		{ REQUEST, 0, HEADER, 0 },
		{ buffer, 0, SECTOR, type == VIRTIO_BLK_T_IN },
		{ REQUEST, HEADER, 1, 1 },
	};
	struct virtio_blk_outhdr *header = (void *)io_buffer(m, REQUEST);
	unsigned char *status = io_buffer(m, REQUEST) + HEADER;
	uint16_t done;

	*header = (struct virtio_blk_outhdr) { .type = type, .sector = 1 };
	*status = 0xff;
	done = io_post(m, 0, parts, 3);
	io_kick(d, 0);
	io_await(d, m, 0, done);
	if (*status != VIRTIO_BLK_S_OK)
		die("io", EIO, "a block request ended with status %u", *status);
}

static void prove(const struct vdpa *d, const struct io_memory *m, uint64_t seq)
{
	unsigned char *written = io_buffer(m, WRITTEN);
	unsigned char *read = io_buffer(m, READ);

	/* Each is to hold what the other does, and did not before. */
	io_fill(written, SECTOR, seq);
	memset(read, 0, SECTOR);
	transfer(d, m, d->gentle ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT, WRITTEN);
	transfer(d, m, VIRTIO_BLK_T_IN, READ);
	if (memcmp(written, read, SECTOR))
		die("io", EIO, "sector %" PRIu64
		    " was read back with other bytes than were written", seq);
}

const struct io io_blk = { VIRTIO_ID_BLOCK, 1, prove };
