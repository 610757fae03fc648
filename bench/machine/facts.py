# SPDX-License-Identifier: GPL-2.0-only
"""Read the facts about this machine that a reader needs to place a figure. Nothing is changed."""

import os
import platform
from pathlib import Path

import psutil
from msgspec.structs import replace

from bench.machine import settings
from bench.machine.container import container, cpu_quota, hypervisor, memory_headroom, memory_limit
from bench.machine.doubts import doubts
from bench.machine.settings import CPU
from bench.machine.sysfs import cpus_text, field, flag, integer, read, selected
from bench.model.facts import MachineFacts

ROOT = Path("/")
_CLOCK = "sys/devices/system/clocksource/clocksource0"
_THP = "sys/kernel/mm/transparent_hugepage"
_SYSCTL = "proc/sys/kernel"


def machine_facts(root: Path = ROOT) -> MachineFacts:
    """Read CPU, memory, system and settings of this machine, and what makes its times doubtful.

    ``root`` is where /proc, /sys and /etc are looked for. What cannot be read is None.
    """
    turbo, turbo_file = settings.turbo(root)
    found = MachineFacts(
        cpu=cpu_model(root),
        cpus=psutil.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        kernel=platform.release(),
        arch=platform.machine(),
        system=_os_release(root),
        python=platform.python_version(),
        governor=settings.governors(root),
        turbo=turbo,
        turbo_file=turbo_file,
        smt=flag(read(root, f"{CPU}/smt/active")),
        numa=settings.numa_nodes(root),
        isolated=cpus_text(read(root, f"{CPU}/isolated")),
        nohz_full=cpus_text(read(root, f"{CPU}/nohz_full")),
        clocksource=read(root, f"{_CLOCK}/current_clocksource"),
        clocksources=tuple((read(root, f"{_CLOCK}/available_clocksource") or "").split()),
        mitigations=settings.mitigations(root),
        microcode=field(read(root, "proc/cpuinfo"), "microcode"),
        thp=selected(read(root, f"{_THP}/enabled")),
        thp_shmem=selected(read(root, f"{_THP}/shmem_enabled")),
        hugepages=settings.hugepage_pools(root),
        load=os.getloadavg(),
        perf_event_paranoid=integer(read(root, f"{_SYSCTL}/perf_event_paranoid")),
        pmu=settings.has_pmu(root),
        io_uring_disabled=integer(read(root, f"{_SYSCTL}/io_uring_disabled")),
        tainted=integer(read(root, f"{_SYSCTL}/tainted")),
        affinity=cpus_text(settings.status(root, "Cpus_allowed_list")),
        root=os.geteuid() == 0,
        cap_ipc_lock=settings.may_lock_memory(root),
        memlock=settings.memlock(),
        cgroup_memory=memory_limit(root),
        cgroup_cpus=cpu_quota(root),
        container=container(root),
        hypervisor=hypervisor(root),
    )
    return replace(found, untrustworthy=tuple(doubts(found).values()))


def cpu_model(root: Path = ROOT) -> str:
    """Return the name of the CPU's model, "unknown" where nothing tells it."""
    name = field(read(root, "proc/cpuinfo"), "model name")
    return name or platform.processor() or "unknown"


def kernel_cmdline(root: Path = ROOT) -> str:
    """Return the command line of the running kernel."""
    return (read(root, "proc/cmdline") or "").strip()


def available_memory(root: Path = ROOT) -> int:
    """Return the bytes that can be had without swapping and within the limit of the cgroup."""
    free = int(psutil.virtual_memory().available)
    headroom = memory_headroom(root)
    return free if headroom is None else min(free, headroom)


def boot_id() -> str:
    """Return what changes with every boot of this machine."""
    return read(ROOT, "proc/sys/kernel/random/boot_id") or str(psutil.boot_time())


def kvm_problem() -> str:
    """Say why /dev/kvm cannot be opened, "" when it can. Whether a guest boots is not tried."""
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
