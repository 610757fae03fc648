/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stdint.h>

#include "memory.h"
#include "params.h"
#include "vdpa.h"

/* Where these experiments map their memory. */
#define IOVA (1ull << 32)

/* One property of the kernel's interface: negative values are errnos. */
void check(const char *name, int64_t got, int64_t want);

/* The last check, that the kernel has not warned, and the end of the stream. */
void check_end(void);

/* A second process, with an mm of its own, that lives until @body returns. */
void in_child(void (*body)(struct vdpa *d, struct memory *m),
	      struct vdpa *d, struct memory *m);

int __new_owner(const struct vdpa *d);
int __remap(const struct vdpa *d, uint64_t iova, uint64_t size,
	    const void *uaddr, uint8_t perm);

/* Stamped memory of this process, without a limit on pinning it. */
void make_memory(struct memory *m, const struct params *p);
void open_device(struct vdpa *d, const struct params *p);
void limit_memlock(uint64_t bytes);

#endif
