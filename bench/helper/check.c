// SPDX-License-Identifier: GPL-2.0-only
/* What the experiments that check the kernel's interface share. */
#include <errno.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "emit.h"
#include "proc.h"

static uint64_t *checks;	/* shared with children */

void check(const char *name, int64_t got, int64_t want)
{
	emit_begin("check");
	emit_str("name", name);
	emit_bool("ok", got == want);
	emit_str("got", got < 0 ? strerror((int)-got) : "");
	emit_u64("value", (uint64_t)(got < 0 ? -got : got));
	emit_u64("want", (uint64_t)(want < 0 ? -want : want));
	emit_end();
	(*checks)++;
}

void check_end(void)
{
	check("kernel-warnings", (int64_t)proc_kernel_warned(), 0);
	emit_last(*checks);
}

/* The child counts in the same memory; what it says of a failure is said. */
void in_child(void (*body)(struct vdpa *d, struct memory *m),
	      struct vdpa *d, struct memory *m)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		body(d, m);
		_exit(EXIT_DONE);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("fork", errno, "the second process did not end well");
	if (WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
}

int __new_owner(const struct vdpa *d)
{
	return __device_ioctl(d->fd, VHOST_NEW_OWNER, NULL);
}

int __reset_owner(const struct vdpa *d)
{
	return __device_ioctl(d->fd, VHOST_RESET_OWNER, NULL);
}

int __remap(const struct vdpa *d, uint64_t iova, uint64_t size,
	    const void *uaddr, uint8_t perm)
{
	return __vdpa_message(d, VHOST_IOTLB_REMAP, iova, size, uaddr, perm);
}

void limit_memlock(uint64_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		die("setrlimit", errno, "memlock limit");
}

void make_memory(struct memory *m, const struct params *p)
{
	checks = mmap(NULL, sizeof(*checks), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (checks == MAP_FAILED)
		die("mmap", errno, "shared memory");
	limit_memlock(RLIM_INFINITY);
	memory_create(m, p->pages, p->mem, p->file);
}

void open_device(struct vdpa *d, const struct params *p)
{
	memset(d, 0, sizeof(*d));
	strcpy(d->node, p->device[FAMILY_VDPA]);
	vdpa_open(d);
}
