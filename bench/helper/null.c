// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing, timed: the cost of two readings of the clock around a loop of a
 * known number of instructions. Under instruction counting the slope between
 * two lengths of the loop is one tick an instruction, or the clock lies.
 */
#include "clock.h"
#include "emit.h"
#include "params.h"

#define INSTRUCTIONS_A_LOOP 2

static void spin(uint64_t loops)
{
#if defined(__x86_64__)
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(loops) : : "cc");
#else
	while (loops--)
		__asm__ volatile("");
#endif
}

static void run(const struct params *p)
{
	for (uint32_t i = 0; i < p->nreps; i++) {
		uint64_t begin = now(), end;

		if (p->loops)
			spin(p->loops);
		end = now();
		emit_begin("rep");
		emit_u64("i", i);
		emit_str("method", method_name(p->order[i]));
		emit_open("phases");
		emit_u64("exec", end - begin);
		emit_close();
		emit_u64("pause", end - begin);
		emit_u64("vmpin_kb", 0);
		emit_u64("runs", p->loops * INSTRUCTIONS_A_LOOP);
		emit_end();
	}
	emit_begin("end");
	emit_u64("n", p->nreps);
	emit_end();
}

const struct experiment null_experiment = { "null", NULL, run };
