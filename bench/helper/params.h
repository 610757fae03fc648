/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_PARAMS_H
#define BENCH_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

#define MAX_REPS 1024
#define MAX_REGIONS 256

/* One message maps one of these: @size bytes at @offset into guest memory. */
struct region {
	uint64_t iova, offset, size;
};

/* Sequences that are wrong on purpose: the proof has to notice each. */
enum fault {
	FAULT_NONE, FAULT_SKIP_REMAP, FAULT_WRONG_ADDRESS, FAULT_DROP_MAPPING
};

/* One run of an experiment, as the command line asks for it. */
struct params {
	char experiment[32];
	char device[64];
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
	uint64_t loops;		/* of the null experiment */
	uint32_t nreps;
	uint8_t order[MAX_REPS];	/* the method of each rep */
};

struct experiment {
	const char *name;
	void (*run)(const struct params *p);
};

extern const struct experiment live_update, ownership, remap,
	null_experiment;

void params_parse(struct params *p, int argc, char **argv);
void usage(const char *what) __attribute__((noreturn));

/* The index of a live-update method, or -1; its name; does it need a device? */
int method_parse(const char *name);
const char *method_name(uint8_t method);
bool method_has_device(uint8_t method);

/* Entries of a new process: after execve(), or with a socket to the old one. */
void live_update_continue(int fd) __attribute__((noreturn));
void live_update_receive(int fd) __attribute__((noreturn));

#endif
