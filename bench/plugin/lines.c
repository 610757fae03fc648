// SPDX-License-Identifier: GPL-2.0-only
/* How often each instruction ran: see lines.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lines.h"
#include "output.h"

struct line_block {
	uint32_t number, n;
	uint32_t written;	/* instructions that are in the output */
	uint64_t vaddr;		/* of the next one */
	uint64_t whole;		/* how often it ran since the last mark */
};

static bool wanted;
static uint32_t count;
static struct line_block **touched;
static uint32_t ntouched, room;

void lines_begin(void)
{
	wanted = true;
}

struct line_block *lines_block(uint64_t vaddr, uint32_t n)
{
	struct line_block *b;

	if (!wanted)
		return NULL;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	*b = (struct line_block) { .number = count++, .n = n, .vaddr = vaddr };
	output("b %" PRIu32, b->number);
	return b;
}

void lines_insn(struct line_block *b, size_t size)
{
	if (!b)
		return;
	output(" %" PRIx64, b->vaddr);
	b->vaddr += size;
	if (++b->written == b->n)
		output("\n");
}

static void touch(struct line_block *b)
{
	if (ntouched == room) {
		room = room ? 2 * room : 4096;
		touched = realloc(touched, room * sizeof(*touched));
		if (!touched)
			abort();
	}
	touched[ntouched++] = b;
}

void lines_ran(struct line_block *b, uint32_t n)
{
	if (!b || !n)
		return;
	if (n < b->n) {
		output("x %" PRIu32 " %" PRIu32 " 1\n", b->number, n);
		return;
	}
	if (!b->whole++)
		touch(b);
}

void lines_take_back(struct line_block *b)
{
	if (!b || !b->whole)
		return;
	b->whole--;
	lines_ran(b, b->n - 1);
}

void lines_mark(void)
{
	for (uint32_t i = 0; i < ntouched; i++) {
		struct line_block *b = touched[i];

		output("x %" PRIu32 " %" PRIu32 " %" PRIu64 "\n", b->number,
		       b->n, b->whole);
		b->whole = 0;
	}
	ntouched = 0;
}
