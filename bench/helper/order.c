// SPDX-License-Identifier: GPL-2.0-only
/* Methods by name, and the order in which a run has them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "order.h"

const struct method_row method_rows[NMETHODS] = {
	[METHOD_NEW_OWNER] = { "new-owner", FAMILY_VDPA },
	[METHOD_RESET_OWNER] = { "reset-owner", FAMILY_VDPA },
	[METHOD_REOPEN] = { "reopen", FAMILY_VDPA },
	[METHOD_RESUME] = { "resume", FAMILY_VDPA },
	[METHOD_NEW_OWNER_BACK] = { "new-owner-back", FAMILY_VDPA },
	[METHOD_RESET_OWNER_BACK] = { "reset-owner-back", FAMILY_VDPA },
	[METHOD_VFIO_VADDR] = { "vfio-vaddr", FAMILY_TYPE1 },
	[METHOD_VFIO_REMAP] = { "vfio-remap", FAMILY_TYPE1 },
	[METHOD_IOMMUFD_PROCESS] = { "iommufd-process", FAMILY_IOMMUFD },
	[METHOD_IOMMUFD_REMAP] = { "iommufd-remap", FAMILY_IOMMUFD },
	[METHOD_EXEC_ONLY] = { "exec-only", NO_FAMILY },
	[METHOD_IO_URING] = { "io-uring", NO_FAMILY },
	[METHOD_GUP_TEST] = { "gup-test", NO_FAMILY },
	[METHOD_IOTLB] = { "iotlb", NO_FAMILY },
	[METHOD_MLOCK] = { "mlock", NO_FAMILY },
	[METHOD_POPULATE] = { "populate", NO_FAMILY },
	[METHOD_START_HELPER] = { "start-helper", NO_FAMILY },
	[METHOD_START_VMM] = { "start-vmm", NO_FAMILY },
};

void order_parse(struct order *o, char *list)
{
	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		uint8_t method = 0;

		while (method < NMETHODS &&
		       strcmp(method_rows[method].name, name))
			method++;
		if (method == NMETHODS)
			usage("--order names an unknown method");
		if (o->n == MAX_REPS)
			usage("--order is too long");
		o->method[o->n++] = method;
	}
}

bool order_has(const struct order *o, enum method_id method)
{
	return memchr(o->method, method, o->n);
}

bool order_has_family(const struct order *o, enum family_id family)
{
	for (uint32_t i = 0; i < o->n; i++)
		if (method_rows[o->method[i]].family == family)
			return true;
	return false;
}

bool order_has_device(const struct order *o)
{
	for (enum family_id family = 0; family < NFAMILIES; family++)
		if (order_has_family(o, family))
			return true;
	return false;
}

/* When the method of the warm-up goes, the first that is left takes over. */
static void drop(struct order *o, enum method_id method)
{
	bool warmup_goes = o->method[0] == method;
	uint32_t kept = 1;

	for (uint32_t i = 1; i < o->n; i++)
		if (o->method[i] != method)
			o->method[kept++] = o->method[i];
	if (warmup_goes && kept > 1)
		o->method[0] = o->method[1];
	o->n = warmup_goes && kept == 1 ? 0 : kept;
}

void order_skip(struct order *o, enum method_id method, const char *need,
		const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	drop(o, method);
	if (!o->n)
		skip(need, "%s", why);
	emit_begin("skip");
	emit_str("method", method_rows[method].name);
	emit_str("why", why);
	emit_str("need", need);
	emit_end();
}
