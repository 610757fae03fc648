/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "tree.h"

/*
 * Shadow stacks: by which calls the running function was come to, without the
 * guest's registers. A call is known by the slot that its return address is
 * written to, a stack by the THREAD_SIZE bytes around it. At every call frames
 * at its slot or below are dropped, which heals what was not seen: switches of
 * tasks, jumps out of several functions, stacks that were there before.
 */

/* log2 of THREAD_SIZE: 14, or 15 with KASAN. */
extern unsigned int stack_shift;

/* The node of a function that runs now, by a call, a jump or a return. */
struct node *stack_node(uint32_t function);

void stack_call(uint64_t slot, struct node *caller);
void stack_return(void);

/*
 * An interrupt or a fault of the kernel. The return from one gives back what it
 * came into, or NULL if that was a program.
 */
void stack_interrupt(struct node *interrupted);
struct node *stack_interrupt_return(void);

/* Into the kernel, and out of it to where the program was. */
void stack_enter_kernel(void);
void stack_leave_kernel(void);

/* A new program, or a new task of the kernel, has no caller. */
void stack_begin(bool kernel);

/* The next call shows which task goes on. */
void stack_switch(void);
