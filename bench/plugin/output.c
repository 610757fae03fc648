// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"

static FILE *file;

bool output_to(const char *path)
{
	file = fopen(path, "w");
	return file;
}

/* A profile of which a part is missing would be taken for a whole one. */
static void fail(void)
{
	perror("bench-plugin: the profile cannot be written");
	exit(1);
}

void output(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vfprintf(file, fmt, ap) < 0)
		fail();
	va_end(ap);
}

void output_flush(void)
{
	if (fflush(file))
		fail();
}
