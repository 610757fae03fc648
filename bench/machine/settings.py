# SPDX-License-Identifier: GPL-2.0-only
"""Read how this machine is set up for measuring. Nothing is changed.

``root`` is where /proc and /sys are looked for. What cannot be read is None; lists of CPUs are
in the kernel's spelling ("0-3,8").
"""

import re
import resource
from pathlib import Path
from textwrap import shorten

from bench.machine.sysfs import cpus_text, field, flag, integer, read
from bench.model.facts import HugePool, MemoryLock, NumaNode
from bench.model.units import KIB

CPU = "sys/devices/system/cpu"
_CAP_IPC_LOCK = 1 << 14  # uapi/linux/capability.h
# Where the kernel says that it may run faster than its nominal clock, and which value is on.
_TURBO = ((f"{CPU}/intel_pstate/no_turbo", "0"), (f"{CPU}/cpufreq/boost", "1"))
_SHORT = 60  # characters of a mitigation that are kept


def governors(root: Path) -> tuple[str, ...] | None:
    """Return each governor that some CPU has; None where the kernel sets no clock, as in VMs."""
    policies = (root / CPU / "cpufreq").glob("policy*/scaling_governor")
    found = {read(root, str(path.relative_to(root))) for path in policies}
    return tuple(sorted(name for name in found if name)) or None


def turbo(root: Path) -> tuple[bool | None, str | None]:
    """Return whether turbo is on, and the file that says so."""
    for path, on in _TURBO:
        text = read(root, path)
        if flag(text) is not None:
            return text == on, f"/{path}"
    return None, None


def may_lock_memory(root: Path) -> bool | None:
    """Tell whether this process has CAP_IPC_LOCK."""
    mask = status(root, "CapEff") or ""
    return bool(int(mask, 16) & _CAP_IPC_LOCK) if re.fullmatch("[0-9a-f]{1,16}", mask) else None


def status(root: Path, name: str) -> str | None:
    """Return a field of /proc/self/status."""
    return field(read(root, "proc/self/status"), name)


def numa_nodes(root: Path) -> dict[int, NumaNode]:
    """Return the NUMA nodes by their numbers, in order."""
    nodes = {}
    for path in (root / "sys/devices/system/node").glob("node[0-9]*"):
        number = integer(path.name.removeprefix("node"))
        if number is None:
            continue
        name = f"sys/devices/system/node/{path.name}"
        total = re.search(r"MemTotal:\s+([0-9]{1,15}) kB", read(root, f"{name}/meminfo") or "")
        nodes[number] = NumaNode(
            cpus_text(read(root, f"{name}/cpulist")), int(total[1]) * KIB if total else None
        )
    return dict(sorted(nodes.items()))


def hugepage_pools(root: Path) -> dict[int, HugePool]:
    """Return the pools of huge pages by the size of a page in bytes, the smallest first."""
    found = {}
    for path in (root / "sys/kernel/mm/hugepages").glob("hugepages-*kB"):
        size = integer(path.name.removeprefix("hugepages-").removesuffix("kB"))
        if size is not None:
            pool = f"sys/kernel/mm/hugepages/{path.name}"
            found[size * KIB] = HugePool(
                total=integer(read(root, f"{pool}/nr_hugepages")),
                free=integer(read(root, f"{pool}/free_hugepages")),
            )
    return dict(sorted(found.items()))


def mitigations(root: Path) -> dict[str, str]:
    """Return those vulnerabilities of the CPU whose mitigation costs something, or is off."""
    found = {}
    for path in sorted((root / CPU / "vulnerabilities").glob("*")):
        text = read(root, f"{CPU}/vulnerabilities/{path.name}") or ""
        if "Mitigation" in text or "Vulnerable" in text:
            found[path.name] = shorten(text.split(";")[0], _SHORT, placeholder="")
    return found


def memlock() -> MemoryLock:
    """Return RLIMIT_MEMLOCK of this process."""
    limits = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return MemoryLock(*(None if n == resource.RLIM_INFINITY else n for n in limits))


def has_pmu(root: Path) -> bool:
    """Tell whether there are counters of the CPU itself.

    They are ``cpu``, ``cpu_core`` on hybrid CPUs, ``armv8_pmuv3_0`` on Arm.
    """
    devices = root / "sys/bus/event_source/devices"
    return any(any(devices.glob(name)) for name in ("cpu", "cpu_core", "armv8_*"))
