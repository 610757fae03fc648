// SPDX-License-Identifier: GPL-2.0-only
/* Counters that QEMU adds to: a pointer in version 1, later a scoreboard. */
#include "counters.h"

QEMU_EXPORT int qemu_plugin_version;

static uint64_t plain[KINDS];
static struct qemu_plugin_scoreboard *score;

uint64_t *counters = plain;

/*
 * QEMU reads the version once the plugin is loaded, which is after this: say
 * the one that QEMU has. 9.0 to 10.2 take a plugin of version 2, 11.1 one of 7
 * only.
 */
static void __attribute__((constructor)) choose_version(void)
{
	if (!qemu_plugin_scoreboard_new)
		qemu_plugin_version = 1;
	else if (!qemu_plugin_set_pc)
		qemu_plugin_version = 2;
	else
		qemu_plugin_version = 7;
}

bool counters_begin(const struct qemu_info *info)
{
	if (info->newest > 7 || info->oldest > qemu_plugin_version)
		return false;
	if (qemu_plugin_version > 1)
		score = qemu_plugin_scoreboard_new(sizeof(plain));
	return true;
}

void counters_find(void)
{
	if (score)	/* it moves when a CPU is added */
		counters = qemu_plugin_scoreboard_find(score, 0);
}

static struct qemu_u64 counter(enum kind kind)
{
	return (struct qemu_u64) { score, kind * sizeof(uint64_t) };
}

void count_insn(struct qemu_plugin_insn *insn, enum kind kind)
{
	if (score)
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
			insn, QEMU_ADD_U64, counter(kind), 1);
	else
		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, QEMU_ADD_U64, &plain[kind], 1);
}

void count_access(struct qemu_plugin_insn *insn, enum qemu_rw rw,
		  enum kind kind)
{
	if (score)
		qemu_plugin_register_vcpu_mem_inline_per_vcpu(
			insn, rw, QEMU_ADD_U64, counter(kind), 1);
	else
		qemu_plugin_register_vcpu_mem_inline(
			insn, rw, QEMU_ADD_U64, &plain[kind], 1);
}
