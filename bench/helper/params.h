/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "order.h"
#include "regions.h"

#define MAX_THREADS 256

/* Sequences that are wrong on purpose: the proof has to notice each. */
enum fault {
	FAULT_NONE, FAULT_SKIP_REMAP, FAULT_WRONG_ADDRESS, FAULT_DROP_MAPPING,
	FAULT_SKIP_VADDR, FAULT_LOSE_KICK,
	NFAULTS
};

/* How the new process comes to be: see handover.c. */
enum handover { HANDOVER_EXEC, HANDOVER_TRANSFER, HANDOVER_FORK, NHANDOVERS };

extern const char * const handover_names[NHANDOVERS];

/* One run of an experiment, as the command line asks for it. */
struct params {
	char experiment[32];
	char device[NFAMILIES][64];	/* a node, or a PCI address */
	uint64_t mem;		/* bytes */
	uint64_t file;		/* bytes behind it; == mem for real backing */
	enum page_kind pages;
	uint64_t split;		/* into so many regions, when none are given */
	struct regions regions;
	bool warm;		/* the new process touches memory first */
	enum handover handover;
	bool unbatched;		/* no BATCH_BEGIN and BATCH_END */
	enum fault fault;
	bool pinned;		/* the device pins pages (physical addresses) */
	bool cvq;		/* a control queue in its own address space */
	bool gentle;		/* somebody else lives behind the device */
	bool counters;		/* of the PMU, beside the clock */
	/*
	 * In all: if there are more than the order has, they are spread over
	 * it, each under load, and most have no line of their own.
	 */
	uint64_t handovers;
	bool alone;		/* in this kernel: its caches may be dropped */
	uint64_t devices_of_vm;	/* all with its memory */
	uint64_t threads;	/* that pin at once */
	uint64_t loops;		/* of the null experiment */
	const char *lease;	/* of vmm-start: what is guest memory's file */
	char **command;		/* and the VMM with its arguments */
	struct order order;
};

/* Read the command line, begin the output; usage() when something is wrong. */
void params_parse(struct params *p, int argc, char **argv);
