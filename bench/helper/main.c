// SPDX-License-Identifier: GPL-2.0-only
/* The command line: which experiment, with what, and where results go. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "params.h"

#define EXIT_USAGE 2

static const struct experiment * const experiments[] = {
	&live_update, &ownership, &remap, &null_experiment,
};

static void usage(const char *what)
{
	fprintf(stderr, "bench-helper: %s\n"
		"usage: bench-helper EXPERIMENT --out FD|PATH [--device PATH]\n"
		"  --mem BYTES [--file BYTES] --pages KIND --order METHOD,...\n"
		"  [--regions N] [--warm] [--pinned] [--loops N]\n", what);
	exit(EXIT_USAGE);
}

static uint64_t number(const char *text, const char *what)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		usage(what);
	return value;
}

/* Digits are an open file descriptor, anything else a path. */
static int open_out(const char *out)
{
	int fd;

	if (strspn(out, "0123456789") == strlen(out))
		return (int)number(out, "--out wants a descriptor or a path");
	fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0) {
		fprintf(stderr, "bench-helper: %s: %s\n", out, strerror(errno));
		exit(EXIT_FAILED);
	}
	return fd;
}

static void parse_order(struct params *p, char *order)
{
	for (char *m = strtok(order, ","); m; m = strtok(NULL, ",")) {
		int method = method_parse(m);

		if (method < 0)
			usage("--order names an unknown method");
		if (p->nreps == MAX_REPS)
			usage("--order is too long");
		p->order[p->nreps++] = (uint8_t)method;
	}
}

static void copy_name(char *to, size_t size, const char *from)
{
	if ((size_t)snprintf(to, size, "%s", from) >= size)
		usage("a name is too long");
}

static const struct option options[] = {
	{ "out", required_argument, NULL, 'o' },
	{ "device", required_argument, NULL, 'd' },
	{ "mem", required_argument, NULL, 'm' },
	{ "file", required_argument, NULL, 'f' },
	{ "pages", required_argument, NULL, 'p' },
	{ "order", required_argument, NULL, 'r' },
	{ "regions", required_argument, NULL, 'n' },
	{ "warm", no_argument, NULL, 'w' },
	{ "pinned", no_argument, NULL, 'P' },
	{ "loops", required_argument, NULL, 'l' },
	{ NULL, 0, NULL, 0 },
};

static void parse_option(struct params *p, int opt)
{
	int pages;

	switch (opt) {
	case 'o':
		emit_to(open_out(optarg));
		break;
	case 'd':
		copy_name(p->device, sizeof(p->device), optarg);
		break;
	case 'm':
		p->mem = number(optarg, "--mem wants bytes");
		break;
	case 'f':
		p->file = number(optarg, "--file wants bytes");
		break;
	case 'p':
		pages = page_kind_parse(optarg);
		if (pages < 0)
			usage("--pages names an unknown kind");
		p->pages = (enum page_kind)pages;
		break;
	case 'r':
		parse_order(p, optarg);
		break;
	case 'n':
		p->regions = (uint32_t)number(optarg, "--regions wants count");
		break;
	case 'w':
		p->warm = true;
		break;
	case 'P':
		p->pinned = true;
		break;
	case 'l':
		p->loops = number(optarg, "--loops wants a count");
		break;
	default:
		usage("unknown option");
	}
}

static void validate(struct params *p)
{
	uint64_t page = page_kind_bytes(p->pages);

	if (!p->file)
		p->file = p->mem;
	if (emit_fd() < 0)
		usage("--out is missing");
	if (!p->nreps)
		usage("--order is missing");
	for (uint32_t i = 1; i < p->nreps; i++)
		if (method_has_device(p->order[i]) !=
		    method_has_device(p->order[0]))
			usage("--order mixes methods with and without a device");
	if (!p->mem || p->mem % page || p->file % page || p->file > p->mem)
		usage("--mem and --file must be whole pages, file <= mem");
	if (!p->regions || p->regions > p->mem / page)
		usage("--regions must leave each a page");
}

static void emit_hello(const struct params *p)
{
	emit_begin("hello");
	emit_u64("proto", EMIT_PROTO);
	emit_str("experiment", p->experiment);
	emit_open("params");
	emit_str("device", p->device);
	emit_u64("mem", p->mem);
	emit_u64("file", p->file);
	emit_str("pages", page_kind_name(p->pages));
	emit_u64("regions", p->regions);
	emit_bool("warm", p->warm);
	emit_u64("reps", p->nreps);
	emit_close();
	emit_end();
}

int main(int argc, char **argv)
{
	struct params p = { .regions = 1 };
	int opt;

	/* First of all: in a new process the pause is running. */
	if (argc == 3 && !strcmp(argv[1], "--continue"))
		live_update_continue(atoi(argv[2]));

	if (argc < 2)
		usage("which experiment?");
	copy_name(p.experiment, sizeof(p.experiment), argv[1]);
	argv++, argc--;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(&p, opt);
	validate(&p);

	for (size_t i = 0; i < sizeof(experiments) / sizeof(experiments[0]); i++) {
		if (strcmp(experiments[i]->name, p.experiment))
			continue;
		emit_hello(&p);
		experiments[i]->run(&p);
		return EXIT_DONE;
	}
	usage("unknown experiment");
	return EXIT_USAGE;
}
