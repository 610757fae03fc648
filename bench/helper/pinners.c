// SPDX-License-Identifier: GPL-2.0-only
/* Ways to hold memory, and controls that hold none: one row of a table each. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pin.h"
#include "proc.h"

static void *address(const struct share *s, uint64_t at)
{
	return s->m->base + at;
}

static uint64_t vmpin(const struct share *s)
{
	(void)s;
	return proc_vmpin_kb(0);
}

static uint64_t vmlck(const struct share *s)
{
	(void)s;
	return proc_vmlck_kb();
}

static bool always(const struct share *s)
{
	(void)s;
	return true;
}

static bool if_pinned(const struct share *s)
{
	return s->p->pinned;
}

/* A ring for each thread: registration takes the ring's lock. */
static int open_ring(struct share *s, const char **need)
{
	struct io_uring_params p = { 0 };

	*need = "io_uring: Linux 5.13, sysctl kernel.io_uring_disabled=0, and"
		" no seccomp filter against it";
	s->fd = (int)syscall(__NR_io_uring_setup, 1, &p);
	if (s->fd < 0 && errno == ENOMEM)	/* rings count as well */
		*need = "a higher memlock limit: ulimit -l";
	return s->fd < 0 ? errno : 0;
}

static int ring_register(const struct share *s, unsigned int op, void *arg,
			 unsigned int count)
{
	if (syscall(__NR_io_uring_register, s->fd, op, arg, count) < 0)
		return -errno;
	return 0;
}

static int register_buffer(struct share *s, uint64_t at, uint64_t bytes)
{
	struct iovec buffer = { address(s, at), bytes };

	return ring_register(s, IORING_REGISTER_BUFFERS, &buffer, 1);
}

static int unregister_buffer(struct share *s, uint64_t at, uint64_t bytes)
{
	(void)at, (void)bytes;
	return ring_register(s, IORING_UNREGISTER_BUFFERS, NULL, 0);
}

/* Pages of hugetlb are never reclaimed: mlock_fixup() passes them by. */
static int may_lock(struct share *s, const char **need)
{
	*need = "pages that are not hugetlb: mlock() leaves those alone";
	return s->p->pages >= PAGES_HUGETLB_2M ? EOPNOTSUPP : 0;
}

/* Not by the C library, where AddressSanitizer makes nothing of them. */
static int lock(struct share *s, uint64_t at, uint64_t bytes)
{
	return syscall(__NR_mlock, address(s, at), bytes) ? -errno : 0;
}

static int unlock(struct share *s, uint64_t at, uint64_t bytes)
{
	return syscall(__NR_munlock, address(s, at), bytes) ? -errno : 0;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int populate(struct share *s, uint64_t at, uint64_t bytes)
{
	return madvise(address(s, at), bytes, MADV_POPULATE_WRITE) ? -errno : 0;
}

/* Of shared memory this drops the page tables and leaves the pages alone. */
static int zap(struct share *s, uint64_t at, uint64_t bytes)
{
	return madvise(address(s, at), bytes, MADV_DONTNEED) ? -errno : 0;
}

static int try_populate(struct share *s, const char **need)
{
	*need = "MADV_POPULATE_WRITE: Linux 5.14";
	return -populate(s, s->first, page_kind_bytes(s->p->pages));
}

const struct pinner pinners[NMETHODS] = {
	[METHOD_IO_URING] = {
		.open = open_ring,
		.step = { register_buffer, unregister_buffer },
		.held_kb = vmpin, .limited = true, .maps = always,
	},
	[METHOD_GUP_TEST] = {
		.open = gup_test_open,
		.step = { gup_test_run },
		.maps = always,
	},
	[METHOD_IOTLB] = {
		.open = iotlb_open,
		.step = { iotlb_pin, iotlb_unpin },
		.held_kb = iotlb_held_kb, .maps = if_pinned,
	},
	[METHOD_MLOCK] = {
		.open = may_lock,
		.step = { lock, unlock },
		.held_kb = vmlck, .limited = true, .maps = always,
	},
	[METHOD_POPULATE] = {
		.open = try_populate,
		.step = { populate, zap },
		.maps = always,
	},
};
