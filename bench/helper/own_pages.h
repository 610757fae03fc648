/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/*
 * Have the pages of this program mapped, before guest memory is: no fault on
 * its own text, data or stack is to be timed. Returns true when they are locked
 * as well; false when the memlock limit forbids that, and reclaim may take some
 * away again. Exits when the kernel can do neither.
 */
bool own_pages_hold(void);
