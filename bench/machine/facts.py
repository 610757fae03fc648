# SPDX-License-Identifier: GPL-2.0-only
"""Read the facts about this machine that a reader needs to place a figure. Nothing is changed."""

import os
import platform
import re
import resource
from pathlib import Path
from textwrap import shorten

from msgspec.structs import replace

from bench.machine.container import container, cpu_quota, hypervisor, memory_headroom, memory_limit
from bench.machine.doubts import doubts
from bench.machine.limits import cpuset, has_filter, hidden, thp_disabled
from bench.machine.own_limits import rlimit
from bench.machine.sysfs import cpus_text, field, flag, integer, read, selected
from bench.model.facts import HugePool, MachineFacts, MemoryLock, NumaNode
from bench.model.units import KIB

ROOT = Path("/")
_CPU = "sys/devices/system/cpu"
_CAP_IPC_LOCK = 1 << 14  # uapi/linux/capability.h
# Where the kernel says that it may run faster than its nominal clock, and which value is on.
_TURBO = ((f"{_CPU}/intel_pstate/no_turbo", "0"), (f"{_CPU}/cpufreq/boost", "1"))
_SHORT = 60  # characters of a mitigation that are kept
_CLOCK = "sys/devices/system/clocksource/clocksource0"
_THP = "sys/kernel/mm/transparent_hugepage"
_SYSCTL = "proc/sys/kernel"


def machine_facts(root: Path = ROOT) -> MachineFacts:
    """Read CPU, memory, system and settings of this machine, and what makes its times doubtful.

    ``root`` is where /proc, /sys and /etc are looked for. What cannot be read is None.
    """
    turbo, turbo_file = _turbo(root)
    found = MachineFacts(
        cpu=cpu_model(root),
        cpus=os.cpu_count() or 1,
        memory=_meminfo(root, "MemTotal") or _pages("SC_PHYS_PAGES"),
        kernel=platform.release(),
        arch=platform.machine(),
        system=_os_release(root),
        python=platform.python_version(),
        governor=_governors(root),
        turbo=turbo,
        turbo_file=turbo_file,
        frequency_driver=next(iter(_of_policies(root, "scaling_driver").values()), None),
        core_kinds=_core_kinds(root),
        cpuset=cpuset(root),
        seccomp=has_filter(root),
        thp_disabled=thp_disabled(),
        smt=flag(read(root, f"{_CPU}/smt/active")),
        numa=_numa_nodes(root),
        isolated=cpus_text(read(root, f"{_CPU}/isolated")),
        nohz_full=cpus_text(read(root, f"{_CPU}/nohz_full")),
        clocksource=read(root, f"{_CLOCK}/current_clocksource"),
        clocksources=tuple((read(root, f"{_CLOCK}/available_clocksource") or "").split()),
        mitigations=_mitigations(root),
        microcode=field(read(root, "proc/cpuinfo"), "microcode"),
        thp=selected(read(root, f"{_THP}/enabled")),
        thp_shmem=selected(read(root, f"{_THP}/shmem_enabled")),
        hugepages=_hugepage_pools(root),
        load=_load(),
        perf_event_paranoid=integer(read(root, f"{_SYSCTL}/perf_event_paranoid")),
        pmu=_has_pmu(root),
        io_uring_disabled=integer(read(root, f"{_SYSCTL}/io_uring_disabled")),
        tainted=integer(read(root, f"{_SYSCTL}/tainted")),
        affinity=cpus_text(_status(root, "Cpus_allowed_list")),
        root=os.geteuid() == 0,
        cap_ipc_lock=_may_lock_memory(root),
        memlock=_memlock(),
        cgroup_memory=memory_limit(root),
        cgroup_cpus=cpu_quota(root),
        container=container(root),
        hypervisor=hypervisor(root),
        hidden=hidden(root),
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
    free = _meminfo(root, "MemAvailable")  # since Linux 3.14; containers may show less
    if free is None:
        free = _pages("SC_AVPHYS_PAGES") or 0  # without what the page cache could give
    headroom = memory_headroom(root)
    return free if headroom is None else min(free, headroom)


def boot_id() -> str:
    """Return what changes with every boot of this machine."""
    booted = re.search(r"^btime ([0-9]+)$", read(ROOT, "proc/stat") or "", re.MULTILINE)
    return read(ROOT, "proc/sys/kernel/random/boot_id") or (booted[1] if booted else "unknown")


def _meminfo(root: Path, name: str) -> int | None:
    """Return a line of /proc/meminfo in bytes, None where there is none: proc_meminfo(5)."""
    number = integer((field(read(root, "proc/meminfo"), name) or "").removesuffix(" kB"))
    return None if number is None else number * KIB


def _pages(name: str) -> int | None:
    """Return a number of pages that sysinfo(2) knows, in bytes: a /proc may be cut."""
    try:
        count = os.sysconf(name)
    except (OSError, ValueError):
        return None
    return count * os.sysconf("SC_PAGE_SIZE") if count > 0 else None


def _load() -> tuple[float, float, float] | None:
    """Return the load averages; None where /proc/loadavg is hidden."""
    try:
        return os.getloadavg()
    except OSError:
        return None


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


def _governors(root: Path) -> tuple[str, ...] | None:
    """Return each governor that some CPU has; None where the kernel sets no clock, as in VMs."""
    policies = (root / _CPU / "cpufreq").glob("policy*/scaling_governor")
    found = {read(root, str(path.relative_to(root))) for path in policies}
    return tuple(sorted(name for name in found if name)) or None


def _turbo(root: Path) -> tuple[bool | None, str | None]:
    """Return whether turbo is on, and the file that says so."""
    for path, on in _TURBO:
        text = read(root, path)
        if flag(text) is not None:
            return text == on, f"/{path}"
    boosts = {f"/{path}": read(root, path) for path in boost_files(root)}
    known = {path: flag(value) for path, value in boosts.items() if flag(value) is not None}
    file = next((path for path, on in known.items() if on), next(iter(known), None))
    return (None, None) if file is None else (known[file], file)


def boost_files(root: Path = ROOT) -> tuple[str, ...]:
    """Return the files that switch boost for a policy alone, without those that show nothing.

    Drivers of Linux 6.11 and later have ``boost`` (cppc_cpufreq, amd-pstate), acpi-cpufreq on AMD
    has ``cpb``.
    """
    return (*_of_policies(root, "boost"),) or (*_of_policies(root, "cpb"),)


def _of_policies(root: Path, name: str) -> dict[str, str]:
    """Return what a file of cpufreq has, for each policy that has it: CPU 0 may be offline."""
    paths = sorted((root / _CPU / "cpufreq").glob(f"policy[0-9]*/{name}"))
    found = {str(path.relative_to(root)): read(path.parent, name) for path in paths}
    return {path: text for path, text in found.items() if text}


def _core_kinds(root: Path) -> tuple[str, ...]:
    """Return the CPUs of each kind of core: hybrid ones of Intel, and capacities of Arm."""
    events = [read(root, f"sys/devices/{name}/cpus") for name in ("cpu_core", "cpu_atom")]
    found = [cpus for each in events if (cpus := cpus_text(each))]
    if len(found) > 1:
        return tuple(found)
    by_capacity: dict[str, list[int]] = {}
    for path in (root / _CPU).glob("cpu[0-9]*/cpu_capacity"):
        number = integer(path.parent.name.removeprefix("cpu"))
        capacity = read(path.parent, path.name)
        if number is not None and capacity:
            by_capacity.setdefault(capacity, []).append(number)
    kinds = [",".join(map(str, sorted(numbers))) for numbers in by_capacity.values()]
    return tuple(sorted(kinds)) if len(kinds) > 1 else ()


def _may_lock_memory(root: Path) -> bool | None:
    """Tell whether this process has CAP_IPC_LOCK."""
    mask = _status(root, "CapEff") or ""
    return bool(int(mask, 16) & _CAP_IPC_LOCK) if re.fullmatch("[0-9a-f]{1,16}", mask) else None


def _status(root: Path, name: str) -> str | None:
    """Return a field of /proc/self/status."""
    return field(read(root, "proc/self/status"), name)


def _numa_nodes(root: Path) -> dict[int, NumaNode]:
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


def _hugepage_pools(root: Path) -> dict[int, HugePool]:
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


def _mitigations(root: Path) -> dict[str, str]:
    """Return those vulnerabilities of the CPU whose mitigation costs something, or is off."""
    found = {}
    for path in sorted((root / _CPU / "vulnerabilities").glob("*")):
        text = read(root, f"{_CPU}/vulnerabilities/{path.name}") or ""
        if "Mitigation" in text or "Vulnerable" in text:
            found[path.name] = shorten(text.split(";")[0], _SHORT, placeholder="")
    return found


def _memlock() -> MemoryLock:
    """Return RLIMIT_MEMLOCK of this process."""
    limits = rlimit(resource.RLIMIT_MEMLOCK)
    return MemoryLock(*(None if n == resource.RLIM_INFINITY else n for n in limits))


def _has_pmu(root: Path) -> bool:
    """Tell whether there are counters of the CPU itself.

    They are ``cpu``, ``cpu_core`` on hybrid CPUs, ``armv8_pmuv3_0`` on Arm.
    """
    devices = root / "sys/bus/event_source/devices"
    return any(any(devices.glob(name)) for name in ("cpu", "cpu_core", "armv8_*"))
