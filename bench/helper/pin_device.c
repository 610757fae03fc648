// SPDX-License-Identifier: GPL-2.0-only
/* Pins that something else holds for us: gup_test in debugfs, a vDPA device. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pin.h"
#include "proc.h"

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

int gup_test_open(struct share *s, const char **need)
{
	*need = "root, debugfs, and a kernel with CONFIG_GUP_TEST";
	s->fd = open(GUP_TEST_FILE, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? errno : 0;
}

/* The kernel pins, unpins and times both itself, in microseconds. */
int gup_test_run(struct share *s, uint64_t at, uint64_t bytes)
{
	struct gup_test test = {
		.addr = (uint64_t)(uintptr_t)(s->m->base + at), .size = bytes,
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
int iotlb_open(struct share *s, const char **need)
{
	*need = "a vDPA device bound to vhost_vdpa: --device PATH";
	if (!s->p->device[FAMILY_VDPA][0])
		return ENODEV;
	*need = "--threads 1: vhost-vdpa takes one message at a time";
	if (s->p->threads > 1)
		return EBUSY;
	device.pins = s->p->pinned;
	device.entries = s->p->mem / 4096;
	vdpa_open(&device, s->p->device[FAMILY_VDPA]);
	vdpa_negotiate(&device);
	vdpa_set_owner(&device);
	return 0;
}

/* In a batch: one table for the driver, and not one for each run of pages. */
int iotlb_pin(struct share *s, uint64_t at, uint64_t bytes)
{
	vdpa_batch_begin(&device);
	vdpa_map(&device, s->p->regions[0].iova + at, bytes, s->m->base + at);
	vdpa_batch_end(&device);
	return 0;
}

int iotlb_unpin(struct share *s, uint64_t at, uint64_t bytes)
{
	vdpa_batch_begin(&device);
	vdpa_unmap(&device, s->p->regions[0].iova + at, bytes);
	vdpa_batch_end(&device);
	return 0;
}

uint64_t iotlb_held_kb(const struct share *s)
{
	(void)s;
	return proc_vmpin_kb(0);
}
