# SPDX-License-Identifier: GPL-2.0-only
"""Examine what the host executor needs: io_uring for pin loops, and vDPA devices."""

import ctypes
import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path

from bench.doctor.calls import refused_calls, try_calls
from bench.doctor.diagnosis import Finding, Severity, Way, first_problem
from bench.executors.host import ROOM_FOR_OTHERS
from bench.machine.container import memory_limit
from bench.machine.facts import available_memory
from bench.model.facts import MachineFacts
from bench.model.units import MIB, format_size

_ROOT = Path("/")
# The number is the same on every architecture but alpha; struct io_uring_params has 120 bytes.
_IO_URING_SETUP, _PARAMS = 425, 120
_ENABLE = "sudo sysctl kernel.io_uring_disabled=0  # lets every user on; 2 shuts it off again"
_SECCOMP = "docker run --security-opt seccomp=unconfined ...  # a filter of a container refuses it"
_RING_FIXES = {
    # Before Linux 5.12 the ring itself counts against memlock, for the user and not the process.
    errno.ENOMEM: "ulimit -l unlimited  # it counts for the user: other programs have taken it",
    errno.EMFILE: "ulimit -n 1024",
    errno.ENFILE: "sudo sysctl fs.file-max  # the machine has no file left to open",
    errno.ENOSYS: 'grep IO_URING "/boot/config-$(uname -r)"  # if no filter hides it',
    errno.EACCES: "sudo ausearch -m avc -ts recent  # a security module (SELinux) refuses it",
}
_SMALLEST = 16 * MIB  # of memory that is worth a figure
_USEFUL = 2 * MIB  # bytes; with less at a time the system call costs more than the pinning


def examine_host(
    machine: MachineFacts, cache: Finding, helper: Finding
) -> tuple[tuple[Finding, ...], tuple[Way, ...]]:
    """Return findings about the host, and whether pin loops and devices can be measured.

    ``cache`` and ``helper`` are findings that all executors depend on.
    """
    ring, lock = io_uring(why_no_io_uring(), machine), memlock(machine)
    calls = refused_calls(try_calls())
    devices = vhost_vdpa_devices()
    named = ", ".join(f"/dev/{device.node}" for device in devices if device.usable)
    room = memory_of_host(available_memory(), memory_limit())
    no_pin = first_problem((cache, helper, ring, *calls, lock, *room))
    no_vdpa = _why_no_vdpa(devices) or first_problem((cache, helper, *calls))
    ways = (
        Way("host, pin loops", not no_pin, no_pin or "time, of io_uring's registered buffers"),
        Way("host, vhost-vdpa devices", not no_vdpa, no_vdpa or named),
    )
    return (ring, *calls, lock, *room, *vdpa_devices(devices)), ways


def memory_of_host(free: int, limit: int | None) -> tuple[Finding, ...]:
    """Find too little memory for the smallest cell; ``limit`` is that of the cgroup, in bytes."""
    needed = ROOM_FOR_OTHERS + _SMALLEST
    if free >= needed:
        return ()
    text = f"{free / MIB:.0f} MiB are free, pin loops of 16 MiB need {needed / MIB:.0f}"
    fix = "ps -eo rss,pid,comm --sort=-rss | head  # who has it"
    if limit is not None and limit < 2 * needed:
        text += f"; the cgroup allows {limit / MIB:.0f} MiB"
        fix = "# raise memory.max (v1: memory.limit_in_bytes) of the cgroup"
    return (Finding("memory of the host", Severity.PROBLEM, text, fix),)


def why_no_io_uring() -> int:
    """Return the errno of io_uring_setup(2) for a ring of one entry, 0 when it succeeds."""
    libc = ctypes.CDLL(None, use_errno=True)
    params = ctypes.create_string_buffer(_PARAMS)
    fd = libc.syscall(ctypes.c_long(_IO_URING_SETUP), ctypes.c_uint(1), params)
    if fd < 0:
        return ctypes.get_errno()
    os.close(fd)
    return 0


def io_uring(number: int, machine: MachineFacts) -> Finding:
    """Judge io_uring by the errno of its setup, 0 for none; the error decides on the fix."""
    if not number:
        return Finding("io_uring", Severity.OK, "io_uring_setup gives a ring")
    text, off = f"io_uring_setup: {os.strerror(number)}", machine.io_uring_disabled
    if number == errno.EPERM and off:
        text += f" (kernel.io_uring_disabled is {off})"
        return Finding("io_uring", Severity.PROBLEM, text, _ENABLE)
    return Finding("io_uring", Severity.PROBLEM, text, _RING_FIXES.get(number, _SECCOMP))


def memlock(machine: MachineFacts) -> Finding:
    """Judge RLIMIT_MEMLOCK.

    io_uring charges pinned memory against it, unless the caller has CAP_IPC_LOCK. vhost-vdpa
    charges it in any case: vhost_vdpa_pa_map().
    """
    if machine.memlock is None:
        return Finding("memlock", Severity.INFO, "the limit is not to be read here")
    hard = machine.memlock.hard  # the host executor raises its own limit to it: lift_memlock
    if hard is None:
        return Finding("memlock", Severity.OK, "unlimited")
    devices = f"a vhost-vdpa device on this host can have {format_size(hard)} of memory at most"
    if machine.cap_ipc_lock:
        text = f"{format_size(hard)}: pin loops need not keep to it (CAP_IPC_LOCK), {devices}"
        return Finding("memlock", Severity.INFO, text, _RAISE)
    if hard < _USEFUL:
        text = f"{format_size(hard)} is too little to pin anything that is worth a figure"
        return Finding("memlock", Severity.PROBLEM, text, _RAISE)
    text = f"{format_size(hard)}: bench pins in pieces that fit, and {devices}"
    return Finding("memlock", Severity.WARNING, text, _RAISE)


_RAISE = "sudo prlimit --memlock=unlimited --pid $$  # for this shell and what it starts"


@dataclass(frozen=True)
class VdpaDevice:
    """A /dev/vhost-vdpa-N, with the driver of its hardware or the name of its simulator."""

    node: str
    name: str
    driver: str
    usable: bool  # this user may open it


def vhost_vdpa_devices(root: Path = _ROOT) -> tuple[VdpaDevice, ...]:
    """Return the devices by their numbers. None is opened: that would take it from its user."""
    nodes = (root / "dev").glob("vhost-vdpa-[0-9]*")
    found = [path for path in nodes if re.fullmatch(r"vhost-vdpa-[0-9]{1,9}", path.name)]
    found.sort(key=lambda path: int(path.name.rpartition("-")[2]))
    return tuple(_device(root, path) for path in found)


def _device(root: Path, node: Path) -> VdpaDevice:
    """Find the device of a node, which is its child on the vdpa bus: vhost-vdpa has no class."""
    usable = os.access(node, os.R_OK | os.W_OK)
    for device in (root / "sys/bus/vdpa/devices").glob("*"):
        if (device / node.name).is_dir():
            parent = device.resolve().parent
            driver = parent / "driver"
            name = driver.resolve().name if driver.is_symlink() else parent.name
            return VdpaDevice(node.name, device.name, name, usable)
    return VdpaDevice(node.name, "unnamed", "unknown", usable)


def vdpa_devices(devices: tuple[VdpaDevice, ...]) -> tuple[Finding, ...]:
    """Return a finding for each device; without any, how to make one."""
    if not devices:
        text = (
            "no /dev/vhost-vdpa-*: adding a device needs root, the vdpa and vhost_vdpa modules,"
            " and hardware or a simulator's module; loading those is for you to decide"
        )
        fix = "sudo vdpa mgmtdev show  # then: vdpa dev add name vdpa0 mgmtdev ONE_OF_THESE"
        return (Finding("vdpa devices", Severity.INFO, text, fix),)
    return tuple(_shown(device) for device in devices)


def _shown(device: VdpaDevice) -> Finding:
    text = f"/dev/{device.node}: {device.name} of {device.driver}"
    if device.usable:
        return Finding("vdpa devices", Severity.OK, text)
    fix = (
        f'sudo setfacl -m "u:$USER:rw" /dev/{device.node}  # until it is removed, or bench as root'
    )
    return Finding("vdpa devices", Severity.PROBLEM, f"{text}: you may not open it", fix)


def _why_no_vdpa(devices: tuple[VdpaDevice, ...]) -> str:
    if not devices:
        return "no /dev/vhost-vdpa-*"
    return "" if any(device.usable for device in devices) else "you may not open any of them"
