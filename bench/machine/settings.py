# SPDX-License-Identifier: GPL-2.0-only
"""How this machine is set up for measuring: read, never changed. Values are JSON's."""

import re
from pathlib import Path
from textwrap import shorten
from typing import Any

from bench.machine.sysfs import LARGEST, cpus_text, field, flag, integer, read, selected
from bench.model.units import KIB

_CPU = "sys/devices/system/cpu"
_CLOCK = "sys/devices/system/clocksource/clocksource0"
_THP = "sys/kernel/mm/transparent_hugepage"
_CAP_IPC_LOCK = 1 << 14  # uapi/linux/capability.h
# Where the kernel says that it may run faster than its nominal clock, and which value is on.
_TURBO = ((f"{_CPU}/intel_pstate/no_turbo", "0"), (f"{_CPU}/cpufreq/boost", "1"))
_SHORT = 60  # characters of a mitigation that are kept


def tuning_facts(root: Path = Path("/")) -> dict[str, Any]:
    """What is not there is None; sizes in bytes, lists of CPUs in the kernel's spelling."""
    return {
        **_cpu(root),
        **_memory(root),
        **_kernel(root),
        **_process(root),
    }


def _cpu(root: Path) -> dict[str, Any]:
    cpuinfo = read(root, "proc/cpuinfo")
    turbo, turbo_file = _turbo(root)
    return {
        "governor": _governors(root),
        "turbo": turbo,
        "turbo_file": turbo_file,
        "smt": flag(read(root, f"{_CPU}/smt/active")),
        "numa": numa_nodes(root),
        "isolated": cpus_text(read(root, f"{_CPU}/isolated")),
        "nohz_full": cpus_text(read(root, f"{_CPU}/nohz_full")),
        "clocksource": read(root, f"{_CLOCK}/current_clocksource"),
        "clocksources": (read(root, f"{_CLOCK}/available_clocksource") or "").split(),
        "mitigations": mitigations(root),
        "microcode": field(cpuinfo, "microcode"),
    }


def _memory(root: Path) -> dict[str, Any]:
    return {
        "thp": selected(read(root, f"{_THP}/enabled")),
        "thp_shmem": selected(read(root, f"{_THP}/shmem_enabled")),
        "hugepages": hugepage_pools(root),
    }


def _kernel(root: Path) -> dict[str, Any]:
    return {
        "load": load_average(read(root, "proc/loadavg")),
        "perf_event_paranoid": integer(read(root, "proc/sys/kernel/perf_event_paranoid")),
        "pmu": _has_pmu(root),
        "io_uring_disabled": integer(read(root, "proc/sys/kernel/io_uring_disabled")),
        "tainted": integer(read(root, "proc/sys/kernel/tainted")),
    }


def _process(root: Path) -> dict[str, Any]:
    status = read(root, "proc/self/status")
    uids = (field(status, "Uid") or "").split()
    return {
        "affinity": cpus_text(field(status, "Cpus_allowed_list")),
        "root": uids[1] == "0" if len(uids) > 1 else None,  # the effective one
        "cap_ipc_lock": _has_capability(field(status, "CapEff"), _CAP_IPC_LOCK),
        "memlock": memlock(read(root, "proc/self/limits")),
    }


def _has_capability(mask: str | None, bit: int) -> bool | None:
    return (
        bool(int(mask, 16) & bit) if re.fullmatch("[0-9a-f]{1,16}", mask or "") and mask else None
    )


def _governors(root: Path) -> list[str] | None:
    """Each governor that some CPU has; None where the kernel does not set the clock, as in VMs."""
    policies = (root / _CPU / "cpufreq").glob("policy*/scaling_governor")
    found = {read(root, str(path.relative_to(root))) for path in policies}
    return sorted(name for name in found if name) or None


def _turbo(root: Path) -> tuple[bool | None, str | None]:
    """Whether it is on, and the file that says so."""
    for path, on in _TURBO:
        text = read(root, path)
        if flag(text) is not None:
            return text == on, f"/{path}"
    return None, None


def numa_nodes(root: Path) -> dict[str, dict[str, Any]]:
    """Node: its CPUs, and its memory in bytes."""
    nodes = {}
    for path in (root / "sys/devices/system/node").glob("node[0-9]*"):
        name = f"sys/devices/system/node/{path.name}"
        total = re.search(r"MemTotal:\s+([0-9]{1,15}) kB", read(root, f"{name}/meminfo") or "")
        nodes[path.name.removeprefix("node")] = {
            "cpus": cpus_text(read(root, f"{name}/cpulist")),
            "memory": int(total[1]) * KIB if total else None,
        }
    return dict(sorted(nodes.items(), key=lambda item: (len(item[0]), item[0])))


def hugepage_pools(root: Path) -> dict[str, dict[str, int | None]]:
    """Size of a page in bytes, as text since it is a key: pages in the pool, and free ones."""
    found = {}
    for path in (root / "sys/kernel/mm/hugepages").glob("hugepages-*kB"):
        size = integer(path.name.removeprefix("hugepages-").removesuffix("kB"))
        if size is not None:
            pool = f"sys/kernel/mm/hugepages/{path.name}"
            found[size * KIB] = {
                "total": integer(read(root, f"{pool}/nr_hugepages")),
                "free": integer(read(root, f"{pool}/free_hugepages")),
            }
    return {str(size): found[size] for size in sorted(found)}


def mitigations(root: Path) -> dict[str, str]:
    """Of the CPU's vulnerabilities those that cost something, or that are left open."""
    found = {}
    for path in sorted((root / _CPU / "vulnerabilities").glob("*")):
        text = read(root, f"{_CPU}/vulnerabilities/{path.name}") or ""
        if "Mitigation" in text or "Vulnerable" in text:
            found[path.name] = shorten(text.split(";")[0], _SHORT, placeholder="")
    return found


def load_average(text: str | None) -> list[float] | None:
    """Runnable tasks over 1, 5 and 15 minutes: /proc/loadavg."""
    words = (text or "").split()[:3]
    if len(words) < 3 or not all(re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", word) for word in words):
        return None
    return [float(word) for word in words]


def memlock(limits: str | None) -> dict[str, int | None] | None:
    """RLIMIT_MEMLOCK in bytes, of /proc/PID/limits; a limit that is None is unlimited."""
    line = re.search(r"^Max locked memory +(\w+) +(\w+) ", limits or "", re.MULTILINE)
    if not line:
        return None
    soft, hard = integer(line[1]), integer(line[2])
    wrong = [word for word in line.groups() if word != "unlimited" and integer(word) is None]
    return None if wrong else {"soft": _bounded(soft), "hard": _bounded(hard)}


def _bounded(limit: int | None) -> int | None:
    return limit if limit is not None and limit < LARGEST else None


def _has_pmu(root: Path) -> bool:
    """Counters of the CPU itself: ``cpu``, ``cpu_core`` on hybrid ones, ``armv8_pmuv3_0``."""
    devices = root / "sys/bus/event_source/devices"
    return any(any(devices.glob(name)) for name in ("cpu", "cpu_core", "armv8_*"))
