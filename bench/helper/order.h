/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MAX_REPS 1024

/* Kinds of devices. NO_FAMILY: a method that hands no device over. */
enum family_id {
	FAMILY_VDPA, FAMILY_TYPE1, FAMILY_IOMMUFD,
	NFAMILIES,
	NO_FAMILY = NFAMILIES
};

/*
 * What a live update is done by, from IO_URING on what a pin loop is, from
 * START_HELPER on which program starts.
 */
enum method_id {
	METHOD_NEW_OWNER, METHOD_RESET_OWNER, METHOD_REOPEN, METHOD_RESUME,
	METHOD_NEW_OWNER_BACK, METHOD_RESET_OWNER_BACK,
	METHOD_VFIO_VADDR, METHOD_VFIO_REMAP,
	METHOD_IOMMUFD_PROCESS, METHOD_IOMMUFD_REMAP,
	METHOD_EXEC_ONLY,
	METHOD_IO_URING, METHOD_GUP_TEST, METHOD_IOTLB, METHOD_MLOCK,
	METHOD_POPULATE,
	METHOD_START_HELPER, METHOD_START_VMM,
	NMETHODS
};

/* The method of each rep; the first rep warms up. */
struct order {
	uint32_t n;
	uint8_t method[MAX_REPS];
};

extern const struct method_row {
	const char *name;
	enum family_id family;
} method_rows[NMETHODS];

/* Read "METHOD,..." from the command line; usage() when it is wrong. */
void order_parse(struct order *o, char *list);

/* Is there a rep of @method, of a method of @family, of one with a device? */
bool order_has(const struct order *o, enum method_id method);
bool order_has_family(const struct order *o, enum family_id family);
bool order_has_device(const struct order *o);

/*
 * Go on without a method that cannot be had here, and write a line that says
 * why; end in skip() when none is left.
 */
void order_skip(struct order *o, enum method_id method, const char *need,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
