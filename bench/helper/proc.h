/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Sums over mappings, in kB. */
struct smaps_sum {
	uint64_t rss_kb;
	uint64_t pmd_mapped_kb;	/* shmem mapped with huge page table entries */
	uint64_t hugetlb_kb;
	uint64_t min_page_kb;	/* smallest page size of any of the mappings */
	uint64_t locked_kb;	/* size of those that mlock() has locked */
};

/* Sum over the mappings of a process (0: this one) that are in a range. */
struct smaps_sum proc_smaps(pid_t pid, uint64_t start, uint64_t end);

/*
 * What huge page table entries map of a range of this process, in kB. smaps
 * looks at each 4 KiB of a huge page that is mapped more than once: with 64 GiB
 * of an alias that takes longer than new-owner. UINT64_MAX before Linux 6.7.
 */
uint64_t proc_huge_kb(uint64_t start, uint64_t end);

/* VmPin of a process (0: this one) in kB: what was charged to its mm. */
uint64_t proc_vmpin_kb(pid_t pid);

/* VmLck in kB: what mlock() holds, and pages that drivers lock (type1). */
uint64_t proc_vmlck_kb(pid_t pid);

/* VmLck less what is mlock()ed. */
uint64_t proc_locked_by_drivers_kb(pid_t pid);

/* Is the running kernel older than this version? */
bool proc_kernel_before(unsigned int major, unsigned int minor);

/* Limits that mapping can hit. UINT64_MAX: none, or none that can be read. */
uint64_t proc_memlock_kb(void);
uint64_t proc_available_kb(void);
uint64_t proc_iotlb_entries(const char *module);

/* The taint bits that only a kernel warning, a bad page or an oops sets. */
uint64_t proc_kernel_warned(void);
