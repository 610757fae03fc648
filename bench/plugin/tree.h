/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

#include "counters.h"

/* A function, and the path of calls by which it was come to. */
struct node {
	struct node *parent;	/* NULL of the root, which is no function */
	struct node *next;	/* in its hash chain */
	struct node *latest;	/* child that was asked for last */
	uint32_t number;	/* in the order of their making, root 0 */
	uint32_t function;
	bool touched;		/* something was charged since the last mark */
	uint64_t spent[KINDS];	/* since then */
};

extern struct node tree_root;

struct node *tree_child(struct node *parent, uint32_t function);

/* Charge a node with what the counters have counted since the last time. */
void tree_charge(struct node *n);

/* A node's function is entered: called, jumped to, or in another way. */
void tree_enter(struct node *n);

/*
 * Take an instruction back: it was begun, and not carried out. Returns false if
 * a mark has come in between.
 */
bool tree_discharge(struct node *n);

/* Which kinds are written beside instructions. */
extern bool tree_counts[KINDS];

/* Write what was spent since the last mark. */
void tree_mark(void);
