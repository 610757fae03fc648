// SPDX-License-Identifier: GPL-2.0-only
/* Which part of guest memory each message maps: given, or split evenly. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "regions.h"

/* Above 4 GiB: clear of every window that an IOMMU or a PC reserves. */
#define FIRST_IOVA (1ull << 32)
#define PAGE 4096

void regions_parse(struct regions *r, char *list)
{
	for (char *one = strtok(list, ","); one; one = strtok(NULL, ",")) {
		struct region *region = &r->at[r->n];
		int end = 0;

		if (r->n++ == MAX_REGIONS)
			usage("--regions has too many");
		if (sscanf(one, "%" SCNu64 "+%" SCNu64 "@%" SCNu64 "%n",
			   &region->iova, &region->size, &region->offset,
			   &end) != 3 || one[end])
			usage("--regions wants a count or IOVA+SIZE@OFFSET");
	}
}

void regions_split(struct regions *r, uint64_t count, uint64_t mem,
		   uint64_t unit)
{
	uint64_t step;

	if (!count || count > MAX_REGIONS || count > mem / unit)
		usage("--regions must leave each a page, and be few");
	step = mem / count / unit * unit;
	for (r->n = 0; r->n < count; r->n++) {
		uint64_t at = r->n * step;
		bool last = r->n + 1 == count;

		r->at[r->n] = (struct region) {
			FIRST_IOVA + at, at, last ? mem - at : step
		};
	}
}

void regions_check(const struct regions *r, uint64_t mem, uint64_t least_first,
		   uint64_t least)
{
	for_each_region(one, r) {
		if ((one->iova | one->size | one->offset) % PAGE)
			usage("--regions are not whole pages");
		if (one->size > mem || one->offset > mem - one->size ||
		    one->iova > UINT64_MAX - one->size)
			usage("--regions goes beyond the memory");
		if (one->size < (one == r->at ? least_first : least))
			usage("--regions leaves no room for rings and buffers");
	}
	if (r->at[0].offset)
		usage("--regions must begin at offset 0");
}
