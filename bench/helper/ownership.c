// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel interface itself: who may own a device, what a change of owner
 * moves, what it refuses. Not timed; each check is a line with what came and
 * what should have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/vhost.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emit.h"
#include "net.h"
#include "params.h"
#include "proc.h"
#include "vdpa.h"

#define IOVA (1ull << 32)
#define HERE (2ull << 44)
#define THERE (3ull << 44)

static uint64_t checks;

static void check(const char *name, int64_t got, int64_t want)
{
	emit_begin("check");
	emit_str("name", name);
	emit_bool("ok", got == want);
	emit_str("got", got < 0 ? strerrorname_np((int)-got) : "");
	emit_u64("value", (uint64_t)(got < 0 ? -got : got));
	emit_u64("want", (uint64_t)(want < 0 ? -want : want));
	emit_end();
	checks++;
}

/* A second process, with its own mm, that lives until @body returns. */
static void in_child(void (*body)(struct vdpa *d, struct memory *m),
		     struct vdpa *d, struct memory *m)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		checks = 0;
		body(d, m);
		_exit((int)checks);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("fork", errno, "the second process did not end well");
	checks += (uint64_t)WEXITSTATUS(status);
}

static int new_owner(const struct vdpa *d)
{
	return __vdpa_ioctl(d, VHOST_NEW_OWNER, NULL);
}

static void limit_memlock(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static void unnegotiated(struct vdpa *d, struct memory *m)
{
	(void)m;
	check("new-owner-not-negotiated", new_owner(d), -EOPNOTSUPP);
}

static void take_over(struct vdpa *d, struct memory *m)
{
	uint64_t pinned = proc_vmpin_kb(getppid());

	limit_memlock(4096);
	check("new-owner-low-memlock", new_owner(d), pinned ? -ENOMEM : 0);
	check("low-memlock-moves-nothing",
	      (int64_t)proc_vmpin_kb(pinned ? getppid() : 0), (int64_t)pinned);
	limit_memlock(RLIM_INFINITY);
	if (pinned)
		check("new-owner", new_owner(d), 0);
	check("new-owner-twice", new_owner(d), -EBUSY);
	check("vmpin-new", (int64_t)proc_vmpin_kb(0), (int64_t)pinned);
	check("vmpin-old", (int64_t)proc_vmpin_kb(getppid()), 0);
	check("memory-unchanged", m->base[0], 0);
}

static void not_owner(struct vdpa *d, struct memory *m)
{
	(void)m;
	check("reset-owner-by-another",
	      __vdpa_ioctl(d, VHOST_RESET_OWNER, NULL), -EPERM);
}

static void own_after_reset(struct vdpa *d, struct memory *m)
{
	(void)m;
	check("set-owner-after-reset",
	      __vdpa_ioctl(d, VHOST_SET_OWNER, NULL), 0);
}

static int remap(const struct vdpa *d, uint64_t iova, uint64_t size,
		 const void *uaddr, uint8_t perm)
{
	return __vdpa_message(d, VHOST_IOTLB_REMAP, iova, size, uaddr, perm);
}

static void bad_remaps(struct vdpa *d, struct memory *m)
{
	check("remap-perm", remap(d, IOVA, m->size, m->base, VHOST_ACCESS_RW),
	      -EFAULT);
	check("remap-size-0", remap(d, IOVA, 0, m->base, 0), -EFAULT);
	check("remap-wrong-size", remap(d, IOVA, m->size / 2, m->base, 0),
	      -EFAULT);
	check("remap-wrong-start",
	      remap(d, IOVA + 4096, m->size - 4096, m->base, 0), -EFAULT);
	check("remap-unknown-iova", remap(d, IOVA * 2, m->size, m->base, 0),
	      -EFAULT);
}

/*
 * The whole way, in one process after another: a reset without IOTLB_PERSIST
 * keeps the map once NEW_OWNER was negotiated, and an unbatched REMAP hands the
 * device the new address. Each loses the packet when it is wrong.
 */
static void restart_elsewhere(struct vdpa *d, struct memory *m)
{
	memory_unmap(m);
	memory_map(m, THERE);
	check("restart-new-owner", new_owner(d), 0);
	if (vdpa_has(d, VHOST_BACKEND_F_IOTLB_REMAP))
		check("remap-unbatched", remap(d, IOVA, m->size, m->base, 0),
		      0);
	vdpa_setup_vqs(d);
	vdpa_start(d);
	net_prove(d, m, IOVA, 1);
	check("packet-after-new-owner", 0, 0);
}

static void open_device(struct vdpa *d, const struct params *p)
{
	memset(d, 0, sizeof(*d));
	vdpa_open(d, p->device);
}

static void check_owners(const struct params *p, struct memory *m)
{
	struct vdpa d;

	open_device(&d, p);
	check("new-owner-without-owner", new_owner(&d), -EINVAL);
	vdpa_set_owner(&d);
	in_child(unnegotiated, &d, m);
	vdpa_negotiate(&d);
	check("new-owner-self", new_owner(&d), -EBUSY);
	vdpa_map(&d, IOVA, m->size, m->base);
	check("vmpin-mapped", (int64_t)proc_vmpin_kb(0),
	      p->pinned ? (int64_t)(m->size / 1024) : 0);
	in_child(not_owner, &d, m);
	if (vdpa_has(&d, VHOST_BACKEND_F_IOTLB_REMAP))
		bad_remaps(&d, m);
	else
		check("remap-not-supported",
		      remap(&d, IOVA, m->size, m->base, 0), -EFAULT);
	in_child(take_over, &d, m);
	check("old-owner-is-out",
	      __vdpa_message(&d, VHOST_IOTLB_INVALIDATE, IOVA, m->size, NULL,
			     0), -EFAULT);
	close(d.fd);
}

static void check_reset_owner(const struct params *p, struct memory *m)
{
	struct vdpa d;

	open_device(&d, p);
	check("reset-owner-without-owner",
	      __vdpa_ioctl(&d, VHOST_RESET_OWNER, NULL), -EPERM);
	vdpa_negotiate(&d);
	vdpa_set_owner(&d);
	vdpa_map(&d, IOVA, m->size, m->base);
	check("reset-owner", __vdpa_ioctl(&d, VHOST_RESET_OWNER, NULL), 0);
	check("vmpin-after-reset-owner", (int64_t)proc_vmpin_kb(0), 0);
	check("reset-owner-twice",
	      __vdpa_ioctl(&d, VHOST_RESET_OWNER, NULL), -EPERM);
	in_child(own_after_reset, &d, m);
	close(d.fd);
}

static void check_restart(const struct params *p, struct memory *m)
{
	struct vdpa d;
	uint64_t backend;

	open_device(&d, p);
	vdpa_negotiate(&d);
	backend = d.backend & ~(1ull << VHOST_BACKEND_F_IOTLB_PERSIST);
	check("negotiate-without-persist",
	      __vdpa_ioctl(&d, VHOST_SET_BACKEND_FEATURES, &backend), 0);
	vdpa_set_owner(&d);
	net_layout(&d, m, IOVA);
	vdpa_map(&d, IOVA, m->size, m->base);
	vdpa_setup_vqs(&d);
	vdpa_start(&d);
	net_prove(&d, m, IOVA, 0);
	vdpa_suspend(&d);
	vdpa_reset(&d);
	in_child(restart_elsewhere, &d, m);
	close(d.fd);
}

static void run(const struct params *p)
{
	struct memory m = {
		.pages = p->pages, .size = p->mem, .file = p->file,
	};

	limit_memlock(RLIM_INFINITY);
	memory_create(&m);
	memory_map(&m, HERE);
	memory_stamp(&m);
	check_owners(p, &m);
	check_reset_owner(p, &m);
	check_restart(p, &m);
	check("kernel-warnings", (int64_t)proc_kernel_warned(), 0);
	emit_begin("end");
	emit_u64("n", checks);
	emit_end();
}

const struct experiment ownership = { "ownership", run };
