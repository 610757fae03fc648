// SPDX-License-Identifier: GPL-2.0-only
/* The command line, parsed and checked: nothing is measured with half of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "params.h"
#include "rings.h"
#include "vdpa.h"

static uint64_t number(const char *text, const char *option)
{
	char *end, what[64];
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-') {
		snprintf(what, sizeof(what), "--%s wants a number", option);
		usage(what);
	}
	return value;
}

/* Digits are an open file descriptor, anything else a path. */
static int open_out(const char *out)
{
	int fd;

	if (strspn(out, "0123456789") == strlen(out))
		return (int)number(out, "out");
	fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0) {
		fprintf(stderr, "bench-helper: %s: %s\n", out, strerror(errno));
		exit(EXIT_FAILED);
	}
	return fd;
}

const char * const handover_names[NHANDOVERS] = {
	[HANDOVER_EXEC] = "exec", [HANDOVER_TRANSFER] = "transfer",
	[HANDOVER_FORK] = "fork",
};

static enum handover parse_handover(const char *name)
{
	for (enum handover h = 0; h < NHANDOVERS; h++)
		if (!strcmp(name, handover_names[h]))
			return h;
	usage("--handover is unknown");
}

static enum fault parse_fault(const char *name)
{
	static const char * const names[NFAULTS] = {
		[FAULT_NONE] = "",
		[FAULT_SKIP_REMAP] = "new-owner-skips-remap",
		[FAULT_WRONG_ADDRESS] = "wrong-address",
		[FAULT_DROP_MAPPING] = "drop-mapping",
		[FAULT_SKIP_VADDR] = "vfio-vaddr-skips-map",
		[FAULT_LOSE_KICK] = "loses-kick",
	};

	for (enum fault f = FAULT_SKIP_REMAP; f < NFAULTS; f++)
		if (!strcmp(name, names[f]))
			return f;
	usage("--fault is unknown");
}

static enum page_kind parse_pages(const char *name)
{
	for (enum page_kind pages = 0; pages < NPAGE_KINDS; pages++)
		if (!strcmp(page_kinds[pages].name, name))
			return pages;
	usage("--pages names an unknown kind");
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

static void parse_regions(struct params *p, char *list)
{
	if (strchr(list, '@'))
		regions_parse(&p->regions, list);
	else
		p->split = number(list, "regions");
}

/* Beyond every offset into struct params. */
enum {
	OUT = sizeof(struct params), DEVICE, PAGES, ORDER, REGIONS, HANDOVER,
	FAULT, LEASE
};

/* What sets one field tells where that is: a flag, or else a number. */
#define FLAG(field) no_argument, NULL, offsetof(struct params, field)
#define NUMBER(field) required_argument, NULL, offsetof(struct params, field)

static const struct option options[] = {
	{ "out", required_argument, NULL, OUT },
	{ "device", required_argument, NULL, DEVICE },
	{ "pages", required_argument, NULL, PAGES },
	{ "order", required_argument, NULL, ORDER },
	{ "regions", required_argument, NULL, REGIONS },
	{ "handover", required_argument, NULL, HANDOVER },
	{ "fault", required_argument, NULL, FAULT },
	{ "lease", required_argument, NULL, LEASE },
	{ "mem", NUMBER(mem) },
	{ "file", NUMBER(file) },
	{ "loops", NUMBER(loops) },
	{ "devices-of-vm", NUMBER(devices_of_vm) },
	{ "threads", NUMBER(threads) },
	{ "warm", FLAG(warm) },
	{ "pinned", FLAG(pinned) },
	{ "unbatched", FLAG(unbatched) },
	{ "counters", FLAG(counters) },
	{ "cvq", FLAG(cvq) },
	{ "gentle", FLAG(gentle) },
	{ "handovers", NUMBER(handovers) },
	{ "alone", FLAG(alone) },
	{ NULL, 0, NULL, 0 },
};

static void parse_option(struct params *p, int value, const char *name)
{
	switch (value) {
	case '?':
		usage("unknown option");
	case OUT:
		emit_to(open_out(optarg));
		break;
	case DEVICE:
		parse_device(p, optarg);
		break;
	case PAGES:
		p->pages = parse_pages(optarg);
		break;
	case ORDER:
		order_parse(&p->order, optarg);
		break;
	case REGIONS:
		parse_regions(p, optarg);
		break;
	case HANDOVER:
		p->handover = parse_handover(optarg);
		break;
	case FAULT:
		p->fault = parse_fault(optarg);
		break;
	case LEASE:
		if (strlen(optarg) >= PATH_MAX)
			usage("--lease is too long");
		p->lease = optarg;
		break;
	default:
		if (optarg)
			*(uint64_t *)((char *)p + value) = number(optarg, name);
		else
			*(bool *)((char *)p + value) = true;
	}
}

static void validate(struct params *p)
{
	uint64_t page = page_kinds[p->pages].bytes;
	bool device = order_has_device(&p->order);

	if (!p->file)
		p->file = p->mem;
	if (emit_fd() < 0)
		usage("--out is missing");
	if (!p->order.n)
		usage("--order is missing");
	if ((order_has(&p->order, METHOD_START_HELPER) ||
	     order_has(&p->order, METHOD_START_VMM)) &&
	    (!p->lease[0] || !p->command[0]))
		usage("vmm-start wants --lease PATH -- PROGRAM WORD...");
	if (!p->mem || p->mem % page || p->file % page || p->file > p->mem)
		usage("--mem and --file must be whole pages, file <= mem");
	if (!p->threads || p->threads > MAX_THREADS ||
	    p->threads > p->mem / page)
		usage("--threads must leave each a page, and be few");
	if (!p->devices_of_vm || p->devices_of_vm > VDPA_MOST)
		usage("--devices-of-vm must be at least one, and few");
	if (!p->regions.n)
		regions_split(&p->regions, p->split, p->mem, page);
	regions_check(&p->regions, p->mem,
		      device ? IO_LEAST_FIRST(p->devices_of_vm) : 0,
		      device ? IO_LEAST(p->devices_of_vm) : 0);
}

void params_parse(struct params *p, int argc, char **argv)
{
	int value, at = 0;

	*p = (struct params) {
		.split = 1, .threads = 1, .handovers = 1, .devices_of_vm = 1,
		.lease = ""
	};
	if (argc < 2 || strlen(argv[1]) >= sizeof(p->experiment))
		usage("which experiment?");
	strcpy(p->experiment, argv[1]);
	while ((value = getopt_long(argc - 1, argv + 1, "", options, &at)) !=
	       -1)
		parse_option(p, value, options[at].name);
	p->command = argv + 1 + optind;
	validate(p);
}
