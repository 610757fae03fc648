/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_PARAMS_H
#define BENCH_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

#define MAX_REPS 1024
#define MAX_REGIONS 256

#define MAX_THREADS 256

/* What a live update is done by, and what a pin loop pins with. */
enum method_id {
	METHOD_NEW_OWNER, METHOD_RESET_OWNER, METHOD_REOPEN,
	METHOD_VFIO_VADDR, METHOD_VFIO_REMAP,
	METHOD_IOMMUFD_PROCESS, METHOD_IOMMUFD_REMAP,
	METHOD_EXEC_ONLY,
	METHOD_IO_URING, METHOD_GUP_TEST, METHOD_IOTLB, METHOD_MLOCK,
	METHOD_POPULATE,
	NMETHODS
};

/* One message maps one of these: @size bytes at @offset into guest memory. */
struct region {
	uint64_t iova, offset, size;
};

/* Sequences that are wrong on purpose: the proof has to notice each. */
enum fault {
	FAULT_NONE, FAULT_SKIP_REMAP, FAULT_WRONG_ADDRESS, FAULT_DROP_MAPPING,
	FAULT_SKIP_VADDR
};

/* Kinds of devices, and how each is named: a node, or a PCI address. */
enum family_id { FAMILY_VDPA, FAMILY_TYPE1, FAMILY_IOMMUFD, NFAMILIES };

/* One run of an experiment, as the command line asks for it. */
struct params {
	char experiment[32];
	char device[NFAMILIES][64];
	uint64_t mem;		/* bytes */
	uint64_t file;		/* bytes behind it; == mem for real backing */
	enum page_kind pages;
	uint64_t split;		/* into so many regions, when none are given */
	uint32_t nregions;
	struct region regions[MAX_REGIONS];
	bool warm;		/* the new process touches memory first */
	bool transfer;		/* to a fresh process, not by execve() */
	bool unbatched;		/* no BATCH_BEGIN and BATCH_END */
	enum fault fault;
	bool pinned;		/* the device pins pages (physical addresses) */
	bool gentle;		/* somebody else lives behind the device */
	bool counters;		/* of the PMU, beside the clock */
	uint64_t threads;	/* that pin at once */
	uint64_t loops;		/* of the null experiment */
	uint32_t nreps;
	uint8_t order[MAX_REPS];	/* the method of each rep */
};

struct experiment {
	const char *name;
	/* Ends in usage() unless it has every method; NULL: none matters. */
	void (*check)(const struct params *p);
	void (*run)(const struct params *p);
};

extern const struct experiment live_update, pin, ownership, remap,
	null_experiment;

void params_parse(struct params *p, int argc, char **argv);
void usage(const char *what) __attribute__((noreturn));

const char *method_name(uint8_t method);
bool method_has_device(uint8_t method);

void order_parse(struct params *p, char *list);
bool order_has(const struct params *p, enum method_id method);
bool order_has_device(const struct params *p);

/*
 * Go on without a method that cannot be had here, and say so; end in a skip
 * when none is left.
 */
void order_skip(struct params *p, enum method_id method, const char *need,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A list as on the command line; whatever is missing, and that they fit. */
void regions_parse(struct params *p, char *list);
void regions_complete(struct params *p);

/* Entries of a new process: after execve(), or with a socket to the old one. */
void live_update_continue(int fd) __attribute__((noreturn));
void live_update_receive(int fd) __attribute__((noreturn));

#endif
