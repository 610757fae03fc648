// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live update of a VMM: one process hands guest memory and its device to
 * the next by execve(), and the time from before SUSPEND to after DRIVER_OK is
 * the pause. What a method does in each phase is a row of a table.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/vhost.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "emit.h"
#include "net.h"
#include "params.h"
#include "proc.h"
#include "vdpa.h"

enum phase {
	SUSPEND, RESET, RELEASE, EXEC, POPULATE, CLAIM, VRINGS, MAP, START,
	NPHASES
};

static const char * const phase_names[NPHASES] = {
	"suspend", "reset", "release", "exec", "populate", "claim", "vrings",
	"map", "start"
};

/* Lives in a memfd that every process of the chain maps. */
struct state {
	struct params p;
	uint32_t rep;
	int out_fd;
	struct memory m;
	struct vdpa d;
	uint64_t runs;
	uint64_t begin;
	uint64_t end[NPHASES];
};

/* Above 4 GiB: clear of every window that an IOMMU or a PC reserves. */
#define IOVA (1ull << 32)

/* Two places, so that user addresses never survive a handover by accident. */
#define PLACE(rep) ((rep) & 1 ? 3ull << 44 : 2ull << 44)

static void map_update(struct state *s)
{
	uint64_t unit = page_kind_bytes(s->p.pages);
	uint64_t step = s->p.mem / s->p.regions / unit * unit;

	vdpa_batch_begin(&s->d);
	for (uint32_t i = 0; i < s->p.regions; i++) {
		uint64_t at = i * step;
		uint64_t size = i + 1 < s->p.regions ? step : s->p.mem - at;

		vdpa_map(&s->d, IOVA + at, size, s->m.base + at);
	}
	vdpa_batch_end(&s->d);
}

/* The kernel's entries end where a region ends and where a VMA ended. */
static void map_remap(struct state *s)
{
	uint64_t unit = page_kind_bytes(s->p.pages);
	uint64_t step = s->p.mem / s->p.regions / unit * unit;
	uint64_t at = 0;

	if (!vdpa_has(&s->d, VHOST_BACKEND_F_IOTLB_REMAP))
		return;

	vdpa_batch_begin(&s->d);
	while (at < s->p.mem) {
		uint64_t region = (at / step + 1) * step;
		uint64_t vma = (at / s->p.file + 1) * s->p.file;
		uint64_t end = region < vma ? region : vma;

		if (at / step >= s->p.regions - 1)
			end = vma;	/* the last region takes the rest */
		if (end > s->p.mem)
			end = s->p.mem;
		vdpa_remap(&s->d, IOVA + at, end - at, s->m.base + at);
		at = end;
	}
	vdpa_batch_end(&s->d);
}

static void suspend(struct state *s)
{
	vdpa_suspend(&s->d);
}

static void reset(struct state *s)
{
	vdpa_reset(&s->d);
}

static void release_reset_owner(struct state *s)
{
	vdpa_reset_owner(&s->d);
}

static void release_close(struct state *s)
{
	close(s->d.fd);
}

static void claim_set_owner(struct state *s)
{
	vdpa_negotiate(&s->d);
	vdpa_set_owner(&s->d);
}

static void claim_new_owner(struct state *s)
{
	vdpa_negotiate(&s->d);
	vdpa_new_owner(&s->d);
}

static void claim_open(struct state *s)
{
	vdpa_open(&s->d, s->p.device);
	claim_set_owner(s);
}

static void vrings(struct state *s)
{
	vdpa_setup_vqs(&s->d);
}

static void start(struct state *s)
{
	vdpa_start(&s->d);
}

struct method {
	const char *name;
	bool device;	/* there is one to hand over */
	void (*step[NPHASES])(struct state *s);
};

static const struct method methods[] = {
	{
		.name = "new-owner", .device = true,
		.step = {
			[SUSPEND] = suspend, [RESET] = reset,
			[CLAIM] = claim_new_owner, [VRINGS] = vrings,
			[MAP] = map_remap, [START] = start,
		},
	}, {
		.name = "reset-owner", .device = true,
		.step = {
			[SUSPEND] = suspend, [RESET] = reset,
			[RELEASE] = release_reset_owner,
			[CLAIM] = claim_set_owner, [VRINGS] = vrings,
			[MAP] = map_update, [START] = start,
		},
	}, {
		.name = "reopen", .device = true,
		.step = {
			[SUSPEND] = suspend, [RESET] = reset,
			[RELEASE] = release_close, [CLAIM] = claim_open,
			[VRINGS] = vrings, [MAP] = map_update,
			[START] = start,
		},
	}, {
		.name = "exec-only",
	},
};

int method_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name))
			return (int)i;
	return -1;
}

const char *method_name(uint8_t method)
{
	return methods[method].name;
}

static void take_step(struct state *s, enum phase phase)
{
	const struct method *method = &methods[s->p.order[s->rep]];

	if (method->step[phase])
		method->step[phase](s);
	s->end[phase] = now();
}

static bool has_device(const struct state *s)
{
	return methods[s->p.order[0]].device;
}

/* A rep counts only when all of this holds in the process that runs now. */
static uint64_t prove(struct state *s, uint64_t seq)
{
	uint64_t want = s->p.pinned && has_device(s) ? s->p.mem / 1024 : 0;
	uint64_t vmpin = proc_vmpin_kb(0);

	if (vmpin != want)
		die("vmpin", 0, "VmPin is %llu kB, not %llu kB",
		    (unsigned long long)vmpin, (unsigned long long)want);
	if (has_device(s))
		net_prove(&s->d, &s->m, IOVA, seq);
	memory_touch(&s->m);
	memory_verify_pages(&s->m);
	if (proc_kernel_warned())
		die("kernel-log", 0, "the kernel has warned (see the console)");
	return vmpin;
}

static void emit_rep(const struct state *s, uint64_t vmpin)
{
	uint64_t from = s->begin;

	emit_begin("rep");
	emit_u64("i", s->rep);
	emit_str("method", method_name(s->p.order[s->rep]));
	emit_open("phases");
	for (int i = 0; i < NPHASES; i++) {
		emit_u64(phase_names[i], s->end[i] - from);
		from = s->end[i];
	}
	emit_close();
	emit_u64("pause", s->end[START] - s->begin);
	emit_u64("vmpin_kb", vmpin);
	emit_u64("runs", s->runs);
	emit_end();
}

/* The old process: stop the device, let go of it and become the new one. */
static void __attribute__((noreturn)) hand_over(struct state *s, int state_fd)
{
	char fd[16];
	char *argv[] = { "bench-helper", "--continue", fd, NULL };
	char *envp[] = { NULL };

	snprintf(fd, sizeof(fd), "%d", state_fd);
	s->begin = now();
	take_step(s, SUSPEND);
	take_step(s, RESET);
	take_step(s, RELEASE);
	execve("/proc/self/exe", argv, envp);
	die("execve", errno, "execve: %s", strerror(errno));
}

static struct state *map_state(int fd)
{
	struct state *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);

	if (s == MAP_FAILED)
		die("mmap", errno, "state: %s", strerror(errno));
	return s;
}

void live_update_continue(int fd)
{
	struct state *s = map_state(fd);
	uint64_t vmpin;

	/* Our own text and data: a fault on them is not the thing measured. */
	mlockall(MCL_CURRENT);
	emit_to(s->out_fd);
	memory_map(&s->m, PLACE(s->rep + 1));
	s->end[EXEC] = now();
	s->end[POPULATE] = s->end[EXEC];
	if (s->p.warm) {
		memory_touch(&s->m);
		s->end[POPULATE] = now();
	}
	for (enum phase phase = CLAIM; phase < NPHASES; phase++)
		take_step(s, phase);

	vmpin = prove(s, s->rep + 1);
	emit_rep(s, vmpin);
	if (++s->rep < s->p.nreps)
		hand_over(s, fd);

	emit_begin("end");
	emit_u64("n", s->rep);
	emit_end();
	_exit(EXIT_DONE);
}

static bool uses(const struct params *p, const char *method)
{
	int index = method_parse(method);

	for (uint32_t i = 0; i < p->nreps; i++)
		if (p->order[i] == index)
			return true;
	return false;
}

/* Neither ioctl can be told from the uapi headers; no rep may be half one. */
static void check_methods(struct state *s)
{
	if (uses(&s->p, "new-owner") &&
	    !vdpa_has(&s->d, VHOST_BACKEND_F_NEW_OWNER))
		skip("a kernel and a driver with VHOST_NEW_OWNER",
		     "%s does not offer VHOST_BACKEND_F_NEW_OWNER",
		     s->p.device);
	if (!uses(&s->p, "reset-owner"))
		return;
	if (__vdpa_ioctl(&s->d, VHOST_RESET_OWNER, NULL))
		skip("a kernel with VHOST_RESET_OWNER for vhost-vdpa",
		     "%s does not know VHOST_RESET_OWNER", s->p.device);
	claim_set_owner(s);
}

static void start_device(struct state *s)
{
	vdpa_open(&s->d, s->p.device);
	if (s->d.id != 1)
		skip("a network device", "%s is virtio device %u", s->p.device,
		     s->d.id);
	claim_set_owner(s);
	check_methods(s);
	net_layout(&s->d, &s->m, IOVA);
	vdpa_setup_vqs(&s->d);
	map_update(s);
	vdpa_start(&s->d);
}

static void run(const struct params *p)
{
	int fd = memfd_create("state", 0);
	struct state *s;

	if (fd < 0 || ftruncate(fd, sizeof(*s)))
		die("memfd_create", errno, "state: %s", strerror(errno));
	s = map_state(fd);
	s->p = *p;
	s->out_fd = emit_fd();
	s->m = (struct memory) {
		.pages = p->pages, .size = p->mem, .file = p->file,
	};
	memory_create(&s->m);
	memory_map(&s->m, PLACE(0));
	memory_stamp(&s->m);
	s->runs = memory_runs(&s->m);
	if (has_device(s))
		start_device(s);
	prove(s, 0);
	hand_over(s, fd);
}

const struct experiment live_update = { "live-update", run };
