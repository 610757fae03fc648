// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says about a process and about itself, from /proc. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "emit.h"
#include "proc.h"

/* Documentation/admin-guide/tainted-kernels.rst */
#define TAINT_BAD_PAGE	(1u << 5)
#define TAINT_DIE	(1u << 7)
#define TAINT_WARN	(1u << 9)
#define TAINT_SOFTLOCKUP (1u << 14)

static FILE *proc_open(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		die("open", errno, "%s: %s", path, strerror(errno));
	return f;
}

static void smaps_field(struct smaps_sum *sum, const char *line)
{
	uint64_t kb;

	if (sscanf(line, "Rss: %" SCNu64, &kb) == 1)
		sum->rss_kb += kb;
	else if (sscanf(line, "ShmemPmdMapped: %" SCNu64, &kb) == 1)
		sum->pmd_mapped_kb += kb;
	else if (sscanf(line, "Shared_Hugetlb: %" SCNu64, &kb) == 1)
		sum->hugetlb_kb += kb;
	else if (sscanf(line, "Private_Hugetlb: %" SCNu64, &kb) == 1)
		sum->hugetlb_kb += kb;
	else if (sscanf(line, "KernelPageSize: %" SCNu64, &kb) == 1 &&
		 (!sum->min_page_kb || kb < sum->min_page_kb))
		sum->min_page_kb = kb;
}

struct smaps_sum proc_smaps(uint64_t start, uint64_t end)
{
	FILE *f = proc_open("/proc/self/smaps");
	struct smaps_sum sum = { 0 };
	char line[512];
	int inside = 0;

	while (fgets(line, sizeof(line), f)) {
		uint64_t from, to;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2)
			inside = from >= start && to <= end;
		else if (inside)
			smaps_field(&sum, line);
	}
	fclose(f);
	return sum;
}

/* The number on the line of a file that begins with @key. */
static uint64_t proc_field(const char *path, const char *key,
			   uint64_t otherwise)
{
	FILE *f = proc_open(path);
	char line[256];

	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(line + strlen(key), "%" SCNu64, &otherwise) == 1)
			break;
	fclose(f);
	return otherwise;
}

static uint64_t status_kb(pid_t pid, const char *key)
{
	char path[64] = "/proc/self/status";

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return proc_field(path, key, 0);
}

uint64_t proc_vmpin_kb(pid_t pid)
{
	return status_kb(pid, "VmPin:");
}

/* The mappings that mlock() has locked: "lo" among their flags. */
static uint64_t mlocked_kb(pid_t pid)
{
	char path[64] = "/proc/self/smaps", line[512];
	uint64_t size = 0, sum = 0;
	FILE *f;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = proc_open(path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Size: %" SCNu64, &size) != 1 &&
		    !strncmp(line, "VmFlags:", 8) && strstr(line, " lo "))
			sum += size;
	fclose(f);
	return sum;
}

uint64_t proc_locked_by_drivers_kb(pid_t pid)
{
	return status_kb(pid, "VmLck:") - mlocked_kb(pid);
}

bool proc_kernel_before(unsigned int major, unsigned int minor)
{
	unsigned int has_major, has_minor;
	struct utsname name;

	if (uname(&name) ||
	    sscanf(name.release, "%u.%u", &has_major, &has_minor) != 2)
		return false;
	return has_major < major || (has_major == major && has_minor < minor);
}

uint64_t proc_vmlck_kb(void)
{
	return status_kb(0, "VmLck:");
}

uint64_t proc_available_kb(void)
{
	return proc_field("/proc/meminfo", "MemAvailable:", UINT64_MAX);
}

uint64_t proc_memlock_kb(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur / 1024;
}

uint64_t proc_iotlb_entries(const char *module)
{
	uint64_t entries = UINT64_MAX;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path),
		 "/sys/module/%s/parameters/max_iotlb_entries", module);
	f = fopen(path, "re");
	if (!f)
		return UINT64_MAX;
	if (fscanf(f, "%" SCNu64, &entries) != 1)
		entries = UINT64_MAX;
	fclose(f);
	return entries;
}

uint64_t proc_kernel_warned(void)
{
	FILE *f = proc_open("/proc/sys/kernel/tainted");
	uint64_t taint = 0;

	if (fscanf(f, "%" SCNu64, &taint) != 1)
		taint = 0;
	fclose(f);
	return taint & (TAINT_BAD_PAGE | TAINT_DIE | TAINT_WARN |
			TAINT_SOFTLOCKUP);
}
