// SPDX-License-Identifier: GPL-2.0-only
/* The command line, parsed and checked: nothing is measured with half of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "params.h"

#define EXIT_USAGE 2

void usage(const char *what)
{
	fprintf(stderr, "bench-helper: %s\n"
		"usage: bench-helper EXPERIMENT --out FD|PATH\n"
		"  [--device PATH] [--device type1=PCI]"
		" [--device iommufd=PCI]\n"
		"  --mem BYTES [--file BYTES] --pages KIND --order METHOD,...\n"
		"  [--regions N|IOVA+SIZE@OFFSET,...] [--warm] [--pinned]\n"
		"  [--transfer] [--unbatched] [--fault NAME] [--loops N]\n"
		"  [--threads N] [--counters] [--gentle]\n",
		what);
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

static void parse_fault(struct params *p, const char *name)
{
	static const char * const names[] = {
		[FAULT_SKIP_REMAP] = "new-owner-skips-remap",
		[FAULT_WRONG_ADDRESS] = "wrong-address",
		[FAULT_DROP_MAPPING] = "drop-mapping",
		[FAULT_SKIP_VADDR] = "vfio-vaddr-skips-map",
	};

	for (enum fault f = FAULT_SKIP_REMAP; f <= FAULT_SKIP_VADDR; f++)
		if (!strcmp(name, names[f]))
			p->fault = f;
	if (p->fault == FAULT_NONE)
		usage("--fault is unknown");
}

static void parse_pages(struct params *p, const char *name)
{
	int pages = page_kind_parse(name);

	if (pages < 0)
		usage("--pages names an unknown kind");
	p->pages = (enum page_kind)pages;
}

/* A node of vhost-vdpa, or of another family as in type1=0000:00:11.0. */
static void parse_device(struct params *p, const char *device)
{
	static const char * const names[NFAMILIES] = {
		[FAMILY_VDPA] = "", [FAMILY_TYPE1] = "type1=",
		[FAMILY_IOMMUFD] = "iommufd=",
	};
	int family = NFAMILIES - 1;

	while (strncmp(device, names[family], strlen(names[family])))
		family--;
	device += strlen(names[family]);
	if (strlen(device) >= sizeof(p->device[family]))
		usage("--device is too long");
	strcpy(p->device[family], device);
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
	{ "transfer", no_argument, NULL, 't' },
	{ "unbatched", no_argument, NULL, 'u' },
	{ "fault", required_argument, NULL, 'b' },
	{ "loops", required_argument, NULL, 'l' },
	{ "threads", required_argument, NULL, 'T' },
	{ "counters", no_argument, NULL, 'c' },
	{ "gentle", no_argument, NULL, 'g' },
	{ NULL, 0, NULL, 0 },
};

static void parse_option(struct params *p, int opt)
{
	switch (opt) {
	case 'o':
		emit_to(open_out(optarg));
		break;
	case 'd':
		parse_device(p, optarg);
		break;
	case 'm':
		p->mem = number(optarg, "--mem wants bytes");
		break;
	case 'f':
		p->file = number(optarg, "--file wants bytes");
		break;
	case 'p':
		parse_pages(p, optarg);
		break;
	case 'r':
		order_parse(p, optarg);
		break;
	case 'n':
		if (strchr(optarg, '@'))
			regions_parse(p, optarg);
		else
			p->split = number(optarg, "--regions wants a count");
		break;
	case 'w':
		p->warm = true;
		break;
	case 'P':
		p->pinned = true;
		break;
	case 't':
		p->transfer = true;
		break;
	case 'u':
		p->unbatched = true;
		break;
	case 'b':
		parse_fault(p, optarg);
		break;
	case 'l':
		p->loops = number(optarg, "--loops wants a count");
		break;
	case 'T':
		p->threads = number(optarg, "--threads wants a count");
		break;
	case 'c':
		p->counters = true;
		break;
	case 'g':
		p->gentle = true;
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
	if (!p->mem || p->mem % page || p->file % page || p->file > p->mem)
		usage("--mem and --file must be whole pages, file <= mem");
	if (!p->threads || p->threads > MAX_THREADS ||
	    p->threads > p->mem / page)
		usage("--threads must leave each a page, and be few");
	regions_complete(p);
}

void params_parse(struct params *p, int argc, char **argv)
{
	int opt;

	*p = (struct params) { .split = 1, .threads = 1 };
	if (argc < 2 || strlen(argv[1]) >= sizeof(p->experiment))
		usage("which experiment?");
	strcpy(p->experiment, argv[1]);
	while ((opt = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1)
		parse_option(p, opt);
	validate(p);
}
