/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "state.h"

/*
 * Let go by @release(), then become the new process by execve(), or feed it, or
 * have it as a child. Returns true in the child of a fork, which is the new
 * process; false in the old one, where the new one gave up and is gone.
 */
bool hand_over(struct state *s, void (*release)(struct state *s));

/* The new process: be gone, which the old one takes for a failure. */
void __attribute__((noreturn)) give_up(struct state *s);

/* Get the state in a new process: after execve(), or from the old process. */
struct state *handover_resume(int state_fd);
struct state *handover_receive(int sock);

/*
 * Check that the old process holds no pin any more, and wait for its address
 * space to be gone: outside the pause, so that the next rep does not pay for
 * it. Nothing to do when the old process has become the new one.
 */
void dismiss_old_process(struct state *s);

/*
 * Go on in a child, and wait for all that come after it: a chain of processes
 * outlives the one that it begins with. Returns in the child only; exits with
 * the worst code of any.
 */
void stay_in_front(void);
