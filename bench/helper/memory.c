// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory in a memfd: made once, mapped by one process after the other. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emit.h"
#include "memory.h"
#include "proc.h"

#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26
#endif

#define KIB 1024ull
#define BASE_PAGE 4096ull

struct page_kind_row {
	const char *name;
	uint64_t bytes;
	unsigned int memfd_flags;
	int advice;
};

static const struct page_kind_row kinds[] = {
	[PAGES_4K] = { "4k", 4 * KIB, 0, MADV_NOHUGEPAGE },
	[PAGES_4K_FRAGMENTED] = { "4k-fragmented", 4 * KIB, 0,
				  MADV_NOHUGEPAGE },
	[PAGES_THP] = { "thp", 2048 * KIB, 0, MADV_HUGEPAGE },
	[PAGES_HUGETLB_2M] = { "hugetlb-2m", 2048 * KIB,
			       MFD_HUGETLB | 21u << MFD_HUGE_SHIFT, -1 },
	[PAGES_HUGETLB_1G] = { "hugetlb-1g", 1024 * 1024 * KIB,
			       MFD_HUGETLB | 30u << MFD_HUGE_SHIFT, -1 },
};

int page_kind_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return (int)i;
	return -1;
}

const char *page_kind_name(enum page_kind pages)
{
	return kinds[pages].name;
}

uint64_t page_kind_bytes(enum page_kind pages)
{
	return kinds[pages].bytes;
}

void memory_create(struct memory *m)
{
	const struct page_kind_row *kind = &kinds[m->pages];

	/* Inherited over execve() on purpose: no MFD_CLOEXEC. */
	m->fd = memfd_create("guest-memory", kind->memfd_flags);
	if (m->fd < 0)
		die("memfd_create", errno, "memfd for %s pages: %s", kind->name,
		    strerror(errno));
	if (ftruncate(m->fd, (off_t)m->file))
		die("ftruncate", errno, "memfd of %" PRIu64 " bytes: %s",
		    m->file, strerror(errno));
}

/* Map all of it at @where, which is free in a process that does only this. */
void memory_map(struct memory *m, uint64_t where)
{
	const struct page_kind_row *kind = &kinds[m->pages];
	unsigned char *base = (unsigned char *)(uintptr_t)where;

	for (uint64_t at = 0; at < m->size; at += m->file) {
		uint64_t part = m->size - at < m->file ? m->size - at : m->file;
		void *p = mmap(base + at, part, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED_NOREPLACE, m->fd, 0);

		if (p != base + at)
			die("mmap", errno, "guest memory at +%" PRIu64 ": %s%s",
			    at, strerror(errno), m->pages >= PAGES_HUGETLB_2M ?
			    " (free huge pages in the pool?)" : "");
		if (kind->advice >= 0 && madvise(p, part, kind->advice))
			die("madvise", errno, "%s: %s", kind->name,
			    strerror(errno));
	}
	m->base = base;
}

void memory_unmap(struct memory *m)
{
	munmap(m->base, m->size);
	m->base = NULL;
}

/* As large, shared and touchable as guest memory, but not it. */
void memory_make_decoy(const struct memory *m, uint64_t where)
{
	void *p = mmap((void *)(uintptr_t)where, m->size,
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS |
		       MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)(uintptr_t)where)
		die("mmap", errno, "decoy: %s", strerror(errno));
}

static volatile uint64_t *stamp_of(const struct memory *m, uint64_t at)
{
	uint64_t end = at + kinds[m->pages].bytes - MEMORY_STAMP;

	return (volatile uint64_t *)(uintptr_t)(m->base + end);
}

/*
 * Allocate every page and leave its file offset in it. The kernel hands out
 * neighbours one after the other: memory that is first touched in strides has
 * no two of them side by side, like that of a machine that has run for long.
 */
void memory_stamp(const struct memory *m)
{
	uint64_t unit = kinds[m->pages].bytes;
	uint64_t stride = m->pages == PAGES_4K_FRAGMENTED ? 64 * unit : unit;

	for (uint64_t from = 0; from < stride; from += unit)
		for (uint64_t at = from; at < m->file; at += stride)
			*stamp_of(m, at) = at;
}

/*
 * Touch every page as a VM that ran has, and find the stamps that the first
 * process left: the same memory, in the same order.
 */
void memory_touch(const struct memory *m)
{
	for (uint64_t at = 0; at < m->size; at += kinds[m->pages].bytes) {
		volatile uint64_t *stamp = stamp_of(m, at);
		uint64_t want = at % m->file;

		if (*stamp != want)
			die("memory", 0, "page at +%" PRIu64 " holds %" PRIu64
			    ", not %" PRIu64 ": guest memory was changed",
			    at, *stamp, want);
		*stamp = want;
	}
}

/* smaps counts in kB what is mapped how. */
static uint64_t backed_kb(const struct memory *m)
{
	uint64_t start = (uint64_t)(uintptr_t)m->base;
	struct smaps_sum sum = proc_smaps(start, start + m->size);

	switch (m->pages) {
	case PAGES_4K:
	case PAGES_4K_FRAGMENTED:
		return sum.pmd_mapped_kb ? 0 : sum.rss_kb;
	case PAGES_THP:
		return sum.pmd_mapped_kb;
	default:
		return sum.min_page_kb == kinds[m->pages].bytes / KIB ?
		       sum.hugetlb_kb : 0;
	}
}

/*
 * All of a touched memory. Reclaim may have unmapped a page since, even one
 * that is pinned (shrink_folio_list() looks at pins after it): a few are
 * touched again. More than a few were never mapped.
 */
void memory_verify_pages(const struct memory *m)
{
	uint64_t want = m->size / KIB, got = backed_kb(m);
	uint64_t page = kinds[m->pages].bytes / KIB;
	uint64_t few = want / 256 > page ? want / 256 : page;

	for (int i = 0; i < 5 && got < want && want - got <= few; i++) {
		memory_touch(m);
		got = backed_kb(m);
	}
	if (got != want)
		die("pages", 0, "%" PRIu64 " of %" PRIu64 " kB are backed by %s"
		    " pages (smaps)%s", got, want, kinds[m->pages].name,
		    m->pages == PAGES_THP ? "; is shmem_enabled 'advise' and is"
		    " memory free in 2 MiB blocks?" : "");
}

/*
 * How many physically contiguous runs pinning will meet. The pages of the file
 * are the same in every repetition, and two repetitions do not join unless its
 * last page is followed by its first, which costs one run of many.
 */
uint64_t memory_runs(const struct memory *m)
{
	uint64_t start = (uint64_t)(uintptr_t)m->base / BASE_PAGE;
	uint64_t pages = m->file / BASE_PAGE, runs = 0, last = 0;
	uint64_t entry[512];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	for (uint64_t at = 0; fd >= 0 && at < pages; at += 512) {
		uint64_t many = pages - at < 512 ? pages - at : 512;
		ssize_t n = pread(fd, entry, many * sizeof(entry[0]),
				  (off_t)((start + at) * sizeof(entry[0])));

		for (ssize_t i = 0; i < n / (ssize_t)sizeof(entry[0]); i++) {
			uint64_t pfn = entry[i] & ((1ull << 55) - 1);

			runs += pfn && pfn != last + 1;
			last = pfn;
		}
	}
	if (fd >= 0)
		close(fd);
	return runs * ((m->size + m->file - 1) / m->file);
}
