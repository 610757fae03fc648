// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says about a process and about itself, from /proc. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "emit.h"
#include "proc.h"

/* Since Linux 6.7, later than the headers of some build machines. */
#ifndef PAGEMAP_SCAN
struct page_region {
	uint64_t start, end, categories;
};

struct pm_scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask;
	uint64_t return_mask;
};

#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_HUGE (1 << 6)
#endif

/* Documentation/admin-guide/tainted-kernels.rst */
#define TAINT_BAD_PAGE	(1u << 5)
#define TAINT_DIE	(1u << 7)
#define TAINT_WARN	(1u << 9)
#define TAINT_SOFTLOCKUP (1u << 14)

static FILE *proc_open(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		die("open", errno, "%s", path);
	return f;
}

/* A file of a process, 0: of this one. */
static FILE *open_of(pid_t pid, const char *name)
{
	char path[64], who[16] = "self";

	if (pid)
		snprintf(who, sizeof(who), "%d", pid);
	snprintf(path, sizeof(path), "/proc/%s/%s", who, name);
	return proc_open(path);
}

/* The number on the line that begins with @key; closes the file. */
static uint64_t number_in(FILE *f, const char *key, uint64_t otherwise)
{
	char line[256];

	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(line + strlen(key), "%" SCNu64, &otherwise) == 1)
			break;
	fclose(f);
	return otherwise;
}

/* A mapping's size is told before its flags, "lo" among them when locked. */
static void add_field(struct smaps_sum *sum, const char *line, uint64_t *size)
{
	char key[32];
	uint64_t kb;

	if (!strncmp(line, "VmFlags:", 8) && strstr(line, " lo "))
		sum->locked_kb += *size;
	if (sscanf(line, "%31s %" SCNu64, key, &kb) != 2)
		return;
	if (!strcmp(key, "Size:"))
		*size = kb;
	else if (!strcmp(key, "Rss:"))
		sum->rss_kb += kb;
	else if (!strcmp(key, "ShmemPmdMapped:"))
		sum->pmd_mapped_kb += kb;
	else if (!strcmp(key, "Shared_Hugetlb:") ||
		 !strcmp(key, "Private_Hugetlb:"))
		sum->hugetlb_kb += kb;
	else if (!strcmp(key, "KernelPageSize:") &&
		 (!sum->min_page_kb || kb < sum->min_page_kb))
		sum->min_page_kb = kb;
}

struct smaps_sum proc_smaps(pid_t pid, uint64_t start, uint64_t end)
{
	FILE *f = open_of(pid, "smaps");
	struct smaps_sum sum = { 0 };
	bool inside = false;
	uint64_t size = 0;
	char line[512];

	while (fgets(line, sizeof(line), f)) {
		uint64_t from, to;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2)
			inside = from >= start && to <= end;
		else if (inside)
			add_field(&sum, line, &size);
	}
	fclose(f);
	return sum;
}

uint64_t proc_huge_kb(uint64_t start, uint64_t end)
{
	struct page_region found[64];
	struct pm_scan_arg scan = {
		.size = sizeof(scan), .start = start, .end = end,
		.vec = (uintptr_t)found,
		.vec_len = sizeof(found) / sizeof(found[0]),
		.category_mask = PAGE_IS_HUGE, .return_mask = PAGE_IS_HUGE,
	};
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t bytes = 0;
	int n = 0;

	for (; n >= 0 && scan.start < end; scan.start = scan.walk_end) {
		n = ioctl(fd, PAGEMAP_SCAN, &scan);
		for (int i = 0; i < n; i++)
			bytes += found[i].end - found[i].start;
	}
	if (fd >= 0)
		close(fd);
	return n < 0 ? UINT64_MAX : bytes / 1024;
}

uint64_t proc_vmpin_kb(pid_t pid)
{
	return number_in(open_of(pid, "status"), "VmPin:", 0);
}

uint64_t proc_vmlck_kb(pid_t pid)
{
	return number_in(open_of(pid, "status"), "VmLck:", 0);
}

uint64_t proc_locked_by_drivers_kb(pid_t pid)
{
	return proc_vmlck_kb(pid) - proc_smaps(pid, 0, UINT64_MAX).locked_kb;
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

uint64_t proc_memlock_kb(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur / 1024;
}

uint64_t proc_available_kb(void)
{
	return number_in(proc_open("/proc/meminfo"), "MemAvailable:",
			 UINT64_MAX);
}

uint64_t proc_iotlb_entries(const char *module)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path),
		 "/sys/module/%s/parameters/max_iotlb_entries", module);
	f = fopen(path, "re");
	return f ? number_in(f, "", UINT64_MAX) : UINT64_MAX;
}

uint64_t proc_kernel_warned(void)
{
	FILE *f = proc_open("/proc/sys/kernel/tainted");

	return number_in(f, "", 0) & (TAINT_BAD_PAGE | TAINT_DIE | TAINT_WARN |
				      TAINT_SOFTLOCKUP);
}
