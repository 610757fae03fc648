// SPDX-License-Identifier: GPL-2.0-only
/* The tree of calls, and what is spent in it between two marks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "tree.h"

#define BUCKETS	(1u << 16)

struct node tree_root;
bool tree_counts[KINDS] = { [INSTRUCTIONS] = true, [CALLS] = true };

static struct node *buckets[BUCKETS];
static uint32_t count = 1;
static struct node **touched;
static uint32_t ntouched, room;
static uint64_t seen[KINDS];

static uint32_t bucket(const struct node *parent, uint32_t function)
{
	return (parent->number * 2654435761u ^ function * 40503u) % BUCKETS;
}

static struct node *make(struct node *parent, uint32_t function)
{
	struct node **head = &buckets[bucket(parent, function)];
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	*n = (struct node) { .parent = parent, .next = *head,
			     .number = count++, .function = function };
	*head = n;
	output("n %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", n->number,
	       parent->number, function);
	return n;
}

struct node *tree_child(struct node *parent, uint32_t function)
{
	struct node *n = parent->latest;

	if (n && n->function == function)
		return n;
	n = buckets[bucket(parent, function)];
	while (n && (n->parent != parent || n->function != function))
		n = n->next;
	parent->latest = n ? n : make(parent, function);
	return parent->latest;
}

static void touch(struct node *n)
{
	if (n->touched)
		return;
	if (ntouched == room) {
		room = room ? 2 * room : 4096;
		touched = realloc(touched, room * sizeof(*touched));
		if (!touched)
			abort();
	}
	n->touched = true;
	touched[ntouched++] = n;
}

void tree_charge(struct node *n)
{
	touch(n);
	for (int kind = 0; kind < KINDS; kind++) {
		if (!tree_counts[kind])
			continue;
		n->spent[kind] += counters[kind] - seen[kind];
		seen[kind] = counters[kind];
	}
}

void tree_enter(struct node *n)
{
	touch(n);
	n->spent[CALLS]++;
}

bool tree_discharge(struct node *n)
{
	if (!n->spent[INSTRUCTIONS])
		return false;
	n->spent[INSTRUCTIONS]--;
	return true;
}

static void write_node(struct node *n)
{
	output("s %" PRIu32, n->number);
	for (int kind = 0; kind < KINDS; kind++)
		if (tree_counts[kind])
			output(" %" PRIu64, n->spent[kind]);
	output("\n");
	memset(n->spent, 0, sizeof(n->spent));
	n->touched = false;
}

void tree_mark(void)
{
	for (uint32_t i = 0; i < ntouched; i++)
		write_node(touched[i]);
	ntouched = 0;
	output("m\n");
	output_flush();
}
