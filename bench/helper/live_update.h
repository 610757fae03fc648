/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Take over in a new process: after execve(), or by a socket to the old one. */
void live_update_continue(int state_fd) __attribute__((noreturn));
void live_update_receive(int sock) __attribute__((noreturn));
