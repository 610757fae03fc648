/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMIT_PROTO 1

/* Done, failed, skipped: what the kernel selftests exit with (kselftest.h). */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SKIPPED = 4 };

/* Write results to @fd from now on. -1 until then. */
void emit_to(int fd);
int emit_fd(void);

/* Write one line: begin it with its type, add its keys, end it. */
void emit_begin(const char *type);
void emit_u64(const char *key, uint64_t value);
void emit_str(const char *key, const char *value);
void emit_bool(const char *key, bool value);
void emit_open(const char *key);
void emit_close(void);
void emit_end(void);

/* Bytes that the line still has room for. */
size_t emit_room(void);

/* What the line of every rep has. Its phases add up to its pause. */
struct emit_rep {
	uint32_t i;
	const char *method;
	unsigned int nphases;
	const char * const *phases;
	const uint64_t *ticks;	/* of each phase */
	uint64_t charged_kb;
	uint64_t extents;
};

/* Begin the line of a rep: more keys may follow, then emit_end(). */
void emit_rep(const struct emit_rep *r);

/* Write the last line: @n reps or checks were made. */
void emit_last(uint64_t n);

/*
 * Report an error and exit. @op is the operation that failed; the text of @err,
 * a positive errno or 0, is put behind the message.
 */
void die(const char *op, int err, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* Report that the experiment cannot be had here, and what it needs; exit. */
void skip(const char *need, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Say on stderr what is wrong with the command line; exit. */
void usage(const char *what) __attribute__((noreturn));
