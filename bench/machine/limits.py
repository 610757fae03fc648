# SPDX-License-Identifier: GPL-2.0-only
"""Read what limits this process: rlimits, cgroups, prctl(2), sysctls, namespaces. Read only.

What cannot be read is None, and so is a limit that is none. bench.doctor.limits says what each
of them stops.
"""

import ctypes
import os
import re
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine.container import groups
from bench.machine.own_limits import rlimit
from bench.machine.sysfs import LARGEST, cpus_text, integer, read
from bench.machine.sysfs import field as line_of

ROOT = Path("/")
_RLIMITS = {
    "fsize": resource.RLIMIT_FSIZE,
    "as": resource.RLIMIT_AS,
    "data": resource.RLIMIT_DATA,
    "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC,
    "stack": resource.RLIMIT_STACK,
    "cpu": resource.RLIMIT_CPU,
}
_ALL_USERS = "4294967295"  # of the first namespace, in which all are mapped to themselves
_PR_GET_THP_DISABLE = 42  # uapi/linux/prctl.h
# What stands in files without which something is not known, and what that is.
_WANTED = {
    "proc/meminfo": (r"^MemAvailable: *[0-9]+ kB", "what memory is free"),
    "proc/cpuinfo": (r"^\w.*:", "the CPU, and whether this is a virtual machine"),
    "proc/loadavg": (r"^[0-9.]+ [0-9.]+ [0-9.]+", "the load"),
    "proc/self/status": (r"^Cap", "capabilities and allowed CPUs"),
    "proc/sys/kernel/ostype": ("Linux", "sysctls"),
    "sys/devices/system/cpu/online": (r"^[0-9]", "CPUs, their clock and caches"),
}


@dataclass(frozen=True)
class ProcessLimits:
    """What may stop a run. Sizes in bytes, time in seconds of CPU."""

    rlimits: Mapping[str, int]  # soft limits that are one, by their names in getrlimit(2)
    tasks: int | None  # that a cgroup has left: pids.max
    hugetlb: Mapping[int, int]  # bytes that a cgroup has left, by the size of a page
    cpus: str | None  # that the cpuset has
    memfd_noexec: int | None  # sysctl vm.memfd_noexec
    max_map_count: int | None  # sysctl vm.max_map_count
    thp_disabled: bool | None  # by prctl(2), of this process and its children
    no_new_privs: bool | None  # then sudo and file capabilities do nothing
    seccomp: bool | None  # a filter of system calls
    user_namespace: bool | None  # root here is not root of the machine
    hidden: tuple[str, ...]  # what is not known, since a file cannot be read
    hard: Mapping[str, int] = field(default_factory=dict)  # hard limits, as ``rlimits``


def limits(root: Path = ROOT) -> ProcessLimits:
    """Read all limits; ``root`` is where /proc and /sys are looked for."""
    status = read(root, "proc/self/status")
    return ProcessLimits(
        rlimits=_rlimits(hard=False),
        hard=_rlimits(hard=True),
        tasks=_left(root, "pids", "pids.max", "pids.current"),
        hugetlb=hugetlb_left(root),
        cpus=cpuset(root),
        memfd_noexec=integer(read(root, "proc/sys/vm/memfd_noexec")),
        max_map_count=integer(read(root, "proc/sys/vm/max_map_count")),
        thp_disabled=thp_disabled(),
        no_new_privs=_switch(line_of(status, "NoNewPrivs")),
        seccomp=has_filter(root),
        user_namespace=_in_user_namespace(root),
        hidden=hidden(root),
    )


def _rlimits(hard: bool) -> dict[str, int]:
    found = {name: rlimit(kind)[hard] for name, kind in _RLIMITS.items()}
    return {name: limit for name, limit in found.items() if limit != resource.RLIM_INFINITY}


def hidden(root: Path = ROOT) -> tuple[str, ...]:
    """Return what is not known for want of a file, with that file: /proc may be cut."""
    files = (
        f"{what} (/{path})"
        for path, (pattern, what) in _WANTED.items()
        if not re.search(pattern, read(root, path) or "", re.MULTILINE)
    )
    others = {
        "huge pages (/sys/kernel/mm)": (root / "sys/kernel/mm").glob("*"),
        "limits of cgroups (/sys/fs/cgroup)": (
            group
            for name in ("memory", "pids", "cpuset")
            for group in groups(root, name)
            if (root / group.path / "cgroup.procs").exists()
        ),
    }
    return (*files, *(what for what, found in others.items() if not any(found)))


def is_hidden(found: Sequence[str], path: str) -> bool:
    """Tell whether `hidden` has named this path."""
    return any(f"({path})" in line for line in found)


def _left(root: Path, controller: str, limit: str, used: str) -> int | None:
    """Return what the tightest cgroup has left of something; None without a limit."""
    left = []
    for group in groups(root, controller):
        most = integer(read(root, f"{group.path}/{limit}"))
        if most is not None and most < LARGEST:
            left.append(most - (integer(read(root, f"{group.path}/{used}")) or 0))
    return max(min(left), 0) if left else None


_HUGETLB = r"hugetlb\.(\d+)([KMG]B)(?:\.rsvd)?\.(?:max|limit_in_bytes)"
_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def hugetlb_left(root: Path = ROOT) -> dict[int, int]:
    """Return the bytes that cgroups have left of each size of huge pages, by that size.

    v1 and v2 name files alike. A limit of ``rsvd`` refuses a mapping, one without it a page.
    """
    found: dict[int, int] = {}
    for group in groups(root, "hugetlb"):
        for path in sorted((root / group.path).glob("hugetlb.*")):
            named = re.fullmatch(_HUGETLB, path.name)
            most = integer(read(path.parent, path.name)) if named else None
            if named is None or most is None or most >= LARGEST:
                continue
            kind = ".max" if path.name.endswith(".max") else ".limit_in_bytes"
            using = path.name.replace(kind, ".current" if kind == ".max" else ".usage_in_bytes")
            left = max(most - (integer(read(path.parent, using)) or 0), 0)
            size = int(named[1]) * _UNITS[named[2]]
            found[size] = min(left, found.get(size, left))
    return found


def cpuset(root: Path = ROOT) -> str | None:
    """Return the CPUs that the innermost cpuset has, as a list; None where there is none."""
    for group in groups(root, "cpuset"):
        for name in ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"):
            if found := cpus_text(read(root, f"{group.path}/{name}")):
                return found
    return None


def mount_problem(path: Path) -> str:
    """Say what the mount of a directory forbids: that programs run, or that it is written."""
    try:
        flags = os.statvfs(path).f_flag
    except OSError:
        return ""
    if flags & os.ST_RDONLY:
        return "is on a file system that is mounted read-only"
    return "is on a file system that is mounted noexec" if flags & os.ST_NOEXEC else ""


def has_filter(root: Path = ROOT) -> bool | None:
    """Tell whether a seccomp filter looks at each system call of this process."""
    return _switch(line_of(read(root, "proc/self/status"), "Seccomp"))


def thp_disabled() -> bool | None:
    """Tell whether prctl(2) keeps huge pages from this process and from what it starts."""
    found = ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_THP_DISABLE, 0, 0, 0, 0)
    return None if found < 0 else found > 0


def _switch(text: str | None) -> bool | None:
    return None if text is None else text != "0"


def _in_user_namespace(root: Path) -> bool | None:
    """Tell whether user 0 of here is another user outside: user_namespaces(7)."""
    text = read(root, "proc/self/uid_map")
    return None if text is None else text.split() != ["0", "0", _ALL_USERS]
