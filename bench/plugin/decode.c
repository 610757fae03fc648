// SPDX-License-Identifier: GPL-2.0-only
/* As much of x86-64's encoding as tells calls and returns from the rest. */
#include <string.h>

#include "decode.h"

#define MOD(modrm)	((modrm) >> 6)
#define REG(modrm)	((modrm) >> 3 & 7)
#define MOD_REGISTER	3

static bool is_prefix(uint8_t byte)
{
	/* operand and address size, LOCK, REPNE, REP, segments */
	return memchr("\x66\x67\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65", byte, 11);
}

static const uint8_t *skip_prefixes(const uint8_t *code, const uint8_t *end)
{
	while (code < end && is_prefix(*code))
		code++;
	if (code < end && (*code & 0xf0) == 0x40)	/* REX */
		code++;
	return code;
}

enum insn decode(const uint8_t *code, size_t size)
{
	const uint8_t *end = code + size, *op = skip_prefixes(code, end);

	if (op == end)
		return OTHER;
	switch (*op) {
	case 0xe8:
		return CALL;
	case 0xff:	/* a group, of which /2 and /3 are calls */
		return op + 1 < end && (REG(op[1]) == 2 || REG(op[1]) == 3) ?
			CALL : OTHER;
	case 0xc2:
	case 0xc3:
		return RETURN;
	case 0xcf:
		return INTERRUPT_RETURN;
	case 0x0f:
		if (op + 1 < end && op[1] == 0x31)		/* RDTSC */
			return READ_CLOCK;
		if (op + 1 < end && (op[1] == 0x07 || op[1] == 0x35))
			return SYSCALL_RETURN;		/* SYSRET, SYSEXIT */
		return op + 2 < end && op[1] == 0x01 && op[2] == 0xf9 ?
			READ_CLOCK : OTHER;			/* RDTSCP */
	}
	return OTHER;
}

/* Whether an instruction with memory may have a LOCK prefix, by its opcode. */
static bool is_lockable(uint8_t op, uint8_t modrm)
{
	if (MOD(modrm) == MOD_REGISTER)
		return false;
	switch (op) {
	case 0x80:
	case 0x81:
	case 0x83:	/* ADD, OR, ... but for CMP */
		return REG(modrm) != 7;
	case 0xf6:
	case 0xf7:	/* NOT, NEG */
		return REG(modrm) == 2 || REG(modrm) == 3;
	case 0xfe:
	case 0xff:	/* INC, DEC */
		return REG(modrm) < 2;
	}
	/* ADD, OR, ADC, SBB, AND, SUB and XOR of a register to memory */
	return op < 0x38 && !(op & 6);
}

static bool is_lockable_0f(uint8_t op, uint8_t modrm)
{
	if (MOD(modrm) == MOD_REGISTER)
		return false;
	switch (op) {
	case 0xab:	/* BTS, BTR, BTC */
	case 0xb3:
	case 0xbb:
	case 0xb0:	/* CMPXCHG */
	case 0xb1:
	case 0xc0:	/* XADD */
	case 0xc1:
		return true;
	case 0xba:	/* BTS, BTR, BTC of a constant */
		return REG(modrm) > 4;
	case 0xc7:	/* CMPXCHG16B */
		return REG(modrm) == 1;
	}
	return false;
}

bool is_atomic(const uint8_t *code, size_t size)
{
	const uint8_t *end = code + size, *op = skip_prefixes(code, end);
	size_t prefixes = (size_t)(op - code);

	if (memchr(code, 0xf0, prefixes))
		return true;
	if (end - op < 2)
		return false;
	if (*op == 0x86 || *op == 0x87)
		return MOD(op[1]) != MOD_REGISTER;
	if (!memchr(code, 0x3e, prefixes))
		return false;
	if (*op != 0x0f)
		return is_lockable(op[0], op[1]);
	return end - op > 2 && is_lockable_0f(op[1], op[2]);
}
