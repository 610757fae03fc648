# SPDX-License-Identifier: GPL-2.0-only
"""Facts about this machine, read and never changed: what a reader needs to place a figure."""

import os
import platform
from pathlib import Path
from typing import Any

import psutil


def facts() -> dict[str, Any]:
    """CPU, memory and system of the machine that runs ``bench``; sizes in bytes."""
    return {
        "cpu": cpu_model(),
        "cpus": psutil.cpu_count() or 1,
        "memory": psutil.virtual_memory().total,
        "kernel": platform.release(),
        "arch": platform.machine(),
        "system": _os_release(),
        "python": platform.python_version(),
    }


def cpu_model() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


def available_memory() -> int:
    """Bytes that can be used without swapping."""
    return int(psutil.virtual_memory().available)


def boot_id() -> str:
    """Changes with every boot of this machine."""
    return _read("/proc/sys/kernel/random/boot_id").strip() or str(psutil.boot_time())


def kvm_problem() -> str:
    """Why /dev/kvm cannot be opened, empty when it can; that it works is another matter."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"/dev/kvm: {error.strerror}"
    return ""


def _os_release() -> str:
    for line in _read("/etc/os-release").splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return value.strip('"')
    return platform.system()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
