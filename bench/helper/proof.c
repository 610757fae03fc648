// SPDX-License-Identifier: GPL-2.0-only
/* What a handover has to show before it counts. */
#include <inttypes.h>

#include "clock.h"
#include "control.h"
#include "emit.h"
#include "methods.h"
#include "proc.h"
#include "proof.h"

static uint64_t mapped_kb(const struct state *s)
{
	uint64_t sum = 0;

	for_each_region(r, &s->p.regions)
		sum += r->size;
	return sum / 1024;
}

/* The pages of a VM are charged once for each of its vDPA devices. */
static uint64_t prove_charge(const struct state *s, const struct family *family)
{
	bool pinned = family && (family->pins || s->p.pinned);
	uint64_t want = pinned ? mapped_kb(s) : 0;
	uint64_t charged = family ? family->charged_kb(0) : proc_vmpin_kb(0);

	if (pinned && family == &vdpa_family)
		want = s->p.devices_of_vm *
		       (want + (s->p.cvq ? CONTROL_BYTES / 1024 : 0));
	if (charged != want)
		die("charged", 0, "%s is %" PRIu64 " kB, not %" PRIu64 " kB",
		    family ? family->account : "VmPin", charged, want);
	return charged;
}

uint64_t prove(struct state *s, uint64_t seq)
{
	const struct family *family = family_of(s);
	uint64_t charged = prove_charge(s, family);
	uint64_t begin;

	seq *= s->p.regions.n;
	if (family)	/* a request through every mapping */
		for_each_region(r, &s->p.regions)
			family->prove(s, r, seq++);
	begin = now();
	memory_touch(&s->m);
	s->after_pause = now() - begin;
	memory_verify_pages(&s->m);
	if (proc_kernel_warned() & ~s->warned)
		die("kernel-log", 0, "the kernel has warned (see the console)");
	return charged;
}

void check_fragmented(const struct state *s)
{
	uint64_t pages = s->p.mem / page_kinds[s->p.pages].bytes;

	if (s->p.pages == PAGES_4K_FRAGMENTED && s->extents < pages / 10 * 9)
		die("pages", 0, "%" PRIu64 " pages are in %" PRIu64 " extents:"
		    " they are not fragmented", pages, s->extents);
}
