/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "state.h"

/*
 * Of a soak: have a request under way while the device changes hands, kick the
 * device in between, and check what came of the request. Seen from the old
 * process, from there after SUSPEND, from the new one after DRIVER_OK.
 */
void load_offer(struct state *s);
void load_kick(struct state *s);
void load_collect(struct state *s);

/*
 * Write that a handover is done; of a rep also what the kernel has in use, in
 * lines before its own.
 */
void soak_emit(const struct state *s);
