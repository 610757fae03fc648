// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's own pin loop, which can only be built in, as a module. */
#include <linux/module.h>

#include "gup_test.c"

MODULE_DESCRIPTION("mm/gup_test.c as a module");
MODULE_LICENSE("GPL");
