# SPDX-License-Identifier: GPL-2.0-only
"""Facts about this machine, read and never changed: what a reader needs to place a figure."""

import os
import platform
from pathlib import Path
from typing import Any

import psutil

from bench.machine.container import confinement_facts, memory_headroom
from bench.machine.doubts import untrustworthy
from bench.machine.settings import tuning_facts
from bench.machine.sysfs import field, read

ROOT = Path("/")


def facts(root: Path = ROOT) -> dict[str, Any]:
    """CPU, memory, system and set-up of this machine; sizes in bytes, values JSON's own.

    ``untrustworthy`` holds what there is to doubt about wall time measured now.
    """
    found = {
        "cpu": cpu_model(root),
        "cpus": psutil.cpu_count() or 1,
        "memory": psutil.virtual_memory().total,
        "kernel": platform.release(),
        "arch": platform.machine(),
        "system": _os_release(root),
        "python": platform.python_version(),
        **tuning_facts(root),
        **confinement_facts(root),
    }
    return {**found, "untrustworthy": untrustworthy(found)}


def cpu_model(root: Path = ROOT) -> str:
    name = field(read(root, "proc/cpuinfo"), "model name")
    return name or platform.processor() or "unknown"


def kernel_cmdline(root: Path = ROOT) -> str:
    return (read(root, "proc/cmdline") or "").strip()


def available_memory(root: Path = ROOT) -> int:
    """Bytes that can be used without swapping, and that the cgroup allows."""
    free = int(psutil.virtual_memory().available)
    headroom = memory_headroom(root)
    return free if headroom is None else min(free, headroom)


def boot_id() -> str:
    """Changes with every boot of this machine."""
    return read(ROOT, "proc/sys/kernel/random/boot_id") or str(psutil.boot_time())


def kvm_problem() -> str:
    """Why /dev/kvm cannot be opened, empty when it can; that it works is another matter."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"/dev/kvm: {error.strerror}"
    return ""


def _os_release(root: Path) -> str:
    for line in (read(root, "etc/os-release") or "").splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return value.strip('"')
    return platform.system()
