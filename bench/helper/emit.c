// SPDX-License-Identifier: GPL-2.0-only
/* JSON Lines on one file descriptor: the only output that a machine reads. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"

static int out_fd = -1;
static char line[4096];
static size_t len;
static bool first;

void emit_to(int fd)
{
	out_fd = fd;
}

int emit_fd(void)
{
	return out_fd;
}

/* A line that does not fit is a bug of ours, not of the machine. */
static void put(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) - len)
		abort();
	len += (size_t)n;
}

static void put_string(const char *s)
{
	put("\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			put("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			put("\\u%04x", c);
		else
			put("%c", c);
	}
	put("\"");
}

static void put_key(const char *key)
{
	put("%s\"%s\":", first ? "" : ",", key);
	first = false;
}

void emit_begin(const char *type)
{
	len = 0;
	first = true;
	put("{");
	emit_str("t", type);
}

void emit_u64(const char *key, uint64_t value)
{
	put_key(key);
	put("%" PRIu64, value);
}

void emit_str(const char *key, const char *value)
{
	put_key(key);
	put_string(value);
}

void emit_bool(const char *key, bool value)
{
	put_key(key);
	put("%s", value ? "true" : "false");
}

void emit_open(const char *key)
{
	put_key(key);
	put("{");
	first = true;
}

size_t emit_room(void)
{
	return sizeof(line) - len;
}

void emit_close(void)
{
	put("}");
	first = false;
}

/* CRC-32 as of zlib: the reader knows a line that was changed. */
static uint32_t crc32(const char *data, size_t bytes)
{
	uint32_t crc = ~0u;

	while (bytes--) {
		crc ^= (unsigned char)*data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

void emit_end(void)
{
	size_t done = 0;

	emit_u64("crc", crc32(line, len));
	put("}\n");
	while (done < len) {
		ssize_t n = write(out_fd, line + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			perror("bench-helper: cannot write the result");
			_exit(EXIT_FAILED);
		}
		done += (size_t)n;
	}
}

void emit_rep(const struct emit_rep *r)
{
	uint64_t pause = 0;

	emit_begin("rep");
	emit_u64("i", r->i);
	emit_str("method", r->method);
	emit_open("phases");
	for (unsigned int p = 0; p < r->nphases; p++) {
		emit_u64(r->phases[p], r->ticks[p]);
		pause += r->ticks[p];
	}
	emit_close();
	emit_u64("pause", pause);
	emit_u64("vmpin_kb", r->charged_kb);
	emit_u64("runs", r->extents);
}

void emit_last(uint64_t n)
{
	emit_begin("end");
	emit_u64("n", n);
	emit_end();
}

/* For the machine by a key of the line, and for people on stderr. */
static void emit_text(const char *key, int err, const char *fmt, va_list ap)
{
	char text[512], all[600];

	vsnprintf(text, sizeof(text), fmt, ap);
	snprintf(all, sizeof(all), err ? "%s: %s" : "%s", text, strerror(err));
	emit_str(key, all);
	fprintf(stderr, "bench-helper: %s\n", all);
}

void die(const char *op, int err, const char *fmt, ...)
{
	va_list ap;

	emit_begin("error");
	emit_str("op", op);
	emit_u64("errno", (uint64_t)err);
	va_start(ap, fmt);
	emit_text("text", err, fmt, ap);
	va_end(ap);
	emit_end();
	exit(EXIT_FAILED);
}

void skip(const char *need, const char *fmt, ...)
{
	va_list ap;

	emit_begin("skip");
	va_start(ap, fmt);
	emit_text("why", 0, fmt, ap);
	va_end(ap);
	emit_str("need", need);
	emit_end();
	exit(EXIT_SKIPPED);
}

void usage(const char *what)
{
	fprintf(stderr, "bench-helper: %s\n"
		"usage: bench-helper EXPERIMENT --out FD|PATH\n"
		"  [--device PATH] [--device type1=PCI]"
		" [--device iommufd=PCI]\n"
		"  --mem BYTES [--file BYTES] --pages KIND --order METHOD,...\n"
		"  [--regions N|IOVA+SIZE@OFFSET,...] [--warm] [--pinned]\n"
		"  [--handover NAME] [--unbatched] [--fault NAME] [--loops N]\n"
		"  [--devices-of-vm N] [--threads N] [--counters] [--gentle]\n"
		"  [--cvq] [--handovers N] [--alone]\n"
		"  [--lease PATH -- PROGRAM WORD...]\n",
		what);
	exit(EXIT_USAGE);
}
