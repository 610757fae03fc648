// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of methods, and the lives of the devices that they hand over. A
 * process has at most one device at a time: between reps of two families, and
 * outside every pause, the old device is ended and the new one begun.
 */
#include <stddef.h>
#include <sys/param.h>

#include "methods.h"

static const struct family * const families[NFAMILIES + 1] = {
	[FAMILY_VDPA] = &vdpa_family,
	[FAMILY_TYPE1] = &type1_family,
	[FAMILY_IOMMUFD] = &iommufd_family,
	[NO_FAMILY] = NULL,
};

static const struct method exec_only = { 0 };

static const struct method * const methods[] = {
	[METHOD_NEW_OWNER] = &vdpa_new_owner,
	[METHOD_RESET_OWNER] = &vdpa_reset_owner,
	[METHOD_REOPEN] = &vdpa_reopen,
	[METHOD_RESUME] = &vdpa_resume_method,
	[METHOD_NEW_OWNER_BACK] = &vdpa_new_owner_back,
	[METHOD_RESET_OWNER_BACK] = &vdpa_reset_owner_back,
	[METHOD_VFIO_VADDR] = &type1_vaddr,
	[METHOD_VFIO_REMAP] = &type1_remap,
	[METHOD_IOMMUFD_PROCESS] = &iommufd_process,
	[METHOD_IOMMUFD_REMAP] = &iommufd_remap,
	[METHOD_EXEC_ONLY] = &exec_only,
};

const struct family *family_of(const struct state *s)
{
	if (s->method == NMETHODS)
		return NULL;
	return families[method_rows[s->method].family];
}

bool is_rep(const struct state *s)
{
	uint64_t n = s->p.order.n, done = s->rep + 1;

	return s->handover + 1 == MAX(done, s->p.handovers * done / n);
}

static uint8_t due_method(const struct state *s)
{
	const struct order *o = &s->p.order;

	if (s->rep == o->n)
		return NMETHODS;
	return o->method[is_rep(s) ? s->rep : s->handover % o->n];
}

/* Is this the step that the fault leaves out? */
static bool leaves_out(enum fault fault, uint8_t method, enum phase phase)
{
	if (phase != MAP)
		return false;
	if (fault == FAULT_SKIP_REMAP)
		return method == METHOD_NEW_OWNER || method == METHOD_RESUME;
	return fault == FAULT_SKIP_VADDR && method == METHOD_VFIO_VADDR;
}

void method_step(struct state *s, enum phase phase)
{
	uint8_t method = s->method;
	const struct region *last = &s->p.regions.at[s->p.regions.n - 1];

	if (methods[method]->step[phase] &&
	    !leaves_out(s->p.fault, method, phase))
		methods[method]->step[phase](s);
	if (s->p.fault == FAULT_DROP_MAPPING && phase == MAP && family_of(s))
		family_of(s)->unmap(s, last);
}

void methods_skip_going_back(struct state *s)
{
	for (uint8_t m = 0; m <= METHOD_EXEC_ONLY; m++)
		if (methods[m]->goes_back && order_has(&s->p.order, m))
			order_skip(&s->p.order, m,
				   "--handover transfer or fork",
				   "execve() leaves no old process");
}

bool method_goes_back(const struct state *s)
{
	return methods[s->method]->goes_back;
}

void method_give_up(struct state *s)
{
	if (methods[s->method]->give_up)
		methods[s->method]->give_up(s);
}

static void begin(struct state *s, const struct family *family)
{
	s->uaddr = s->m.base;
	family->begin(s);
}

void families_begin(struct state *s)
{
	for (enum family_id family = 0; family < NFAMILIES; family++)
		if (order_has_family(&s->p.order, family))
			families[family]->probe(s);
	s->method = due_method(s);
	if (family_of(s))
		begin(s, family_of(s));
}

bool families_change(struct state *s)
{
	const struct family *old = family_of(s), *next;

	s->method = due_method(s);
	next = family_of(s);
	if (old == next)
		return false;
	if (old)
		old->end(s);
	if (next)
		begin(s, next);
	return next;
}
