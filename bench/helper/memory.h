/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>
#include <stdint.h>

enum page_kind {
	PAGES_4K, PAGES_4K_FRAGMENTED, PAGES_THP, PAGES_HUGETLB_2M,
	PAGES_HUGETLB_1G
};

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

/* The last bytes of each page hold its stamp: nothing else may be put there. */
#define MEMORY_STAMP 8

int page_kind_parse(const char *name);
const char *page_kind_name(enum page_kind pages);
uint64_t page_kind_bytes(enum page_kind pages);

void memory_create(struct memory *m);
void memory_map(struct memory *m, uint64_t where);
void memory_unmap(struct memory *m);
void memory_make_decoy(const struct memory *m, uint64_t where);
void memory_stamp(const struct memory *m);
void memory_touch(const struct memory *m);
void memory_populate(const struct memory *m);
void memory_make_huge(const struct memory *m);
void memory_verify_pages(const struct memory *m);
uint64_t memory_runs(const struct memory *m);

#endif
