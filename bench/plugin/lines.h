/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * How often each instruction ran, for lines of source: only if it is asked for,
 * since it is ten times the output.
 */
struct line_block;

void lines_begin(void);

/* NULL where lines are not asked for; the others take that. */
struct line_block *lines_block(uint64_t vaddr, uint32_t n);
void lines_insn(struct line_block *b, size_t size);

/* The first instructions of a block ran. */
void lines_ran(struct line_block *b, uint32_t n);

/* The last instruction of a block that ran did not. */
void lines_take_back(struct line_block *b);

void lines_mark(void);
