# SPDX-License-Identifier: GPL-2.0-only
"""Made-up trees of /proc and /sys: data for readers."""

from collections.abc import Mapping
from pathlib import Path

CPU = "sys/devices/system/cpu"
THP = "sys/kernel/mm/transparent_hugepage"

STATUS = """Name:\tbench
CapEff:\t0000000000000000
Cpus_allowed_list:\t2-5
"""

# A server of two sockets, as it comes.
SERVER: Mapping[str, str] = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: A CPU\nmicrocode\t: 0x2b\nflags\t\t: fpu vme\n",
    "proc/self/status": STATUS,
    "proc/self/cgroup": "0::/user.slice/me\n",
    "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n",
    "proc/sys/kernel/perf_event_paranoid": "2\n",
    "proc/sys/kernel/io_uring_disabled": "2\n",
    "proc/sys/kernel/tainted": "4096\n",
    f"{CPU}/cpufreq/policy0/scaling_governor": "powersave\n",
    f"{CPU}/cpufreq/policy1/scaling_governor": "performance\n",
    f"{CPU}/cpufreq/policy2/scaling_governor": "powersave\n",
    f"{CPU}/intel_pstate/no_turbo": "0\n",
    f"{CPU}/smt/active": "1\n",
    f"{CPU}/isolated": "4-5\n",
    f"{CPU}/nohz_full": "(null)\n",
    f"{CPU}/vulnerabilities/meltdown": "Not affected\n",
    f"{CPU}/vulnerabilities/mds": "Mitigation: Clear CPU buffers; SMT vulnerable\n",
    f"{CPU}/vulnerabilities/itlb_multihit": "KVM: Mitigation: Split huge pages\n",
    f"{CPU}/vulnerabilities/srbds": "Vulnerable: No microcode\n",
    f"{THP}/enabled": "always [madvise] never\n",
    f"{THP}/shmem_enabled": "always within_size advise [never] deny force\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n",
    "sys/devices/system/clocksource/clocksource0/available_clocksource": "hpet acpi_pm \n",
    "sys/devices/system/node/node0/cpulist": "0-3\n",
    "sys/devices/system/node/node0/meminfo": "Node 0 MemTotal:       1024 kB\n",
    "sys/devices/system/node/node10/cpulist": "\n",
    "sys/devices/system/node/node2/cpulist": "4-7\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "512\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "500\n",
    "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages": "0\n",
    "sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages": "0\n",
    "sys/bus/event_source/devices/cpu/type": "4\n",
    "sys/fs/cgroup/user.slice/memory.max": "max\n",
    "sys/fs/cgroup/user.slice/cpu.max": "150000 100000\n",
}


def tree(root: Path, files: Mapping[str, str]) -> Path:
    """Lay the files below ``root``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
