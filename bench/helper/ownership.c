// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's interface: who may own a device, what a change of owner moves,
 * what it refuses. Not timed; each check is a line.
 */
#include <errno.h>
#include <linux/vhost.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "experiment.h"
#include "proc.h"

static void unnegotiated(struct vdpa *d, struct memory *m)
{
	(void)m;
	check("new-owner-not-negotiated", __new_owner(d), -EOPNOTSUPP);
}

static void be_new_owner(struct vdpa *d, struct memory *m)
{
	uint64_t pinned = proc_vmpin_kb(getppid());

	limit_memlock(4096);
	check("new-owner-low-memlock", __new_owner(d), pinned ? -ENOMEM : 0);
	check("low-memlock-moves-nothing",
	      (int64_t)proc_vmpin_kb(pinned ? getppid() : 0), (int64_t)pinned);
	limit_memlock(RLIM_INFINITY);
	if (pinned)
		check("new-owner", __new_owner(d), 0);
	check("new-owner-twice", __new_owner(d), -EBUSY);
	check("vmpin-new", (int64_t)proc_vmpin_kb(0), (int64_t)pinned);
	check("vmpin-old", (int64_t)proc_vmpin_kb(getppid()), 0);
	check("memory-unchanged", m->base[0], 0);
}

static void not_owner(struct vdpa *d, struct memory *m)
{
	(void)m;
	check("reset-owner-by-another", __reset_owner(d), -EPERM);
}

static void own_after_reset(struct vdpa *d, struct memory *m)
{
	(void)m;
	check("set-owner-after-reset",
	      __device_ioctl(d->fd, VHOST_SET_OWNER, NULL), 0);
}

static void check_owners(const struct params *p, struct memory *m)
{
	struct vdpa d;

	open_device(&d, p);
	check("new-owner-without-owner", __new_owner(&d), -EINVAL);
	vdpa_set_owner(&d);
	in_child(unnegotiated, &d, m);
	vdpa_negotiate(&d);
	check("new-owner-self", __new_owner(&d), -EBUSY);
	vdpa_map(&d, IOVA, m->size, m->base);
	check("vmpin-mapped", (int64_t)proc_vmpin_kb(0),
	      p->pinned ? (int64_t)(m->size / 1024) : 0);
	in_child(not_owner, &d, m);
	in_child(be_new_owner, &d, m);
	check("old-owner-is-out",
	      __vdpa_message(&d, VHOST_IOTLB_INVALIDATE, IOVA, m->size, NULL,
			     0), -EFAULT);
	close(d.fd);
}

static void check_reset_owner(const struct params *p, struct memory *m)
{
	struct vdpa d;

	open_device(&d, p);
	check("reset-owner-without-owner", __reset_owner(&d), -EPERM);
	vdpa_set_owner(&d);
	vdpa_negotiate(&d);
	vdpa_map(&d, IOVA, m->size, m->base);
	check("reset-owner", __reset_owner(&d), 0);
	check("vmpin-after-reset-owner", (int64_t)proc_vmpin_kb(0), 0);
	check("reset-owner-twice", __reset_owner(&d), -EPERM);
	in_child(own_after_reset, &d, m);
	close(d.fd);
}

static void take_and_die(struct vdpa *d, struct memory *m)
{
	(void)m;
	check("new-owner-that-dies", __new_owner(d), 0);
	vdpa_negotiate(d);
}

static void own_and_die(struct vdpa *d, struct memory *m)
{
	(void)m;
	vdpa_set_owner(d);
}

/* A new owner that is gone: can the old one, which has the file, go on? */
static void check_dead_owner(const struct params *p, struct memory *m)
{
	struct vdpa d;

	open_device(&d, p);
	vdpa_set_owner(&d);
	vdpa_negotiate(&d);
	vdpa_map(&d, IOVA, m->size, m->base);
	in_child(take_and_die, &d, m);
	check("vmpin-while-a-dead-process-owns", (int64_t)proc_vmpin_kb(0), 0);
	check("new-owner-of-a-dead-owner", __new_owner(&d), 0);
	check("vmpin-back", (int64_t)proc_vmpin_kb(0),
	      p->pinned ? (int64_t)(m->size / 1024) : 0);
	check("reset-owner-by-the-owner-again", __reset_owner(&d), 0);
	in_child(own_and_die, &d, m);
	check("reset-owner-of-a-dead-owner", __reset_owner(&d), -EPERM);
	check("set-owner-of-a-dead-owner",
	      __device_ioctl(d.fd, VHOST_SET_OWNER, NULL), -EBUSY);
	close(d.fd);
}

static void run(const struct params *p)
{
	struct memory m;

	make_memory(&m, p);
	check_owners(p, &m);
	check_reset_owner(p, &m);
	check_dead_owner(p, &m);
	check_end();
}

const struct experiment ownership = {
	"ownership", METHOD_EXEC_ONLY, METHOD_EXEC_ONLY, run
};
