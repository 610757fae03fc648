/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOWEST_OF_KERNEL	(1ul << 63)

/* How a function is come to, if not by call or jump; as the table spells it. */
enum entry {
	ENTERED_PLAINLY = '-',
	ENTERED_BY_INTERRUPT = 'i',	/* between two instructions */
	ENTERED_BY_VECTOR = 'v',	/* the same, at any of its stubs */
	ENTERED_BY_FAULT = 'f',		/* in the middle of one */
	ENTERED_AT_FIRST = '0',		/* by a new program, or a new task */
	ENTERED_TO_SWITCH = 's',	/* it goes on in another task */
};

struct function {
	uint64_t begin, end;	/* addresses */
	enum entry entry;
};

/*
 * Reads the table: "kernel" or "program VADDR SIZE OFFSET PATH", and under each
 * its functions, "BEGIN END ENTRY" by address, numbers in hex. A function is
 * the number of its line among those, from 0. Returns false if that cannot be
 * read.
 */
bool functions_read(const char *path);

/*
 * The function of code at an address: programs at the same one are told apart
 * by what the code is. Where none is known, one for each page of memory.
 */
uint32_t function_at(uint64_t vaddr, const uint8_t *code, size_t size);

struct function *function(uint32_t number);
