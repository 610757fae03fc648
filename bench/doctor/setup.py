# SPDX-License-Identifier: GPL-2.0-only
"""Judge how the machine is set up for measuring. Pure: facts in, findings out."""

import re
from collections.abc import Iterator

from bench.doctor.diagnosis import Finding, Severity
from bench.machine.doubts import doubts
from bench.machine.limits import is_hidden
from bench.machine.sysfs import cpu_list
from bench.model.facts import MachineFacts
from bench.model.units import GIB, MIB, format_size

_CPU = "/sys/devices/system/cpu"
_CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
_SHMEM = "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
_GROUPS, _HUGE = "/sys/fs/cgroup", "/sys/kernel/mm"
_TUNED = "or bench run --tune, which undoes it"
_COLLAPSE = (6, 1)  # MADV_COLLAPSE came with Linux 6.1; of all modes only `deny` stops it


def examine_setup(machine: MachineFacts) -> tuple[Finding, ...]:
    """Return a finding for each setting that figures depend on, with the command to change it."""
    return (
        *_clock_and_neighbours(machine),
        *_places(machine),
        *_pools(machine),
        shmem_thp(machine),
        counters(machine),
    )


def _clock_and_neighbours(machine: MachineFacts) -> Iterator[Finding]:
    """Yield each doubt about wall time as a warning, and what is well where there is none."""
    found = doubts(machine)
    for topic, (calm, fix) in _topics(machine).items():
        if topic in found:
            yield Finding(topic, Severity.WARNING, found[topic], fix)
        elif calm:
            yield Finding(topic, Severity.OK, calm)
        else:
            yield Finding(topic, Severity.INFO, _unknown(topic, machine))


# Where each topic is read, for what is not known.
_FILES = {
    "governor": f"{_CPU}/online",
    "turbo": f"{_CPU}/online",
    "cores": f"{_CPU}/online",
    "smt": f"{_CPU}/online",
    "clock source": f"{_CPU}/online",
    "hypervisor": "/proc/cpuinfo",
    "cpu quota": _GROUPS,
    "load": "/proc/loadavg",
}


def _unknown(topic: str, machine: MachineFacts) -> str:
    path = _FILES.get(topic, "")
    if is_hidden(machine.hidden, path):
        return f"not known: {path} is hidden"
    if topic in ("governor", "turbo") and machine.frequency_driver:
        return f"not known: the driver {machine.frequency_driver} does not say"
    return "the kernel does not say, as in most VMs"


def _no_groups(machine: MachineFacts) -> bool:
    return is_hidden(machine.hidden, _GROUPS)


def _no_sysfs(machine: MachineFacts) -> bool:
    return is_hidden(machine.hidden, f"{_CPU}/online")


def _topics(machine: MachineFacts) -> dict[str, tuple[str, str]]:
    """Return for each topic what is well, "" when not known, and the fix where it is not."""
    load, sources = machine.load, machine.clocksources
    return {
        "governor": (
            "performance" if machine.governor else "",
            f"echo performance | sudo tee {_CPU}/cpufreq/policy*/scaling_governor"
            f"  # until the next boot; {_TUNED}",
        ),
        "turbo": ("off" if machine.turbo is False else "", _no_turbo(machine)),
        "cores": (
            "of one kind" if machine.affinity and not _no_sysfs(machine) else "",
            f"taskset -c {machine.core_kinds[0]} bench run ..." if machine.core_kinds else "",
        ),
        "smt": (
            "off: a core has one thread" if machine.smt is False else "",
            f"echo off | sudo tee {_CPU}/smt/control  # halves the CPUs of all; on gives them back",
        ),
        "hypervisor": (
            "none" if machine.cpu != "unknown" else "",
            "bench run --clock icount  # no host disturbs a count",
        ),
        "container": ("none", "systemd-detect-virt --container  # and run bench outside of it"),
        "cpu quota": (
            "" if _no_groups(machine) else "none",
            "sudo systemd-run --scope bench run  # outside of the cgroup",
        ),
        "clock source": (machine.clocksource or "", _quicker(sources)),
        "load": (
            f"{load[0]:g}" if load else "",
            "ps -eo pcpu,pid,comm --sort=-pcpu | head  # who it is",
        ),
    }


def _no_turbo(machine: MachineFacts) -> str:
    if machine.turbo_file is None and machine.frequency_driver:
        return "# amd_pstate=passive, or intel_pstate=passive, at boot: then there is a file"
    path = machine.turbo_file or f"{_CPU}/cpufreq/boost"
    path = re.sub(r"policy\d+", "policy*", path)  # each has its own
    value = 1 if path.endswith("no_turbo") else 0
    return f"echo {value} | sudo tee {path}  # everything gets slower; {_TUNED}"


def _quicker(sources: tuple[str, ...]) -> str:
    if "tsc" in sources:
        return f"echo tsc | sudo tee {_CLOCK}"
    return "sudo dmesg | grep -i -e tsc -e clocksource  # why the kernel gave the TSC up"


def _places(machine: MachineFacts) -> Iterator[Finding]:
    nodes = machine.numa
    if len(nodes) > 1:
        text = f"{len(nodes)} nodes: memory of another node is dearer to reach"
        fix = "numactl --cpunodebind=0 --membind=0 bench run"
        yield Finding("numa", Severity.INFO, text, fix)
    elif nodes:
        yield Finding("numa", Severity.OK, "one node")
    isolated = machine.isolated
    if isolated:
        yield _isolated(isolated, machine.cpuset)
    else:
        text = "none: the scheduler may put other tasks beside a run"
        if _no_sysfs(machine):
            text = f"not known: {_CPU}/online is hidden"
        yield Finding("isolated cpus", Severity.INFO, text)
    yield _affinity(machine)
    yield _cgroup_memory(machine)


def _cgroup_memory(machine: MachineFacts) -> Finding:
    limit, topic = machine.cgroup_memory, "cgroup memory"
    if limit:
        text = f"{limit / MIB:.0f} MiB are allowed, page tables and pins included"
        return Finding(topic, Severity.INFO, text)
    if _no_groups(machine):
        return Finding(topic, Severity.INFO, f"not known: {_GROUPS} is hidden")
    return Finding(topic, Severity.OK, "no limit")


def _isolated(isolated: str, cpuset: str | None) -> Finding:
    """Judge isolated CPUs; a cpuset may not have them."""
    free = {*cpu_list(isolated)} & {*cpu_list(cpuset or isolated)}
    if not free:
        text = f"{isolated}, but the cpuset of this process has {cpuset} alone"
        return Finding("isolated cpus", Severity.INFO, text)
    named = ",".join(map(str, sorted(free)))
    return Finding("isolated cpus", Severity.OK, f"{named}; taskset -c {named} places a run there")


def _affinity(machine: MachineFacts) -> Finding:
    mine, all_of_them = len(cpu_list(machine.affinity)), machine.cpus or 0
    text = f"{mine} of {all_of_them} CPUs may be used"
    if 0 < mine < all_of_them:
        return Finding("affinity", Severity.INFO, text, "taskset -pc $$  # what this shell may use")
    if not mine:
        return Finding("affinity", Severity.INFO, "not known: /proc/self/status does not say")
    return Finding("affinity", Severity.OK, text)


def _pools(machine: MachineFacts) -> Iterator[Finding]:
    """Yield a finding for each pool of the host. A guest fills pools of its own."""
    pools = machine.hugepages
    if not pools:
        text = "the kernel has none: hugetlb runs in the guest"
        if is_hidden(machine.hidden, _HUGE):
            text = f"not known: {_HUGE} is hidden"
        yield Finding("hugepages", Severity.INFO, text)
    for size, pool in pools.items():
        name, free = format_size(size), pool.free or 0
        if free:
            yield Finding("hugepages", Severity.OK, f"{free} free pages of {name}")
        else:
            text = f"no free page of {name}: without, the host skips cells that want them"
            yield Finding("hugepages", Severity.INFO, text, _fill(size))


def _fill(size: int) -> str:
    count = max(GIB // size, 1)
    pool = f"/sys/kernel/mm/hugepages/hugepages-{size // 1024}kB/nr_hugepages"
    return f"echo {count} | sudo tee {pool}  # takes 1 GiB from all else; 0 gives it back; {_TUNED}"


def shmem_thp(machine: MachineFacts) -> Finding:
    """Judge shmem_enabled: guest memory is memfds, which do not heed `enabled`."""
    value = machine.thp_shmem
    fix = f"echo advise | sudo tee {_SHMEM}  # until the next boot; {_TUNED}"
    if value is None and is_hidden(machine.hidden, _HUGE):
        return Finding("shmem thp", Severity.INFO, f"not known: {_HUGE} is hidden")
    if value is None:
        return Finding("shmem thp", Severity.WARNING, "the kernel has none: thp runs in the guest")
    if value in ("always", "within_size", "advise", "force"):
        return Finding("shmem thp", Severity.OK, value)
    if value == "never" and _release(machine) >= _COLLAPSE:
        text = "never: bench asks for huge pages with MADV_COLLAPSE, which does without"
        return Finding("shmem thp", Severity.INFO, text, fix)
    return Finding("shmem thp", Severity.WARNING, f"{value}: the host skips cells with thp", fix)


def _release(machine: MachineFacts) -> tuple[int, int]:
    found = re.match(r"(\d{1,4})\.(\d{1,4})", machine.kernel)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def counters(machine: MachineFacts) -> Finding:
    """Tell whether the CPU's counters can be read.

    Counting in the kernel takes perf_event_paranoid below 2, or root: perf-security.rst in
    Documentation/admin-guide.
    """
    level = machine.perf_event_paranoid
    if not machine.pmu:
        text = "no PMU here, as in most VMs: no instructions and no dTLB misses beside the time"
        return Finding("perf counters", Severity.INFO, text)
    if level is not None and level > 1 and not machine.root:
        text = f"kernel.perf_event_paranoid is {level}: no counters of the kernel for you"
        fix = "sudo sysctl kernel.perf_event_paranoid=1  # for every user, until the next boot"
        return Finding("perf counters", Severity.INFO, text, fix)
    return Finding("perf counters", Severity.OK, "the CPU's own can be read")
