// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory in a memfd: made once, mapped by one process after the other. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/param.h>
#include <unistd.h>

#include "emit.h"
#include "memory.h"
#include "proc.h"

#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26
#endif
/* Since Linux 5.14 and 6.1, later than the headers of some build machines. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define KIB 1024ull
#define BASE_PAGE 4096ull
#define HUGE (2ull << 20)
#define COLLAPSE_TRIES 5

const struct page_kind_row page_kinds[NPAGE_KINDS] = {
	[PAGES_4K] = { "4k", 4 * KIB, 0, MADV_NOHUGEPAGE },
	[PAGES_4K_FRAGMENTED] = { "4k-fragmented", 4 * KIB, 0,
				  MADV_NOHUGEPAGE },
	[PAGES_THP] = { "thp", 2048 * KIB, 0, MADV_HUGEPAGE },
	[PAGES_HUGETLB_2M] = { "hugetlb-2m", 2048 * KIB,
			       MFD_HUGETLB | 21u << MFD_HUGE_SHIFT, -1 },
	[PAGES_HUGETLB_1G] = { "hugetlb-1g", 1024 * 1024 * KIB,
			       MFD_HUGETLB | 30u << MFD_HUGE_SHIFT, -1 },
};

/* EINVAL: a kernel without huge pages has none that could be kept out. */
static int advise(void *p, uint64_t bytes, int advice)
{
	int r = madvise(p, bytes, advice);

	return r && !(errno == EINVAL && advice == MADV_NOHUGEPAGE) ? r : 0;
}

void memory_map(struct memory *m, uint64_t where)
{
	const struct page_kind_row *kind = &page_kinds[m->pages];
	unsigned char *base = (unsigned char *)(uintptr_t)where;

	for (uint64_t at = 0; at < m->size; at += m->file) {
		uint64_t part = MIN(m->size - at, m->file);
		void *p = mmap(base + at, part, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED_NOREPLACE, m->fd, 0);

		if (p != base + at)
			die("mmap", errno, "guest memory at +%" PRIu64 "%s", at,
			    m->pages >= PAGES_HUGETLB_2M ?
			    " (free huge pages in the pool?)" : "");
		if (kind->advice >= 0 && advise(p, part, kind->advice))
			die("madvise", errno, "%s", kind->name);
	}
	m->base = base;
}

void memory_unmap(struct memory *m)
{
	munmap(m->base, m->size);
	m->base = NULL;
}

void memory_keep_from_children(const struct memory *m)
{
	if (madvise(m->base, m->size, MADV_DONTFORK))
		die("madvise", errno, "MADV_DONTFORK");
}

unsigned char *memory_make_decoy(const struct memory *m)
{
	void *where = (void *)(uintptr_t)DECOY;
	void *p = mmap(where, m->size, PROT_READ | PROT_WRITE, MAP_SHARED |
		       MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
		       -1, 0);

	if (p != where || madvise(p, m->size, MADV_DONTFORK))
		die("mmap", errno, "decoy");
	return p;
}

static volatile uint64_t *stamp_of(const struct memory *m, uint64_t at)
{
	uint64_t end = at + page_kinds[m->pages].bytes - MEMORY_STAMP;

	return (volatile uint64_t *)(uintptr_t)(m->base + end);
}

/*
 * Allocate every page and leave its file offset in it. The kernel hands out
 * neighbours one after the other: memory that is first touched in strides has
 * no two of them side by side, like that of a machine that has run for long.
 */
static void stamp_all(const struct memory *m)
{
	uint64_t unit = page_kinds[m->pages].bytes;
	uint64_t stride = m->pages == PAGES_4K_FRAGMENTED ? 64 * unit : unit;

	for (uint64_t from = 0; from < stride; from += unit)
		for (uint64_t at = from; at < m->file; at += stride)
			*stamp_of(m, at) = at;
}

void memory_create(struct memory *m, enum page_kind pages, uint64_t size,
		   uint64_t file)
{
	const struct page_kind_row *kind = &page_kinds[pages];

	*m = (struct memory) { .pages = pages, .size = size, .file = file };
	/* Inherited over execve() on purpose: no MFD_CLOEXEC. */
	m->fd = memfd_create("guest-memory", kind->memfd_flags);
	if (m->fd < 0)
		die("memfd_create", errno, "memfd for %s pages", kind->name);
	if (ftruncate(m->fd, (off_t)m->file))
		die("ftruncate", errno, "memfd of %" PRIu64 " bytes", m->file);
	memory_map(m, PLACE(0));
	stamp_all(m);
}

void memory_touch(const struct memory *m)
{
	for (uint64_t at = 0; at < m->size; at += page_kinds[m->pages].bytes) {
		volatile uint64_t *stamp = stamp_of(m, at);
		uint64_t want = at % m->file;

		if (*stamp != want)
			die("memory", 0, "page at +%" PRIu64 " holds %" PRIu64
			    ", not %" PRIu64 ": guest memory was changed",
			    at, *stamp, want);
		*stamp = want;
	}
}

void memory_populate(const struct memory *m)
{
	if (madvise(m->base, m->size, MADV_POPULATE_WRITE))
		memory_touch(m);
}

static int collapse(unsigned char *at, uint64_t bytes)
{
	int r = -1;

	/* EAGAIN: something was in the way for a moment, see madvise(2). */
	for (int i = 0; i < COLLAPSE_TRIES && r; i++) {
		r = madvise(at, bytes, MADV_COLLAPSE);
		if (r && errno != EAGAIN)
			break;
	}
	return r ? -errno : 0;
}

void memory_make_huge(const struct memory *m)
{
	uint64_t start = (uint64_t)(uintptr_t)m->base;
	int r = 0;

	if (m->pages != PAGES_THP)
		return;
	if (proc_smaps(0, start, start + m->file).pmd_mapped_kb ==
	    m->file / KIB)
		return;
	for (uint64_t at = 0; at < m->file && !r; at += HUGE)
		r = collapse(m->base + at, HUGE);
	if (r && prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) > 0)
		skip("bench started where prctl(PR_SET_THP_DISABLE) is not on:"
		     " it is inherited", "this process may have no huge pages:"
		     " %s", strerror(-r));
	if (r)
		skip("huge pages for memfds: echo advise >"
		     " /sys/kernel/mm/transparent_hugepage/shmem_enabled, or"
		     " --tune; or Linux 6.1 and memory that is free in 2 MiB"
		     " blocks", "guest memory gets no huge pages: %s",
		     strerror(-r));
}

/* How much, in kB, is mapped as it has to be. */
static uint64_t backed_kb(const struct memory *m)
{
	uint64_t start = (uint64_t)(uintptr_t)m->base;
	uint64_t huge = m->pages == PAGES_THP ?
			proc_huge_kb(start, start + m->size) : UINT64_MAX;
	struct smaps_sum sum;

	if (huge != UINT64_MAX)
		return huge;
	sum = proc_smaps(0, start, start + m->size);
	switch (m->pages) {
	case PAGES_4K:
	case PAGES_4K_FRAGMENTED:
		return sum.pmd_mapped_kb ? 0 : sum.rss_kb;
	case PAGES_THP:
		return sum.pmd_mapped_kb;
	default:
		return sum.min_page_kb == page_kinds[m->pages].bytes / KIB ?
		       sum.hugetlb_kb : 0;
	}
}

/*
 * Reclaim may have unmapped a page since it was touched, even one that is
 * pinned (shrink_folio_list() looks at pins after it): a few are touched again.
 * More than a few were never mapped.
 */
void memory_verify_pages(const struct memory *m)
{
	uint64_t want = m->size / KIB, got = backed_kb(m);
	uint64_t page = page_kinds[m->pages].bytes / KIB;
	uint64_t few = MAX(want / 256, page);

	for (int i = 0; i < 5 && got < want && want - got <= few; i++) {
		memory_touch(m);
		got = backed_kb(m);
	}
	if (got != want)
		die("pages", 0, "%" PRIu64 " of %" PRIu64 " kB are backed by %s"
		    " pages%s", got, want, page_kinds[m->pages].name,
		    m->pages == PAGES_THP ? "; is shmem_enabled 'advise' and is"
		    " memory free in 2 MiB blocks?" : "");
}

uint64_t memory_extents(const struct memory *m)
{
	uint64_t start = (uint64_t)(uintptr_t)m->base / BASE_PAGE;
	uint64_t pages = m->file / BASE_PAGE, extents = 0, last = 0;
	uint64_t entry[512];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	for (uint64_t at = 0; fd >= 0 && at < pages; at += 512) {
		uint64_t many = MIN(pages - at, 512);
		ssize_t n = pread(fd, entry, many * sizeof(entry[0]),
				  (off_t)((start + at) * sizeof(entry[0])));

		for (ssize_t i = 0; i < n / (ssize_t)sizeof(entry[0]); i++) {
			uint64_t pfn = entry[i] & ((1ull << 55) - 1);

			extents += pfn && pfn != last + 1;
			last = pfn;
		}
	}
	if (fd >= 0)
		close(fd);
	return extents * howmany(m->size, m->file);
}
