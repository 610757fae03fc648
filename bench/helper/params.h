/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_PARAMS_H
#define BENCH_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

#define MAX_REPS 1024

/* One run of an experiment, as the command line asks for it. */
struct params {
	char experiment[32];
	char device[64];
	uint64_t mem;		/* bytes */
	uint64_t file;		/* bytes behind it; == mem for real backing */
	enum page_kind pages;
	uint32_t regions;	/* messages that map all of the memory */
	bool warm;		/* the new process touches memory first */
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

/* The index of a live-update method, or -1; its name; does it need a device? */
int method_parse(const char *name);
const char *method_name(uint8_t method);
bool method_has_device(uint8_t method);

/* Entry of the new process: @fd is the state that the old one left. */
void live_update_continue(int fd) __attribute__((noreturn));

#endif
