/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "memory.h"
#include "params.h"
#include "vdpa.h"

/* Where these experiments map their memory. */
#define IOVA (1ull << 32)

/* Write whether a property of the interface holds: negative is -errno. */
void check(const char *name, int64_t got, int64_t want);

/* Check that the kernel has not warned, and end the stream. */
void check_end(void);

/* Run @body in a second process, with an mm of its own, until it returns. */
void in_child(void (*body)(struct vdpa *d, struct memory *m),
	      struct vdpa *d, struct memory *m);

/* These return -errno. */
int __new_owner(const struct vdpa *d);
int __reset_owner(const struct vdpa *d);
int __remap(const struct vdpa *d, uint64_t iova, uint64_t size,
	    const void *uaddr, uint8_t perm);

/* Make memory of this process, and take the limit off pinning it. */
void make_memory(struct memory *m, const struct params *p);
void open_device(struct vdpa *d, const struct params *p);
void limit_memlock(uint64_t bytes);
