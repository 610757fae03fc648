// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many handovers under load, and what has to be as it was after each: memory,
 * slabs, pins, files and processes, as the kernel counts them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "emit.h"
#include "methods.h"
#include "proc.h"
#include "soak.h"

void load_offer(struct state *s)
{
	const struct family *family = family_of(s);

	if (is_soak(s) && family && family->offer)
		family->offer(s, s->handover);
}

void load_kick(struct state *s)
{
	const struct family *family = family_of(s);

	if (is_soak(s) && family && family->kick)
		family->kick(s);
}

void load_collect(struct state *s)
{
	const struct family *family = family_of(s);

	if (is_soak(s) && family && family->collect)
		family->collect(s, s->handover);
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;		/* this kernel has none, or it is root's */
	if (write(fd, text, strlen(text)) < 0)
		die("write", errno, "%s", path);
	close(fd);
}

/* Reads /proc/slabinfo, which is root's; of each cache @use() is called. */
static void for_each_cache(void (*use)(const char *name, uint64_t objects,
				       uint64_t bytes_each))
{
	FILE *f = fopen("/proc/slabinfo", "re");
	uint64_t objects, bytes;
	char line[512], name[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %" SCNu64 " %*u %" SCNu64, name,
			   &objects, &bytes) == 3)
			use(name, objects, bytes);
	if (f)
		fclose(f);
}

static void shrink(const char *name, uint64_t objects, uint64_t bytes_each)
{
	char path[128];

	(void)objects;
	(void)bytes_each;
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", name);
	write_to(path, "1");
}

/*
 * What is freed later (RCU, works) is to be freed, what is kept for the next
 * who needs it (caches, the slabs of a CPU) to be given back: what is in use
 * then is in use. Only where nobody else would miss it.
 */
static void settle_kernel(const struct state *s)
{
	const struct timespec moment = { .tv_nsec = 200 * 1000 * 1000 };

	nanosleep(&moment, NULL);
	write_to("/proc/sys/vm/stat_refresh", "1");	/* of each CPU */
	if (!s->p.alone)
		return;
	sync();
	write_to("/proc/sys/vm/drop_caches", "3");
	for_each_cache(shrink);
	nanosleep(&moment, NULL);
}

/* A line holds what fits: the counts of a rep take as many as they need. */
static void begin_counts(void)
{
	emit_begin("footprint");
	emit_open("counts");
}

static void end_counts(void)
{
	emit_close();
	emit_end();
}

static void put(const char *name, uint64_t count)
{
	if (emit_room() < 300) {
		end_counts();
		begin_counts();
	}
	emit_u64(name, count);
}

/* Lines of "NAME: N", or "NAME N": each name that is wanted. */
static void put_fields(const char *path, const char * const *wanted)
{
	char line[256], name[64];
	FILE *f = fopen(path, "re");
	uint64_t count;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^: ]%*[: ]%" SCNu64, name, &count) != 2)
			continue;
		for (int i = 0; wanted[i]; i++)
			if (!strcmp(name, wanted[i]))
				put(name, count);
	}
	if (f)
		fclose(f);
}

/*
 * Areas of vmalloc() that are freed, and kept until the addresses of 32 MB have
 * come together: some thousand handovers of a device that maps its registers.
 */
static uint64_t unpurged_areas(void)
{
	FILE *f = fopen("/proc/vmallocinfo", "re");
	uint64_t count = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		count += strstr(line, " unpurged ") != NULL;
	if (f)
		fclose(f);
	return count;
}

static void put_cache(const char *name, uint64_t objects, uint64_t bytes_each)
{
	char key[128];

	if (!strcmp(name, "vmap_area"))
		objects -= MIN(objects, unpurged_areas());
	snprintf(key, sizeof(key), "slab:%s:%" PRIu64, name, bytes_each);
	if (objects)
		put(key, objects);
}

static uint64_t open_files(void)
{
	uint64_t count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Processes and threads, those of the kernel too. */
static uint64_t tasks(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : info.procs;
}

static void emit_footprint(const struct state *s)
{
	static const char * const meminfo[] = {
		"MemFree", "MemAvailable", "Slab", "SUnreclaim", "KernelStack",
		"PageTables", "VmallocUsed", "Percpu", NULL
	};
	static const char * const vmstat[] = {
		"nr_foll_pin_acquired", "nr_foll_pin_released", NULL
	};

	settle_kernel(s);
	begin_counts();
	put("handovers", s->handover + 1);
	put("requests-under-way", s->under_way);
	put_fields("/proc/meminfo", meminfo);
	put_fields("/proc/vmstat", vmstat);
	put("VmPin", proc_vmpin_kb(0));
	put("VmLck", proc_vmlck_kb(0));
	put("open-files", open_files());
	put("tasks", tasks());
	for_each_cache(put_cache);
	end_counts();
}

void soak_emit(const struct state *s)
{
	emit_begin("done");
	emit_u64("handovers", s->handover + 1);
	emit_end();
	if (is_rep(s))
		emit_footprint(s);
}
