/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What shadow stack and spans have to know of an instruction of x86-64. */
enum insn {
	OTHER, CALL, RETURN, INTERRUPT_RETURN, SYSCALL_RETURN, READ_CLOCK
};

enum insn decode(const uint8_t *code, size_t size);

/*
 * A LOCK prefix, or XCHG with memory, which needs none. With one CPU Linux
 * makes DS of the prefix LOCK (alternatives_smp_unlock()): that counts too.
 */
bool is_atomic(const uint8_t *code, size_t size);
