// SPDX-License-Identifier: GPL-2.0-only
/* Ways to hold memory, and controls that hold none: one row of a table each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pinners.h"
#include "proc.h"
#include "vdpa.h"

static void *address(const struct share *s, uint64_t at)
{
	return s->m->base + at;
}

/* The error decides: a sysctl, a module, a limit and an old kernel differ. */
static const char *need_of_ring(int error)
{
	switch (error) {
	case ENOMEM:	/* rings count as well */
		return "a higher memlock limit: ulimit -l; io_uring counts for"
		       " the user, and other programs may have taken it";
	case EACCES:
		return "a security module (SELinux, AppArmor) that allows"
		       " io_uring: sudo dmesg says what has refused it";
	case EMFILE:
	case ENFILE:
		return "more open files: ulimit -n";
	case ENOSYS:
		return "io_uring: Linux 5.13 with CONFIG_IO_URING, and no"
		       " seccomp filter that hides it";
	default:
		return "io_uring: sysctl kernel.io_uring_disabled=0, and no"
		       " seccomp filter against it";
	}
}

/* A ring for each thread: registration takes the ring's lock. */
static int open_ring(struct share *s, const char **need)
{
	struct io_uring_params p = { 0 };

	s->fd = (int)syscall(__NR_io_uring_setup, 1, &p);
	if (s->fd >= 0)
		return 0;
	*need = need_of_ring(errno);
	return errno;
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
	int error = -populate(s, s->first, page_kinds[s->p->pages].bytes);

	*need = "MADV_POPULATE_WRITE: Linux 5.14";
	if (error == EPERM || error == EACCES || error == ENOSYS)
		*need = "no seccomp filter or security module against it:"
			" bench doctor";
	return error;
}

#define GUP_TEST_FILE "/sys/kernel/debug/gup_test"

/* mm/gup_test.h, which is not part of the kernel's uapi headers. */
struct gup_test {
	uint64_t get_us, put_us, addr, size;
	uint32_t pages_a_call, gup_flags, test_flags;
	uint32_t which_pages[8];
};

#define PIN_LONGTERM_BENCHMARK _IOWR('g', 3, struct gup_test)
#define FOLL_WRITE 1u

/* As many as vhost-vdpa pins in one call: a page full of pointers. */
#define PAGES_A_CALL 512

static int open_gup_test(struct share *s, const char **need)
{
	*need = "root, debugfs, and a kernel with CONFIG_GUP_TEST";
	s->fd = open(GUP_TEST_FILE, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? errno : 0;
}

/* The kernel pins, unpins and times both itself, in microseconds. */
static int run_gup_test(struct share *s, uint64_t at, uint64_t bytes)
{
	struct gup_test test = {
		.addr = (uint64_t)(uintptr_t)address(s, at), .size = bytes,
		.pages_a_call = PAGES_A_CALL, .gup_flags = FOLL_WRITE,
	};

	if (ioctl(s->fd, PIN_LONGTERM_BENCHMARK, &test) < 0)
		return -errno;
	if (test.size != bytes)
		return -EIO;
	s->end[PIN] = s->begin[PIN] + test.get_us * 1000;
	s->begin[UNPIN] = 0;
	s->end[UNPIN] = test.put_us * 1000;
	return 0;
}

static struct vdpa device;

/* A device opens once, and takes one message at a time. */
static int open_device(struct share *s, const char **need)
{
	*need = "a vDPA device bound to vhost_vdpa: --device PATH";
	if (!s->p->device[FAMILY_VDPA][0])
		return ENODEV;
	*need = "--threads 1: vhost-vdpa takes one message at a time";
	if (s->p->threads > 1)
		return EBUSY;
	device.pins = s->p->pinned;
	device.entries = s->p->mem / 4096;
	strcpy(device.node, s->p->device[FAMILY_VDPA]);
	vdpa_open(&device);
	vdpa_set_owner(&device);
	vdpa_negotiate(&device);
	return 0;
}

/* In a batch: one table for the driver, and not one for each extent. */
static int map(struct share *s, uint64_t at, uint64_t bytes)
{
	vdpa_batch_begin(&device);
	vdpa_map(&device, s->p->regions.at[0].iova + at, bytes,
		 address(s, at));
	vdpa_batch_end(&device);
	return 0;
}

static int unmap(struct share *s, uint64_t at, uint64_t bytes)
{
	vdpa_batch_begin(&device);
	vdpa_unmap(&device, s->p->regions.at[0].iova + at, bytes);
	vdpa_batch_end(&device);
	return 0;
}

const struct pinner pinners[NMETHODS] = {
	[METHOD_IO_URING] = {
		.open = open_ring,
		.step = { register_buffer, unregister_buffer },
		.held_kb = proc_vmpin_kb, .limited = true,
	},
	[METHOD_GUP_TEST] = {
		.open = open_gup_test,
		.step = { run_gup_test },
	},
	[METHOD_IOTLB] = {
		.open = open_device,
		.step = { map, unmap },
		.held_kb = proc_vmpin_kb, .by_device = true,
	},
	[METHOD_MLOCK] = {
		.open = may_lock,
		.step = { lock, unlock },
		.held_kb = proc_vmlck_kb, .limited = true,
	},
	[METHOD_POPULATE] = {
		.open = try_populate,
		.step = { populate, zap },
	},
};
