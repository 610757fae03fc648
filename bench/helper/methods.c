// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of methods, and the lives of the devices that they hand over. A
 * process has at most one device at a time: between reps of two families, and
 * outside every pause, the old device is ended and the new one begun.
 */
#include <stddef.h>

#include "handover.h"

static const struct method exec_only_method = { 0 };

const struct method * const methods[] = {
	[METHOD_NEW_OWNER] = &vdpa_new_owner_method,
	[METHOD_RESET_OWNER] = &vdpa_reset_owner_method,
	[METHOD_REOPEN] = &vdpa_reopen_method,
	[METHOD_VFIO_VADDR] = &type1_vaddr_method,
	[METHOD_VFIO_REMAP] = &type1_remap_method,
	[METHOD_IOMMUFD_PROCESS] = &iommufd_process_method,
	[METHOD_IOMMUFD_REMAP] = &iommufd_remap_method,
	[METHOD_EXEC_ONLY] = &exec_only_method,
};

bool method_has_device(uint8_t method)
{
	return method <= METHOD_EXEC_ONLY && methods[method]->family;
}

static const struct family *family_at(const struct state *s, uint32_t rep)
{
	return rep < s->p.nreps ? methods[s->p.order[rep]]->family : NULL;
}

const struct family *family_of(const struct state *s)
{
	return family_at(s, s->rep);
}

/* The sequence that is not timed is right in any case. */
static void begin(struct state *s, const struct family *family)
{
	enum fault fault = s->p.fault;

	s->p.fault = FAULT_NONE;
	family->begin(s);
	s->p.fault = fault;
}

/* Once each: the methods of a family are neighbours in the table. */
static void probe_all(struct state *s)
{
	const struct family *last = NULL;

	for (uint8_t m = 0; m < METHOD_EXEC_ONLY; m++) {
		const struct family *family = methods[m]->family;

		if (family == last || !order_has(&s->p, m))
			continue;
		family->probe(s);
		last = family;
	}
}

void families_begin(struct state *s)
{
	probe_all(s);
	if (family_of(s))
		begin(s, family_of(s));
}

void families_change(struct state *s, uint32_t from)
{
	const struct family *old = family_at(s, from), *next = family_of(s);

	if (old == next)
		return;
	if (old)
		old->end(s);
	if (!next)
		return;
	begin(s, next);
	prove(s, s->p.nreps + s->rep);
}

unsigned char *guest_address(const struct state *s, uint64_t offset)
{
	unsigned char *base = s->m.base;

	if (s->p.fault == FAULT_WRONG_ADDRESS)
		base = (unsigned char *)(uintptr_t)DECOY;
	return base + offset;
}

const struct region *region_to_drop(const struct state *s)
{
	if (s->p.fault != FAULT_DROP_MAPPING)
		return NULL;
	return &s->p.regions[s->p.nregions - 1];
}
