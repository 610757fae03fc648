/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "params.h"

/* One row of the table in main.c; each is in a file of its own. */
struct experiment {
	const char *name;
	/* The methods that its order may have. */
	enum method_id first, last;
	void (*run)(const struct params *p);
};

extern const struct experiment live_update, pin, ownership, remap,
	null_experiment, vmm_start;

/* The helper in the place of a VMM: open the file of guest memory, and end. */
void vmm_open(const char *path) __attribute__((noreturn));
