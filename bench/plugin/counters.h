/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "qemu.h"

/*
 * What is counted. The first two always are; the order is that of the output.
 * Calls are no counter of QEMU's: tree_enter() counts them.
 */
enum kind { INSTRUCTIONS, CALLS, ATOMICS, LOADS, STORES, KINDS };

/*
 * Counters that QEMU's own code adds to, without a call. @counters is where
 * they are; an instruction is counted before it runs, an access after it was
 * made.
 */
extern uint64_t *counters;

/* Returns false for versions of the interface that are not known. */
bool counters_begin(const struct qemu_info *info);

/* Called for every block that is translated, before what follows. */
void counters_find(void);

void count_insn(struct qemu_plugin_insn *insn, enum kind kind);
void count_access(struct qemu_plugin_insn *insn, enum qemu_rw rw,
		  enum kind kind);
