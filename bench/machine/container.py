# SPDX-License-Identifier: GPL-2.0-only
"""Find out what this process is confined to: cgroups, a container, a virtual machine. Read only."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.machine.sysfs import LARGEST, field, integer, read

# v1 has a hierarchy for each controller, v2 one for all.
_LIMITS = {"v1": ("memory.limit_in_bytes",), "v2": ("memory.max", "memory.high")}
_USAGE = {"v1": "memory.usage_in_bytes", "v2": "memory.current"}


@dataclass(frozen=True)
class Group:
    """A cgroup of this process, or an ancestor of it. ``path`` is the one of its directory."""

    version: str  # "v1" or "v2"
    path: str


def groups(root: Path, controller: str) -> Iterator[Group]:
    """Yield the cgroups of this process that can be seen from here, the innermost first.

    In a cgroup namespace those above its mount point bind the process too, but cannot be seen.
    """
    mounts = [*_mounts(read(root, "proc/self/mountinfo") or "", controller)]
    for line in (read(root, "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        names, _, inner = rest.partition(":")
        version = "v2" if number == "0" and not names else "v1"
        if version == "v1" and controller not in names.split(","):
            continue
        for kind, top, point in mounts:
            if kind == version:
                yield from (Group(kind, path) for path in _upwards(point, _below(inner, top)))
                break


def _mounts(mountinfo: str, controller: str) -> Iterator[tuple[str, str, str]]:
    """Yield each mount: version, the cgroup at its top, the mount point. proc_pid_mountinfo(5)."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        top, point = _unescaped(fields[3]), _unescaped(fields[4]).lstrip("/")
        if kind[0] == "cgroup2":
            yield "v2", top, point
        elif kind[0] == "cgroup" and controller in kind[-1].split(","):
            yield "v1", top, point


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path)


def _below(path: str, top: str) -> PurePosixPath:
    """Return ``path`` relative to ``top``; for one outside of it the empty path, ``top`` itself."""
    inner = PurePosixPath(path)
    if ".." in inner.parts or not inner.is_relative_to(top):
        return PurePosixPath()
    return inner.relative_to(top)


def _upwards(point: str, inner: PurePosixPath) -> Iterator[str]:
    for path in (inner, *inner.parents):
        yield str(PurePosixPath(point) / path)
        if path == PurePosixPath():
            return


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return the bytes that the tightest cgroup allows, None without a limit."""
    limits = [limit for group in groups(root, "memory") for limit in _limits(root, group)]
    return min(limits, default=None)


def memory_headroom(root: Path = Path("/")) -> int | None:
    """Return the bytes left below the tightest limit, None without one.

    The page cache of a cgroup counts as free: the kernel drops it when memory is asked for.
    """
    left = []
    for group in groups(root, "memory"):
        used = integer(read(root, f"{group.path}/{_USAGE[group.version]}"))
        for limit in _limits(root, group):
            left.append(limit - max((used or 0) - _page_cache(root, group), 0))
    return max(min(left), 0) if left else None


def _limits(root: Path, group: Group) -> Iterable[int]:
    """Return the limits of a cgroup in bytes.

    memory.high is taken as one: above it the kernel slows the process down.
    """
    values = [integer(read(root, f"{group.path}/{name}")) for name in _LIMITS[group.version]]
    if group.version == "v1":  # this one covers ancestors that a namespace hides
        values.append(_stat(root, group, "hierarchical_memory_limit"))
    return [value for value in values if value is not None and 0 <= value < LARGEST]


def _page_cache(root: Path, group: Group) -> int:
    prefix = "total_" if group.version == "v1" else ""
    names = (f"{prefix}inactive_file", f"{prefix}active_file")
    return sum(_stat(root, group, name) or 0 for name in names)


def _stat(root: Path, group: Group, name: str) -> int | None:
    for line in (read(root, f"{group.path}/memory.stat") or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return integer(value)
    return None


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Return the CPU time that the tightest cgroup allows, in CPUs; None without a limit."""
    quotas = [quota for group in groups(root, "cpu") if (quota := _quota(root, group)) is not None]
    return min(quotas, default=None)


def _quota(root: Path, group: Group) -> float | None:
    if group.version == "v2":  # "max 100000" or "150000 100000", in microseconds
        quota, _, period = (read(root, f"{group.path}/cpu.max") or "").partition(" ")
    else:
        quota = read(root, f"{group.path}/cpu.cfs_quota_us") or ""
        period = read(root, f"{group.path}/cpu.cfs_period_us") or ""
    allowed, out_of = integer(quota), integer(period)
    if allowed is None or allowed <= 0 or not out_of or out_of < 0:  # v1 has -1 for no limit
        return None
    return round(allowed / out_of, 3)


# What runtimes call the cgroups of their containers. The digits keep docker.service, which
# starts containers, from being taken for one. A cgroup namespace hides these names.
_RUNTIMES = {
    "docker": r"/docker[-/][0-9a-f]{12}",
    "podman": r"/libpod-[0-9a-f]{12}",
    "kubernetes": r"/kubepods(?:[./]|$)",
    "lxc": r"/lxc(?:\.payload)?[./]",
}


def container(root: Path = Path("/")) -> str | None:
    """Return the runtime of this container and the file that shows it, None outside of one.

    The signs are those of systemd-detect-virt(1).
    """
    if read(root, "run/.containerenv") is not None:
        return "podman (/run/.containerenv)"
    if name := read(root, "run/systemd/container"):
        return f"{name.split()[0]} (/run/systemd/container)"
    if read(root, ".dockerenv") is not None:
        return "docker (/.dockerenv)"
    for path in ("proc/self/cgroup", "proc/1/cgroup"):
        text = read(root, path) or ""
        for name, pattern in _RUNTIMES.items():
            if re.search(pattern, text, re.MULTILINE):
                return f"{name} (/{path})"
    return None


UNNAMED = "unnamed"  # a hypervisor that does not say who it is
_DMI = ("product_name", "sys_vendor", "board_vendor", "bios_vendor")
# What virtual machines call themselves, in order: QEMU may carry the name of a cloud.
_VENDORS = {
    "Amazon EC2": "Amazon EC2",
    "Google": "Google",
    "VMware": "VMware",
    "VirtualBox": "VirtualBox",
    "innotek": "VirtualBox",
    "Parallels": "Parallels",
    "KVM": "KVM",
    "OpenStack": "KVM",
    "QEMU": "QEMU",
    "Virtual Machine": "Hyper-V",
    "Bochs": "Bochs",
    "Xen": "Xen",
}


def hypervisor(root: Path = Path("/")) -> str | None:
    """Return the name of the hypervisor, None on bare metal.

    On x86 the CPU's flag decides: firmware of a cloud names the cloud on bare metal too.
    """
    kind = read(root, "sys/hypervisor/type")
    if kind and kind != "none":
        return kind.capitalize()
    flags = field(read(root, "proc/cpuinfo"), "flags")
    if flags is not None and "hypervisor" not in flags.split():
        return None
    named = _named_by_firmware(root)
    return named or (UNNAMED if flags is not None else None)


def _named_by_firmware(root: Path) -> str | None:
    words = " ".join(read(root, f"sys/class/dmi/id/{name}") or "" for name in _DMI)
    for word, name in _VENDORS.items():
        if word in words:
            return name
    tree = read(root, "proc/device-tree/hypervisor/compatible")  # of Arm and others
    return tree.strip("\0").split(",")[-1] if tree else None
