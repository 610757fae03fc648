/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#define MAX_REGIONS 256

/* What one message maps: @size bytes at @offset into guest memory. */
struct region {
	uint64_t iova, offset, size;
};

struct regions {
	uint32_t n;
	struct region at[MAX_REGIONS];
};

#define for_each_region(r, regions)					\
	for (const struct region *r = (regions)->at;			\
	     r < (regions)->at + (regions)->n; r++)

/* Read "IOVA+SIZE@OFFSET,..." from the command line. */
void regions_parse(struct regions *r, char *list);

/* Split @mem bytes into @count regions, in @unit; the last has the rest. */
void regions_split(struct regions *r, uint64_t count, uint64_t mem,
		   uint64_t unit);

/*
 * Check that all lie within @mem bytes, in pages, and have @least bytes each;
 * that the first has @least_first, and begins at offset 0, where the rings are.
 * Else usage().
 */
void regions_check(const struct regions *r, uint64_t mem, uint64_t least_first,
		   uint64_t least);
