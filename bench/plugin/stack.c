// SPDX-License-Identifier: GPL-2.0-only
/* Shadow stacks: see stack.h. */
#include <stdlib.h>

#include "functions.h"
#include "stack.h"

#define BUCKETS	4096u

struct frame {
	uint64_t slot;
	struct node *caller;
	bool interrupt;
};

struct stack {
	uint64_t key;
	struct stack *next;		/* in its hash chain */
	struct stack *back;		/* what runs when this is empty */
	struct node *root;		/* the caller of its first frame */
	struct frame *frames;
	uint32_t n, room;
};

unsigned int stack_shift = 14;

/* Of the kernel until its first call shows on which of its stacks it is. */
static struct stack limbo = { .root = &tree_root };
static struct stack user = { .root = &tree_root };
static struct stack *buckets[BUCKETS];
static struct stack *current = &limbo;
static struct node *returned;	/* what is returned to, most likely */
static bool entered;		/* the kernel's next stack is an empty one */

static struct node *caller(const struct stack *s)
{
	return s->n ? s->frames[s->n - 1].caller : s->root;
}

struct node *stack_node(uint32_t function)
{
	struct node *parent = caller(current);

	if (returned && returned->function == function &&
	    returned->parent == parent)
		return returned;
	return tree_child(parent, function);
}

static struct stack *stack_at(uint64_t slot)
{
	uint64_t key = slot >> stack_shift;
	struct stack **head = &buckets[key % BUCKETS], *s = *head;

	if (slot < LOWEST_OF_KERNEL)
		return &user;
	if (current->key == key)
		return current;
	while (s && s->key != key)
		s = s->next;
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	*s = (struct stack) { .key = key, .next = *head, .root = &tree_root };
	*head = s;
	return s;
}

static void push(struct stack *s, struct frame f)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->frames = realloc(s->frames, s->room * sizeof(*s->frames));
		if (!s->frames)
			abort();
	}
	s->frames[s->n++] = f;
}

static void drop_dead(struct stack *s, uint64_t slot)
{
	while (s->n && s->frames[s->n - 1].slot <= slot)
		s->n--;
}

void stack_call(uint64_t slot, struct node *running)
{
	struct stack *s = stack_at(slot);

	if (current == &limbo && entered)
		s->n = 0;
	drop_dead(s, slot);
	if (!s->n && s != current) {	/* for interrupts, or a new task's */
		s->root = caller(current);
		s->back = current == &limbo ? NULL : current;
	}
	current = s;
	push(s, (struct frame) {
		.slot = slot, .caller = stack_node(running->function) });
}

void stack_return(void)
{
	if (current->n)
		returned = current->frames[--current->n].caller;
	while (!current->n && current->back) {
		struct stack *back = current->back;

		current->back = NULL;
		current = back;
	}
}

/*
 * Where it is written to is not known before its first call: just below the
 * frame that it comes into, so that no call of the handler drops it.
 */
void stack_interrupt(struct node *interrupted)
{
	uint64_t slot = UINT64_MAX;

	if (current->n)
		slot = current->frames[current->n - 1].slot - 1;
	push(current, (struct frame) { slot, interrupted, true });
}

struct node *stack_interrupt_return(void)
{
	uint32_t n = current->n;

	while (n && !current->frames[n - 1].interrupt)
		n--;
	if (!n)
		return NULL;
	current->n = n - 1;
	return current->frames[n - 1].caller;
}

void stack_enter_kernel(void)
{
	limbo.n = 0;
	current = &limbo;
	entered = true;
}

void stack_leave_kernel(void)
{
	current = &user;
}

void stack_begin(bool kernel)
{
	if (kernel)
		stack_enter_kernel();
	else
		user.n = 0;
}

void stack_switch(void)
{
	stack_enter_kernel();
	entered = false;
}
