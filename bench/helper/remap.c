// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's interface: what REMAP takes and refuses, and that a device works
 * after a change of owner in the two cases that are easily got wrong.
 */
#include <errno.h>
#include <linux/vhost.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "experiment.h"
#include "io.h"

static void bad_remaps(struct vdpa *d, struct memory *m)
{
	check("remap-perm", __remap(d, IOVA, m->size, m->base, VHOST_ACCESS_RW),
	      -EFAULT);
	check("remap-size-0", __remap(d, IOVA, 0, m->base, 0), -EFAULT);
	check("remap-wrong-size", __remap(d, IOVA, m->size / 2, m->base, 0),
	      -EFAULT);
	check("remap-wrong-start",
	      __remap(d, IOVA + 4096, m->size - 4096, m->base, 0), -EFAULT);
	check("remap-kernel-address",
	      __remap(d, IOVA, m->size, (void *)(-1ull << 47), 0), -EFAULT);
	check("remap-unknown-iova", __remap(d, IOVA * 2, m->size, m->base, 0),
	      -EFAULT);
}

/*
 * The whole way, in one process after another: a reset without IOTLB_PERSIST
 * keeps the map once NEW_OWNER was negotiated, and an unbatched REMAP hands the
 * device the new address. Each loses the packet when it is wrong.
 */
static void restart_elsewhere(struct vdpa *d, struct memory *m)
{
	const struct region all = { IOVA, 0, m->size };

	memory_unmap(m);
	memory_map(m, PLACE(1));
	check("restart-new-owner", __new_owner(d), 0);
	if (vdpa_has(d, VHOST_BACKEND_F_IOTLB_REMAP))
		check("remap-unbatched", __remap(d, IOVA, m->size, m->base, 0),
		      0);
	vdpa_setup_vqs(d);
	vdpa_start(d);
	io_prove(d, m, &all, 1);	/* exits when it is lost */
	check("packet-after-new-owner", 0, 0);
}

static void check_restart(const struct params *p, struct memory *m)
{
	const struct region all = { IOVA, 0, m->size };
	struct vdpa d;
	uint64_t backend;

	open_device(&d, p);
	vdpa_set_owner(&d);
	vdpa_negotiate(&d);
	backend = d.backend & ~(1ull << VHOST_BACKEND_F_IOTLB_PERSIST);
	check("negotiate-without-persist",
	      __device_ioctl(d.fd, VHOST_SET_BACKEND_FEATURES, &backend), 0);
	io_layout(&d, m, IOVA);
	vdpa_map(&d, IOVA, m->size, m->base);
	vdpa_setup_vqs(&d);
	vdpa_start(&d);
	io_prove(&d, m, &all, 0);
	vdpa_suspend(&d);
	vdpa_reset(&d);
	if (d.forgetful)
		io_layout(&d, m, IOVA);
	in_child(restart_elsewhere, &d, m);
	close(d.fd);
}

static void check_remap(const struct params *p, struct memory *m)
{
	struct vdpa d;

	open_device(&d, p);
	vdpa_set_owner(&d);
	vdpa_negotiate(&d);
	vdpa_map(&d, IOVA, m->size, m->base);
	if (vdpa_has(&d, VHOST_BACKEND_F_IOTLB_REMAP))
		bad_remaps(&d, m);
	else
		check("remap-not-supported",
		      __remap(&d, IOVA, m->size, m->base, 0), -EFAULT);
	close(d.fd);
}

static void run(const struct params *p)
{
	struct memory m;

	make_memory(&m, p);
	check_remap(p, &m);
	check_restart(p, &m);
	check_end();
}

const struct experiment remap = {
	"remap", METHOD_EXEC_ONLY, METHOD_EXEC_ONLY, run
};
