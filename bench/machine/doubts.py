# SPDX-License-Identifier: GPL-2.0-only
"""What makes wall time on a machine untrustworthy. Pure: facts in, lines out.

A doubt is what moves a figure from run to run, or away from what another machine of this
kind would give. What only shapes the figure, the same each time, is a fact and no doubt:
the number of NUMA nodes, mitigations, microcode, page kinds, affinity, a kernel's taint,
and that no CPU is isolated, which a quiet machine does without.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bench.machine.container import UNNAMED

Facts = Mapping[str, Any]

# Read without leaving user space, in some ten ns. The Hyper-V and Power ones are such too.
QUICK_CLOCKS = {
    "tsc",
    "arch_sys_counter",
    "kvm-clock",
    "hyperv_clocksource_tsc_page",
    "timebase",
    "tod",
    "riscv_clocksource",
}


def untrustworthy(facts: Facts) -> list[str]:
    """One line for each doubt about wall time; ``facts`` are those of bench.machine.facts."""
    return [*doubts(facts).values()]


def doubts(facts: Facts) -> dict[str, str]:
    """Topic: the doubt. What a fact that is missing would say is not guessed."""
    said = {topic: doubt(facts) for topic, doubt in _DOUBTS.items()}
    return {topic: text for topic, text in said.items() if text}


def _governor(facts: Facts) -> str:
    others = [name for name in facts.get("governor") or () if name != "performance"]
    return f"governor {', '.join(others)}: the clock follows the load" if others else ""


def _turbo(facts: Facts) -> str:
    # How fast it is depends on heat and on what the other cores do.
    return "turbo is on: the clock follows heat and neighbours" if facts.get("turbo") else ""


def _smt(facts: Facts) -> str:
    return "SMT is active: two CPUs share each core" if facts.get("smt") else ""


def _emulated(facts: Facts) -> str:
    # target/i386/cpu.c: the name of every model that TCG gives without another one.
    emulated = "QEMU TCG" in str(facts.get("cpu", ""))
    return "this CPU is emulated: its seconds are no seconds" if emulated else ""


def _hypervisor(facts: Facts) -> str:
    name = facts.get("hypervisor")
    # Nested page tables make every miss dearer, and the host may take the CPU away.
    kind = "" if name == UNNAMED else f" ({name})"
    return f"in a virtual machine{kind}: its host shares CPU and memory out" if name else ""


def _container(facts: Facts) -> str:
    name = facts.get("container")
    # Not slow by itself, but what else runs on the machine cannot be seen from inside.
    return f"in a container, {name}: its neighbours cannot be seen" if name else ""


def _quota(facts: Facts) -> str:
    quota = facts.get("cgroup_cpus")
    return f"CPU quota of {quota:g} CPUs: the scheduler throttles" if quota else ""


def _clock(facts: Facts) -> str:
    # hpet and acpi_pm take about a microsecond to read, in the kernel.
    name = facts.get("clocksource")
    return f"clock source {name}: slow to read" if name and name not in QUICK_CLOCKS else ""


def _load(facts: Facts) -> str:
    load, cpus = facts.get("load"), facts.get("cpus")
    # A run needs one CPU for itself. With a third of them taken others get in its way,
    # through caches, memory bandwidth and the clock, and on two CPUs one is not idle.
    if not load or not cpus or load[0] <= cpus / 3:
        return ""
    return f"load average {load[0]:g} on {cpus} CPUs: something else runs"


_DOUBTS: Mapping[str, Callable[[Facts], str]] = {
    "emulation": _emulated,
    "governor": _governor,
    "turbo": _turbo,
    "smt": _smt,
    "hypervisor": _hypervisor,
    "container": _container,
    "cpu quota": _quota,
    "clock source": _clock,
    "load": _load,
}
