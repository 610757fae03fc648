/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/* What backs guest memory. */
enum page_kind {
	PAGES_4K, PAGES_4K_FRAGMENTED, PAGES_THP, PAGES_HUGETLB_2M,
	PAGES_HUGETLB_1G,
	NPAGE_KINDS
};

extern const struct page_kind_row {
	const char *name;
	uint64_t bytes;		/* of a page */
	unsigned int memfd_flags;
	int advice;		/* of madvise(); -1: none */
} page_kinds[NPAGE_KINDS];

/*
 * Guest memory: a memfd of @file bytes, mapped again and again until @size
 * bytes are covered. With file == size ("real" backing) every page is distinct.
 */
struct memory {
	int fd;
	enum page_kind pages;
	uint64_t size;
	uint64_t file;
	unsigned char *base;	/* in this process */
};

/*
 * Where a process maps guest memory, in turn: no user address survives a
 * handover by accident. And memory that is not the guest's, for wrong addresses
 * (FAULT_WRONG_ADDRESS).
 */
#define PLACE(rep) ((rep) & 1 ? 3ull << 44 : 2ull << 44)
#define DECOY (4ull << 44)

/* The last bytes of each page hold its stamp: nothing else may be put there. */
#define MEMORY_STAMP 8

/* Make a file of @file bytes, map it at PLACE(0), @size bytes; stamp it. */
void memory_create(struct memory *m, enum page_kind pages, uint64_t size,
		   uint64_t file);

/* Map all of it at @where, which is free in a process that does only this. */
void memory_map(struct memory *m, uint64_t where);
void memory_unmap(struct memory *m);

/* Keep its mapping out of children, as a VMM does; each maps the file anew. */
void memory_keep_from_children(const struct memory *m);

/* Map at DECOY what is as large, shared and touchable, but not guest memory. */
unsigned char *memory_make_decoy(const struct memory *m);

/*
 * Touch every page as a VM that ran has, and find the stamps that the first
 * process left: the same memory, in the same order.
 */
void memory_touch(const struct memory *m);

/* Make page tables for all of memory, by the kernel where it can. */
void memory_populate(const struct memory *m);

/*
 * Collapse what is to be huge pages and is not yet. Memory that shmem_enabled
 * keeps from having them ("never", unless the administrator said otherwise) can
 * still be given them afterwards: that needs no right and no other setting.
 */
void memory_make_huge(const struct memory *m);

/* Check by smaps that all of it, which was touched, has pages of its kind. */
void memory_verify_pages(const struct memory *m);

/*
 * Count the physically contiguous extents that pinning will meet; 0 without the
 * right to see them. The pages of the file are the same in every repetition,
 * and two repetitions do not join unless its last page is followed by its
 * first, which is one extent of many.
 */
uint64_t memory_extents(const struct memory *m);
