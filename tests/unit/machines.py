# SPDX-License-Identifier: GPL-2.0-only
"""Trees that look like /sys and /proc/sys of a machine, and journals of who tuned it and died."""

import json
from collections.abc import Mapping
from pathlib import Path

from bench.cleanup.undo import read_value
from bench.machine.facts import boot_id
from bench.machine.procfs import pid_namespace
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


POOL_SIZE = f"{POOL}/nr_hugepages"


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.json"))


def left(directory: Path, *entries: Mapping[str, object], **owner: object) -> Path:
    """A journal of a process that has ended: pid 1 began at another time."""
    facts = {"boot": boot_id(), "space": pid_namespace(), "pid": 1, "start": 987654321, **owner}
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "{boot}_{space}_{pid}_{start}_0000000000000000.json".format(**facts)
    path.write_text(json.dumps({"format": 1, "entries": entries}))
    return path


def setting(path: Path, before: str, after: str, settled: bool = True) -> dict[str, object]:
    fields = {"path": str(path), "before": before, "after": after, "settled": settled}
    return {"kind": "setting", **fields}
