// SPDX-License-Identifier: GPL-2.0-only
/* Which part of guest memory each message maps: given, or split evenly. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "params.h"

/* Above 4 GiB: clear of every window that an IOMMU or a PC reserves. */
#define FIRST_IOVA (1ull << 32)

void regions_parse(struct params *p, char *list)
{
	for (char *r = strtok(list, ","); r; r = strtok(NULL, ",")) {
		struct region *region = &p->regions[p->nregions];
		int end = 0;

		if (p->nregions++ == MAX_REGIONS)
			usage("--regions has too many");
		if (sscanf(r, "%" SCNu64 "+%" SCNu64 "@%" SCNu64 "%n",
			   &region->iova, &region->size, &region->offset,
			   &end) != 3 || r[end])
			usage("--regions wants a count or IOVA+SIZE@OFFSET");
	}
}

/* Regions of equal size, whole pages each; the last one takes the rest. */
static void split(struct params *p)
{
	uint64_t unit = page_kind_bytes(p->pages);
	uint64_t step;

	if (!p->split || p->split > MAX_REGIONS || p->split > p->mem / unit)
		usage("--regions must leave each a page, and be few");
	step = p->mem / p->split / unit * unit;
	for (p->nregions = 0; p->nregions < p->split; p->nregions++) {
		uint64_t at = p->nregions * step;
		bool last = p->nregions + 1 == p->split;

		p->regions[p->nregions] = (struct region) {
			FIRST_IOVA + at, at, last ? p->mem - at : step
		};
	}
}

/* Each takes part in the proof, so that rings or buffers have to fit. */
static void check(const struct params *p, const struct region *r)
{
	if ((r->iova | r->size | r->offset) % IO_PAGE)
		usage("--regions are not whole pages");
	if (r->size > p->mem || r->offset > p->mem - r->size ||
	    r->iova > UINT64_MAX - r->size)
		usage("--regions goes beyond the memory");
	if (order_has_device(p) && r->size < IO_LEAST)
		usage("--regions leaves no room for rings and buffers");
}

void regions_complete(struct params *p)
{
	if (!p->nregions)
		split(p);
	for (uint32_t i = 0; i < p->nregions; i++)
		check(p, &p->regions[i]);
	/* The rings are at the start of memory, and of the first region. */
	if (p->regions[0].offset)
		usage("--regions must begin at offset 0");
}
