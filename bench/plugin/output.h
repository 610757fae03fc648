/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/* Lines for whoever reads the profile; README.md of this directory has them. */
bool output_to(const char *path);
void output(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Lets the reader have all so far: QEMU may be killed from now on. */
void output_flush(void);
