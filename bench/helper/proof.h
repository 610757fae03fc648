/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "state.h"

/*
 * Check all that has to hold in the process that runs now: what is charged to
 * it, a request through every region, numbered from @seq on, guest memory and
 * its page kind, no warning of the kernel. Exits unless all is well, returns
 * the kB that are charged.
 */
uint64_t prove(struct state *s, uint64_t seq);

/* Check that memory is scattered if it is to be: nine pages of ten alone. */
void check_fragmented(const struct state *s);
