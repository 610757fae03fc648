// SPDX-License-Identifier: GPL-2.0-only
/* The pages of the helper itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "emit.h"
#include "own_pages.h"
#include "proc.h"

/* Since Linux 5.14, later than the headers of some build machines. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* AddressSanitizer has terabytes of shadow, which nobody can lock. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define PAGE 4096ul
#define STACK (8 * PAGE)	/* more than what is timed takes */

/* From the linker: this program begins, its writable data begin, it ends. */
extern char __executable_start[], __data_start[], end[];

static int populate(const char *from, const char *to, int advice)
{
	uintptr_t page = (uintptr_t)from & -PAGE;

	return madvise((void *)page, (uintptr_t)to - page, advice);
}

bool own_pages_hold(void)
{
	const char *stack = __builtin_frame_address(0);

	if (SANITIZED || !mlockall(MCL_CURRENT))
		return true;
	if (populate(__executable_start, end, MADV_POPULATE_READ) ||
	    populate(__data_start, end, MADV_POPULATE_WRITE) ||
	    populate(stack - STACK, stack, MADV_POPULATE_WRITE))
		die("mlockall", errno, "own pages cannot be locked within a"
		    " memlock limit of %" PRIu64 " kB (ulimit -l 2048), nor"
		    " mapped ahead (Linux 5.14)", proc_memlock_kb());
	return false;
}
