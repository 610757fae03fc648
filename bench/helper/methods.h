/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "state.h"

/* A kind of device, and its life outside the pause. */
struct family {
	/* Find out if it can be had: order_skip() each method that cannot. */
	void (*probe)(struct state *s);
	/* Open it, map memory and start it as a VMM does; end all that. */
	void (*begin)(struct state *s);
	void (*end)(struct state *s);
	void (*unmap)(struct state *s, const struct region *r);
	/* Send a request whose data is in a region; exit when it fails. */
	void (*prove)(struct state *s, const struct region *r, uint64_t seq);
	/*
	 * Load: offer the device a request, tell it of it, check what came of
	 * it after the handover. NULL: its requests do not outlive one.
	 */
	void (*offer)(struct state *s, uint64_t seq);
	void (*kick)(struct state *s);
	void (*collect)(struct state *s, uint64_t seq);
	/* What the kernel has charged to a process (0: this one), and where. */
	uint64_t (*charged_kb)(pid_t pid);
	const char *account;
	bool pins;		/* always; else as params say of its device */
	/* Its @n-th open file, which a transfer sends; NULL behind the last. */
	int *(*file)(struct state *s, unsigned int n);
};

/*
 * What a method does in each phase; a phase without a step takes no time. Where
 * it goes back, the new process fails when it has claimed the device: what it
 * does last is to give up, and the old one claims it and goes on.
 */
struct method {
	void (*step[NPHASES])(struct state *s);
	bool goes_back;
	void (*give_up)(struct state *s);	/* NULL: nothing to be done */
};

/* Of the handover that is under way, or comes next; NULL: without a device. */
const struct family *family_of(const struct state *s);

/* Does this handover have a line of its own? */
bool is_rep(const struct state *s);

/* Take a phase's step of its method, or what the fault makes it. */
void method_step(struct state *s, enum phase phase);

/* Go on without the methods that need an old process: exec leaves none. */
void methods_skip_going_back(struct state *s);

/* Does its new process fail? Then it gives up what it claimed. */
bool method_goes_back(const struct state *s);
void method_give_up(struct state *s);

/* Probe every family of the order, then begin that of the first handover. */
void families_begin(struct state *s);

/*
 * Go on to the method of the next handover. End the device of the one before
 * unless the next has it too, and begin its own: true when there is a new one,
 * which is still to be proven.
 */
bool families_change(struct state *s);

/* The rows of the table: each family is in a file of its own. */
extern const struct family vdpa_family, type1_family, iommufd_family;
extern const struct method vdpa_new_owner, vdpa_reset_owner, vdpa_reopen,
	vdpa_resume_method, vdpa_new_owner_back, vdpa_reset_owner_back,
	type1_vaddr, type1_remap, iommufd_process, iommufd_remap;
