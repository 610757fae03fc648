/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_EMIT_H
#define BENCH_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#define EMIT_PROTO 1

/* Done, failed, skipped: what the kernel selftests exit with (kselftest.h). */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_SKIPPED = 4 };

/* The one place that writes results. Each call of emit_end() is one line. */
void emit_to(int fd);
int emit_fd(void);

void emit_begin(const char *type);
void emit_u64(const char *key, uint64_t value);
void emit_str(const char *key, const char *value);
void emit_bool(const char *key, bool value);
void emit_open(const char *key);
void emit_close(void);
void emit_end(void);

/* Report and exit. @op is the operation that failed, @err a positive errno. */
void die(const char *op, int err, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void skip(const char *need, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#endif
