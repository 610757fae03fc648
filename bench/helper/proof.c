// SPDX-License-Identifier: GPL-2.0-only
/* What a handover has to show before it counts. */
#include "emit.h"
#include "handover.h"
#include "io.h"
#include "proc.h"

bool has_device(const struct state *s)
{
	return method_has_device(s->p.order[0]);
}

static uint64_t mapped(const struct state *s)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->p.nregions; i++)
		sum += s->p.regions[i].size;
	return sum;
}

/* Every mapping is one that a request goes through. */
static void prove_regions(const struct state *s, uint64_t seq)
{
	for (uint32_t i = 0; i < s->p.nregions; i++) {
		const struct region *r = &s->p.regions[i];

		io_prove(&s->d, &s->m, r->offset, r->size, r->iova,
			 seq * s->p.nregions + i);
	}
}

/* A rep counts only when all of this holds in the process that runs now. */
uint64_t prove(struct state *s, uint64_t seq)
{
	uint64_t want = s->p.pinned && has_device(s) ? mapped(s) / 1024 : 0;
	uint64_t vmpin = proc_vmpin_kb(0);

	if (vmpin != want)
		die("vmpin", 0, "VmPin is %llu kB, not %llu kB",
		    (unsigned long long)vmpin, (unsigned long long)want);
	if (has_device(s)) {
		vdpa_check_running(&s->d);
		prove_regions(s, seq);
	}
	memory_touch(&s->m);
	memory_verify_pages(&s->m);
	if (proc_kernel_warned() & ~s->warned)
		die("kernel-log", 0, "the kernel has warned (see the console)");
	return vmpin;
}

void check_fragmented(const struct state *s)
{
	uint64_t pages = s->p.mem / page_kind_bytes(s->p.pages);

	if (s->p.pages == PAGES_4K_FRAGMENTED && s->runs < pages / 10 * 9)
		die("pages", 0, "%llu pages are in %llu contiguous runs: they"
		    " are not fragmented", (unsigned long long)pages,
		    (unsigned long long)s->runs);
}
