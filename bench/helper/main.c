// SPDX-License-Identifier: GPL-2.0-only
/* Which experiment, with what: said first, so that results can be checked. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "experiment.h"
#include "live_update.h"

static const struct experiment * const experiments[] = {
	&live_update, &pin, &ownership, &remap, &null_experiment,
	&vmm_start, NULL
};

static const struct experiment *find_experiment(const char *name)
{
	for (size_t i = 0; experiments[i]; i++)
		if (!strcmp(experiments[i]->name, name))
			return experiments[i];
	usage("unknown experiment");
}

static void check_order(const struct experiment *e, const struct order *o)
{
	for (uint32_t i = 0; i < o->n; i++)
		if (o->method[i] < e->first || o->method[i] > e->last)
			usage("--order has what the experiment has not");
}

static void emit_hello(const struct params *p)
{
	emit_begin("hello");
	emit_u64("proto", EMIT_PROTO);
	emit_str("experiment", p->experiment);
	emit_open("params");
	emit_str("device", p->device[FAMILY_VDPA]);
	emit_u64("mem", p->mem);
	emit_u64("file", p->file);
	emit_str("pages", page_kinds[p->pages].name);
	emit_u64("regions", p->regions.n);
	emit_bool("warm", p->warm);
	emit_str("handover", handover_names[p->handover]);
	emit_bool("unbatched", p->unbatched);
	emit_bool("cvq", p->cvq);
	emit_bool("broken", p->fault != FAULT_NONE);
	emit_u64("devices-of-vm", p->devices_of_vm);
	emit_u64("threads", p->threads);
	emit_u64("handovers", p->handovers);
	emit_u64("reps", p->order.n);
	emit_close();
	emit_end();
}

int main(int argc, char **argv)
{
	const struct experiment *experiment;
	struct params p;

	/* First of all: in a new process the pause may be running. */
	if (argc == 3 && !strcmp(argv[1], "--continue"))
		live_update_continue(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "--receive"))
		live_update_receive(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "--open"))
		vmm_open(argv[2]);

	/* Whoever is gone has said why. Stays ignored over execve(). */
	signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow so far is said by errno: EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
	params_parse(&p, argc, argv);
	experiment = find_experiment(p.experiment);
	check_order(experiment, &p.order);
	emit_hello(&p);
	experiment->run(&p);
	return EXIT_DONE;
}
