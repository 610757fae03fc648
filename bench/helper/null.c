// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing, timed: the cost of two readings of the clock around a loop of a
 * known number of instructions. Under instruction counting the slope between
 * two lengths of the loop is one tick an instruction, or the clock lies.
 */
#include <stddef.h>

#include "clock.h"
#include "emit.h"
#include "experiment.h"

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
	static const char * const phase = "exec";

	for (uint32_t i = 0; i < p->order.n; i++) {
		uint64_t begin = now(), ticks;

		if (p->loops)
			spin(p->loops);
		ticks = now() - begin;
		emit_rep(&(struct emit_rep) {
			.i = i, .method = method_rows[p->order.method[i]].name,
			.nphases = 1, .phases = &phase, .ticks = &ticks,
			.extents = p->loops * INSTRUCTIONS_A_LOOP,
		});
		emit_end();
	}
	emit_last(p->order.n);
}

const struct experiment null_experiment = {
	"null", METHOD_EXEC_ONLY, METHOD_EXEC_ONLY, run
};
