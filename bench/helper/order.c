// SPDX-License-Identifier: GPL-2.0-only
/* Methods by name, and the order in which a run has them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "params.h"

static const char * const names[NMETHODS] = {
	[METHOD_NEW_OWNER] = "new-owner",
	[METHOD_RESET_OWNER] = "reset-owner",
	[METHOD_REOPEN] = "reopen",
	[METHOD_VFIO_VADDR] = "vfio-vaddr",
	[METHOD_VFIO_REMAP] = "vfio-remap",
	[METHOD_IOMMUFD_PROCESS] = "iommufd-process",
	[METHOD_IOMMUFD_REMAP] = "iommufd-remap",
	[METHOD_EXEC_ONLY] = "exec-only",
	[METHOD_IO_URING] = "io-uring",
	[METHOD_GUP_TEST] = "gup-test",
	[METHOD_IOTLB] = "iotlb",
	[METHOD_MLOCK] = "mlock",
	[METHOD_POPULATE] = "populate",
};

const char *method_name(uint8_t method)
{
	return names[method];
}

static int method_parse(const char *name)
{
	for (int i = 0; i < NMETHODS; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

void order_parse(struct params *p, char *list)
{
	for (char *m = strtok(list, ","); m; m = strtok(NULL, ",")) {
		int method = method_parse(m);

		if (method < 0)
			usage("--order names an unknown method");
		if (p->nreps == MAX_REPS)
			usage("--order is too long");
		p->order[p->nreps++] = (uint8_t)method;
	}
}

bool order_has(const struct params *p, enum method_id method)
{
	return memchr(p->order, method, p->nreps);
}

bool order_has_device(const struct params *p)
{
	for (uint32_t i = 0; i < p->nreps; i++)
		if (method_has_device(p->order[i]))
			return true;
	return false;
}

/*
 * The first rep warms up, whichever method it is of: when its method goes, the
 * first method that is left takes its place.
 */
static void drop(struct params *p, enum method_id method)
{
	bool warmup_goes = p->order[0] == method;
	uint32_t kept = 1;

	for (uint32_t i = 1; i < p->nreps; i++)
		if (p->order[i] != method)
			p->order[kept++] = p->order[i];
	if (warmup_goes && kept > 1)
		p->order[0] = p->order[1];
	p->nreps = warmup_goes && kept == 1 ? 0 : kept;
}

void order_skip(struct params *p, enum method_id method, const char *need,
		const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	drop(p, method);
	if (!p->nreps)
		skip(need, "%s", why);
	emit_begin("skip");
	emit_str("method", method_name((uint8_t)method));
	emit_str("why", why);
	emit_str("need", need);
	emit_end();
}
