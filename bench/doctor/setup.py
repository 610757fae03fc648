# SPDX-License-Identifier: GPL-2.0-only
"""How the machine is set up for measuring: facts in, findings out. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bench.doctor.diagnosis import Finding, Severity
from bench.machine.doubts import doubts
from bench.machine.sysfs import cpu_list
from bench.model.units import GIB, MIB, format_size

Facts = Mapping[str, Any]

_CPU = "/sys/devices/system/cpu"
_CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
_SHMEM = "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
_TUNED = "or bench run --tune, which undoes it"
_COLLAPSE = (6, 1)  # MADV_COLLAPSE came with Linux 6.1; only `deny` stops it


def examine_setup(facts: Facts) -> tuple[Finding, ...]:
    return (
        *_clock_and_neighbours(facts),
        *_places(facts),
        *_pools(facts),
        shmem_thp(facts),
        counters(facts),
    )


def _clock_and_neighbours(facts: Facts) -> Iterator[Finding]:
    """The doubts about wall time as warnings, and what stands where there is none."""
    found = doubts(facts)
    for topic, (calm, fix) in _topics(facts).items():
        if topic in found:
            yield Finding(topic, Severity.WARNING, found[topic], fix)
        elif calm:
            yield Finding(topic, Severity.OK, calm)
        else:
            yield Finding(topic, Severity.INFO, "the kernel does not say, as in most VMs")


def _topics(facts: Facts) -> dict[str, tuple[str, str]]:
    """Of each topic: what is well, empty when nothing is known; and the fix where it is not."""
    load, sources = facts.get("load"), facts.get("clocksources") or ()
    return {
        "governor": (
            "performance" if facts.get("governor") else "",
            f"echo performance | sudo tee {_CPU}/cpufreq/policy*/scaling_governor"
            f"  # until the next boot; {_TUNED}",
        ),
        "turbo": ("off" if facts.get("turbo") is False else "", _no_turbo(facts)),
        "smt": (
            "off: a core has one thread" if facts.get("smt") is False else "",
            f"echo off | sudo tee {_CPU}/smt/control  # halves the CPUs of all; on gives them back",
        ),
        "hypervisor": ("none", "bench run --clock icount  # no host disturbs a count"),
        "container": ("none", "systemd-detect-virt --container  # and run bench outside of it"),
        "cpu quota": ("none", "sudo systemd-run --scope bench run  # outside of the cgroup"),
        "clock source": (facts.get("clocksource") or "", _quicker(sources)),
        "load": (
            f"{load[0]:g}" if load else "",
            "ps -eo pcpu,pid,comm --sort=-pcpu | head  # who it is",
        ),
    }


def _no_turbo(facts: Facts) -> str:
    path = facts.get("turbo_file") or f"{_CPU}/cpufreq/boost"
    value = 1 if path.endswith("no_turbo") else 0
    return f"echo {value} | sudo tee {path}  # everything gets slower; {_TUNED}"


def _quicker(sources: tuple[str, ...] | list[str]) -> str:
    if "tsc" in sources:
        return f"echo tsc | sudo tee {_CLOCK}"
    return "sudo dmesg | grep -i -e tsc -e clocksource  # why the kernel gave the TSC up"


def _places(facts: Facts) -> Iterator[Finding]:
    nodes = facts.get("numa") or {}
    if len(nodes) > 1:
        text = f"{len(nodes)} nodes: memory of another node is dearer to reach"
        fix = "numactl --cpunodebind=0 --membind=0 bench run"
        yield Finding("numa", Severity.INFO, text, fix)
    elif nodes:
        yield Finding("numa", Severity.OK, "one node")
    isolated = facts.get("isolated")
    if isolated:
        yield Finding("isolated cpus", Severity.OK, f"{isolated}; taskset -c places a run there")
    else:
        text = "none: the scheduler may put other tasks beside a run"
        yield Finding("isolated cpus", Severity.INFO, text)
    yield _affinity(facts)
    limit = facts.get("cgroup_memory")
    text = f"{limit / MIB:.0f} MiB are allowed, page tables and pins included" if limit else ""
    yield Finding("cgroup memory", Severity.INFO if limit else Severity.OK, text or "no limit")


def _affinity(facts: Facts) -> Finding:
    mine, all_of_them = len(cpu_list(facts.get("affinity"))), facts.get("cpus") or 0
    text = f"{mine} of {all_of_them} CPUs may be used"
    if 0 < mine < all_of_them:
        return Finding("affinity", Severity.INFO, text, "taskset -pc $$  # what this shell may use")
    return Finding("affinity", Severity.OK, text if mine else "not restricted")


def _pools(facts: Facts) -> Iterator[Finding]:
    """Of the host only: a guest makes its own."""
    pools = facts.get("hugepages") or {}
    if not pools:
        yield Finding("hugepages", Severity.INFO, "the kernel has none: hugetlb runs in the guest")
    for size, pool in pools.items():
        name, free = format_size(int(size)), pool.get("free") or 0
        if free:
            yield Finding("hugepages", Severity.OK, f"{free} free pages of {name}")
        else:
            text = f"no free page of {name}: without, the host skips cells that want them"
            yield Finding("hugepages", Severity.INFO, text, _fill(int(size)))


def _fill(size: int) -> str:
    count = max(GIB // size, 1)
    pool = f"/sys/kernel/mm/hugepages/hugepages-{size // 1024}kB/nr_hugepages"
    return f"echo {count} | sudo tee {pool}  # takes 1 GiB from all else; 0 gives it back; {_TUNED}"


def shmem_thp(facts: Facts) -> Finding:
    """memfds, which guest memory is, follow shmem_enabled and not `enabled`."""
    value = facts.get("thp_shmem")
    fix = f"echo advise | sudo tee {_SHMEM}  # until the next boot; {_TUNED}"
    if value is None:
        return Finding("shmem thp", Severity.WARNING, "the kernel has none: thp runs in the guest")
    if value in ("always", "within_size", "advise", "force"):
        return Finding("shmem thp", Severity.OK, value)
    if value == "never" and _release(facts) >= _COLLAPSE:
        text = "never: bench asks for huge pages with MADV_COLLAPSE, which does without"
        return Finding("shmem thp", Severity.INFO, text, fix)
    return Finding("shmem thp", Severity.WARNING, f"{value}: the host skips cells with thp", fix)


def _release(facts: Facts) -> tuple[int, int]:
    found = re.match(r"(\d{1,4})\.(\d{1,4})", str(facts.get("kernel", "")))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def counters(facts: Facts) -> Finding:
    """Instructions of the kernel want a level below 2, or root: Documentation/admin-guide/perf."""
    level = facts.get("perf_event_paranoid")
    if not facts.get("pmu"):
        text = "no PMU here, as in most VMs: no instructions and no dTLB misses beside the time"
        return Finding("perf counters", Severity.INFO, text)
    if level is not None and level > 1 and not facts.get("root"):
        text = f"kernel.perf_event_paranoid is {level}: no counters of the kernel for you"
        fix = "sudo sysctl kernel.perf_event_paranoid=1  # for every user, until the next boot"
        return Finding("perf counters", Severity.INFO, text, fix)
    return Finding("perf counters", Severity.OK, "the CPU's own can be read")
