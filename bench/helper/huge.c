// SPDX-License-Identifier: GPL-2.0-only
/* Whole page tables and huge pages, asked for instead of waited for. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "emit.h"
#include "memory.h"
#include "proc.h"

/* Since Linux 5.14 and 6.1, later than the headers of some build machines. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define HUGE (2ull << 20)
#define TRIES 5

/* Page tables for all of memory, made by the kernel where it can. */
void memory_populate(const struct memory *m)
{
	if (madvise(m->base, m->size, MADV_POPULATE_WRITE))
		memory_touch(m);
}

static int collapse(unsigned char *at, uint64_t bytes)
{
	int r = -1;

	/* EAGAIN: something was in the way for a moment, see madvise(2). */
	for (int i = 0; i < TRIES && r; i++) {
		r = madvise(at, bytes, MADV_COLLAPSE);
		if (r && errno != EAGAIN)
			break;
	}
	return r ? -errno : 0;
}

/*
 * Memory that shmem_enabled keeps from having huge pages ("never", unless the
 * administrator said otherwise) can still be given them afterwards: that needs
 * no right, and leaves the setting as it is.
 */
void memory_make_huge(const struct memory *m)
{
	uint64_t start = (uint64_t)(uintptr_t)m->base;
	int r = 0;

	if (m->pages != PAGES_THP)
		return;
	if (proc_smaps(start, start + m->file).pmd_mapped_kb == m->file / 1024)
		return;
	for (uint64_t at = 0; at < m->file && !r; at += HUGE)
		r = collapse(m->base + at, HUGE);
	if (r)
		skip("huge pages for memfds: echo advise >"
		     " /sys/kernel/mm/transparent_hugepage/shmem_enabled, or"
		     " --tune; or Linux 6.1 and memory that is free in 2 MiB"
		     " blocks", "guest memory gets no huge pages: %s",
		     strerror(-r));
}
