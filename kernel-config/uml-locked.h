/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before every C file of user-mode Linux. Its kernel is built for one
 * CPU, and an x86 kernel for one CPU leaves the lock prefix of its atomic
 * operations out. On a host of VMs they have it, and to pin a page and to unpin
 * it are atomic operations for a good part. The few files that are compiled
 * before the offsets of structures are known use none.
 */
#if defined(__KERNEL__) && !defined(__UM_HOST__) && \
	__has_include(<generated/asm-offsets.h>)
#include <asm/alternative.h>
#undef LOCK_PREFIX
#define LOCK_PREFIX "lock "
#endif
