/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What this plugin uses of QEMU's interface for TCG plugins, versions 1 (7.2)
 * to 7 (11.1). Declared here, since no package of Debian's has QEMU's header.
 * Functions that only some versions have are weak, and null in the others.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_EXPORT	__attribute__((visibility("default")))
#define QEMU_SOME	__attribute__((weak))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

/* A counter of each virtual CPU: from version 2 on. */
struct qemu_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

/* Told to qemu_plugin_install(); what follows these members is not read. */
struct qemu_info {
	const char *target;
	int oldest;		/* versions of the interface that it has */
	int newest;
	bool system;
};

enum qemu_regs { QEMU_NO_REGS };
enum qemu_op { QEMU_ADD_U64 };
enum qemu_rw { QEMU_READ = 1, QEMU_WRITE };

typedef void (*qemu_exec_cb)(unsigned int cpu, void *data);
typedef void (*qemu_mem_cb)(unsigned int cpu, uint32_t info, uint64_t vaddr,
			    void *data);

/* The callback has (id, block) before version 7, then (block, data). */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*cb)(void),
					   void *data);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  qemu_exec_cb cb, enum qemu_regs regs,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_exec_cb cb,
					    enum qemu_regs regs, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      qemu_mem_cb cb, enum qemu_regs regs,
				      enum qemu_rw rw, void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/* Returns a pointer in versions 1 and 2; copies from version 3 on. */
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn,
				  void *to, size_t size);

/* Version 1 only. */
QEMU_SOME void
qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
					   enum qemu_op op, void *to,
					   uint64_t add);
QEMU_SOME void
qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn,
				     enum qemu_rw rw, enum qemu_op op,
				     void *to, uint64_t add);

/* From version 2 on. */
QEMU_SOME struct qemu_plugin_scoreboard *
qemu_plugin_scoreboard_new(size_t size);
QEMU_SOME void *
qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score,
			    unsigned int cpu);
QEMU_SOME void
qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
	struct qemu_plugin_insn *insn, enum qemu_op op, struct qemu_u64 to,
	uint64_t add);
QEMU_SOME void
qemu_plugin_register_vcpu_mem_inline_per_vcpu(
	struct qemu_plugin_insn *insn, enum qemu_rw rw, enum qemu_op op,
	struct qemu_u64 to, uint64_t add);

/* Version 7 has it. */
QEMU_SOME void qemu_plugin_set_pc(uint64_t vaddr);
