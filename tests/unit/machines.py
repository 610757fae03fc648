# SPDX-License-Identifier: GPL-2.0-only
"""Trees that look like /sys and /proc/sys of a machine, to be tuned."""

from pathlib import Path

from bench.cleanup.undo import read_value
from bench.model.units import MIB

CPU = "sys/devices/system/cpu"
SHMEM = "sys/kernel/mm/transparent_hugepage/shmem_enabled"
POOL = "sys/kernel/mm/hugepages/hugepages-2048kB"
PAGE = 2 * MIB

SERVER = {
    f"{CPU}/online": "0-3",
    f"{CPU}/isolated": "",
    f"{CPU}/cpufreq/policy0/scaling_governor": "powersave",
    f"{CPU}/cpufreq/policy0/scaling_available_governors": "performance powersave",
    f"{CPU}/cpufreq/policy1/scaling_governor": "powersave",
    f"{CPU}/cpufreq/policy1/scaling_available_governors": "performance powersave",
    f"{CPU}/intel_pstate/no_turbo": "0",
    SHMEM: "always within_size advise [never] deny force",
    f"{POOL}/nr_hugepages": "4",
    f"{POOL}/free_hugepages": "3",
    f"{POOL}/resv_hugepages": "1",
    "proc/sys/vm/compact_memory": "",
}


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


def values(root: Path) -> dict[str, str]:
    """Each setting as the kernel means it, however it is spelled."""
    return {
        str(path.relative_to(root)): read_value(path)
        for top in ("sys", "proc")
        for path in (root / top).rglob("*")
        if path.is_file()
    }
