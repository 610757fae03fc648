// SPDX-License-Identifier: GPL-2.0-only
/* What a handover has to show before it counts. */
#include "emit.h"
#include "handover.h"
#include "proc.h"

static uint64_t mapped(const struct state *s)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->p.nregions; i++)
		sum += s->p.regions[i].size;
	return sum;
}

/* Every mapping is one that a request goes through. */
static void prove_regions(struct state *s, const struct family *family,
			  uint64_t seq)
{
	for (uint32_t i = 0; i < s->p.nregions; i++)
		family->prove(s, &s->p.regions[i], seq * s->p.nregions + i);
}

static uint64_t prove_charge(const struct state *s, const struct family *family)
{
	uint64_t want = family && family->pins(s) ? mapped(s) / 1024 : 0;
	uint64_t charged = family ? family->charged_kb(0) : proc_vmpin_kb(0);

	if (charged != want)
		die("charged", 0, "%s is %llu kB, not %llu kB",
		    family ? family->account : "VmPin",
		    (unsigned long long)charged, (unsigned long long)want);
	return charged;
}

/* A rep counts only when all of this holds in the process that runs now. */
uint64_t prove(struct state *s, uint64_t seq)
{
	const struct family *family = family_of(s);
	uint64_t charged = prove_charge(s, family);

	if (family)
		prove_regions(s, family, seq);
	memory_touch(&s->m);
	memory_verify_pages(&s->m);
	if (proc_kernel_warned() & ~s->warned)
		die("kernel-log", 0, "the kernel has warned (see the console)");
	return charged;
}

void check_fragmented(const struct state *s)
{
	uint64_t pages = s->p.mem / page_kind_bytes(s->p.pages);

	if (s->p.pages == PAGES_4K_FRAGMENTED && s->runs < pages / 10 * 9)
		die("pages", 0, "%llu pages are in %llu contiguous runs: they"
		    " are not fragmented", (unsigned long long)pages,
		    (unsigned long long)s->runs);
}
