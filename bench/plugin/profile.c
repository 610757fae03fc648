// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count the instructions of a guest by function and path of calls, between the
 * marks that its programs make by reading the clock. One CPU, x86-64.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "decode.h"
#include "functions.h"
#include "lines.h"
#include "output.h"
#include "stack.h"
#include "tree.h"

#define LONGEST_INSN	16
#define LONGEST_BLOCK	(512 * LONGEST_INSN)

/* Translated code: instructions one after the other, entered at the first. */
struct block {
	uint64_t vaddr;
	uint64_t end;		/* where its last instruction is */
	uint32_t function;
	uint32_t n;		/* instructions */
	bool kernel;
	bool first;		/* of its function */
	enum entry entry;	/* of its function, if this is the first */
	enum insn last;
	struct line_block *lines;
};

static int newest;
static struct block nowhere = { .kernel = true };
static struct block *running = &nowhere;	/* block, and its node */
static struct node *node = &tree_root;
static uint64_t started;			/* its first instruction */
static bool called;				/* it has made its call */

/* A block that ran to its end when a fault came, and its node. */
static struct block *suspect;
static struct node *suspected;

/*
 * A fault in the middle of a block: its instruction was counted when it began,
 * and is counted again when it is tried again. QEMU's clock counts it once.
 * Where the block ran to its end it was its last one, or it was not its fault
 * but that of what is to be fetched next: where execution goes on tells.
 */
static void leave_block(const struct block *next)
{
	uint64_t ran = counters[INSTRUCTIONS] - started;
	bool fault = next->entry == ENTERED_BY_FAULT;

	tree_charge(node);
	if (fault && ran < running->n) {
		tree_discharge(node);
		ran--;
	} else if (fault) {
		suspect = running;
		suspected = node;
	}
	lines_ran(running->lines, (uint32_t)ran);
	started = counters[INSTRUCTIONS];
}

/* Once a fault's handler has returned: is its instruction tried again? */
static void clear_suspect(const struct block *next)
{
	if (!suspect || running->last != INTERRUPT_RETURN)
		return;
	if (next->vaddr == suspect->end && tree_discharge(suspected))
		lines_take_back(suspect->lines);
	suspect = NULL;
}

static bool interrupts(const struct block *next)
{
	return (next->entry == ENTERED_BY_INTERRUPT ||
		next->entry == ENTERED_BY_FAULT) &&
		running->entry == ENTERED_PLAINLY;
}

/*
 * How a block was come to, beside calls and returns, which have callbacks. The
 * kernel may return to a program of which nothing runs: its page is not there,
 * or an interrupt is due.
 */
static void change_stack(const struct block *next)
{
	struct node *at = node;		/* what an interrupt comes into */

	if (running->kernel && running->last == INTERRUPT_RETURN)
		at = stack_interrupt_return();
	else if (!running->kernel || running->last == SYSCALL_RETURN)
		at = NULL;
	if (!next->kernel)
		stack_leave_kernel();
	else if (!at)
		stack_enter_kernel();
	else if (interrupts(next))
		stack_interrupt(at);
	if (next->entry == ENTERED_AT_FIRST)
		stack_begin(next->kernel);
	else if (next->entry == ENTERED_TO_SWITCH)
		stack_switch();
}

/*
 * Whether a function is entered: come to at its beginning, and not by a loop to
 * there or by the return of an interrupt.
 */
static bool enters(const struct block *next)
{
	if (!next->first || running->last == INTERRUPT_RETURN)
		return false;
	return running->function != next->function || running->last == CALL;
}

static void enter_block(unsigned int cpu, void *data)
{
	struct block *next = data;

	(void)cpu;
	leave_block(next);
	clear_suspect(next);
	change_stack(next);
	node = stack_node(next->function);
	if (enters(next))
		tree_enter(node);
	running = next;
	called = false;
}

/*
 * QEMU 7.2 leaves the callback of a call in place for what its helpers store
 * later: what an interrupt pushes, FXSAVE to a signal frame. A call is the last
 * instruction of its block, writes once, and to a stack of its own privilege.
 */
static bool is_call(const struct block *b, uint64_t slot)
{
	return b == running && !called &&
		counters[INSTRUCTIONS] - started == b->n &&
		(slot >= LOWEST_OF_KERNEL) == b->kernel;
}

static void on_call(unsigned int cpu, uint32_t info, uint64_t slot, void *data)
{
	(void)cpu;
	(void)info;
	if (!is_call(data, slot))
		return;
	called = true;
	stack_call(slot, node);
}

static void on_return(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	stack_return();
}

/* The clock is read: what ran up to here belongs to the span that ends. */
static void on_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	tree_charge(node);
	lines_mark();
	tree_mark();
}

/* Returns the size of an instruction, whose bytes are copied. */
static size_t code_of(const struct qemu_plugin_insn *insn, uint8_t *to)
{
	size_t size = qemu_plugin_insn_size(insn);
	const void *code;

	if (size > LONGEST_INSN)
		size = LONGEST_INSN;
	code = qemu_plugin_insn_data(insn, to, size);
	if (newest < 3)
		memcpy(to, code, size);
	return size;
}

static void instrument(struct qemu_plugin_insn *insn, const uint8_t *code,
		       size_t size, struct block *b)
{
	count_insn(insn, INSTRUCTIONS);
	if (tree_counts[ATOMICS] && is_atomic(code, size))
		count_insn(insn, ATOMICS);
	if (tree_counts[LOADS])
		count_access(insn, QEMU_READ, LOADS);
	if (tree_counts[STORES])
		count_access(insn, QEMU_WRITE, STORES);
	switch (decode(code, size)) {
	case CALL:
		qemu_plugin_register_vcpu_mem_cb(insn, on_call, QEMU_NO_REGS,
						 QEMU_WRITE, b);
		break;
	case RETURN:	/* 7.2 does not always call back on its load */
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_return,
						       QEMU_NO_REGS, NULL);
		break;
	case READ_CLOCK:
		if (!b->kernel)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, on_mark, QEMU_NO_REGS, NULL);
		break;
	default:
		break;
	}
}

/* Only the first block of a function is come to in its way. */
static enum entry entry_at(uint64_t vaddr, const struct function *f)
{
	if (f->entry == ENTERED_BY_VECTOR)
		return ENTERED_BY_INTERRUPT;
	return vaddr == f->begin ? f->entry : ENTERED_PLAINLY;
}

static void translated(struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));
	size_t n = qemu_plugin_tb_n_insns(tb), size = 0;
	uint8_t code[LONGEST_BLOCK];

	if (!b || n > LONGEST_BLOCK / LONGEST_INSN)
		abort();
	counters_find();
	b->vaddr = qemu_plugin_tb_vaddr(tb);
	b->n = (uint32_t)n;
	b->kernel = b->vaddr >= LOWEST_OF_KERNEL;
	b->lines = lines_block(b->vaddr, b->n);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		size_t one = code_of(insn, code + size);

		instrument(insn, code + size, one, b);
		lines_insn(b->lines, one);
		b->last = decode(code + size, one);
		b->end = b->vaddr + size;
		size += one;
	}
	b->function = function_at(b->vaddr, code, size);
	b->first = b->vaddr == function(b->function)->begin;
	b->entry = entry_at(b->vaddr, function(b->function));
	qemu_plugin_register_vcpu_tb_exec_cb(tb, enter_block, QEMU_NO_REGS, b);
}

static void translated_before_7(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	translated(tb);
}

static void translated_from_7(struct qemu_plugin_tb *tb, void *data)
{
	(void)data;
	translated(tb);
}

static bool take_count(const char *name)
{
	static const char * const names[KINDS] = {
		"instructions", "calls", "atomics", "loads", "stores"
	};

	for (int kind = 0; kind < KINDS; kind++)
		if (!strcmp(name, names[kind]))
			return tree_counts[kind] = true;
	return false;
}

/* KEY=VALUE: out, functions, count (for each kind), stack (log2), lines. */
static bool take(const char *word)
{
	const char *value = strchr(word, '=');

	if (!value++)
		return false;
	if (!strncmp(word, "out=", 4))
		return output_to(value);
	if (!strncmp(word, "functions=", 10))
		return functions_read(value);
	if (!strncmp(word, "count=", 6))
		return take_count(value);
	if (!strncmp(word, "stack=", 6))
		return (stack_shift = (unsigned int)atoi(value));
	if (!strncmp(word, "lines=", 6)) {
		lines_begin();
		return true;
	}
	return false;
}

QEMU_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
				    int argc, char **argv);

QEMU_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
				    int argc, char **argv)
{
	newest = info->newest;
	if (argc == 1 && !strcmp(argv[0], "probe=on")) {
		fprintf(stderr, "bench-plugin: interface %d\n", newest);
		return 1;	/* QEMU ends: it was to say this alone */
	}
	if (!counters_begin(info)) {
		fprintf(stderr, "bench-plugin: versions %d to %d of QEMU's"
			" interface are not known\n",
			info->oldest, info->newest);
		return 1;
	}
	for (int i = 0; i < argc; i++) {
		if (!take(argv[i])) {
			fprintf(stderr, "bench-plugin: %s is not taken\n",
				argv[i]);
			return 1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(
		id, newest < 7 ? (void (*)(void))translated_before_7 :
		(void (*)(void))translated_from_7, NULL);
	return 0;
}
