/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Sums over the mappings of a range, in kB, from /proc/self/smaps. */
struct smaps_sum {
	uint64_t rss_kb;
	uint64_t pmd_mapped_kb;	/* shmem mapped with huge page table entries */
	uint64_t hugetlb_kb;
	uint64_t min_page_kb;	/* smallest page size of any of the mappings */
};

struct smaps_sum proc_smaps(uint64_t start, uint64_t end);

/* VmPin of a process (0: this one) in kB: what was charged to its mm. */
uint64_t proc_vmpin_kb(pid_t pid);

/* Is the running kernel older than this version? */
bool proc_kernel_before(unsigned int major, unsigned int minor);

/* VmLck of this process in kB: what mlock() holds. */
uint64_t proc_vmlck_kb(void);

/*
 * VmLck of a process (0: this one) less what is mlock()ed: pages that drivers
 * lock are counted there too, as vfio's type1 does.
 */
uint64_t proc_locked_by_drivers_kb(pid_t pid);

/* Limits that mapping can hit. UINT64_MAX: none, or none that can be read. */
uint64_t proc_memlock_kb(void);
uint64_t proc_available_kb(void);
uint64_t proc_iotlb_entries(const char *module);

/* The taint bits that only a kernel warning, a bad page or an oops sets. */
uint64_t proc_kernel_warned(void);

#endif
