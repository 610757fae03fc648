# SPDX-License-Identifier: GPL-2.0-only
"""Say what makes wall time on a machine untrustworthy. Pure: facts in, lines out.

A doubt is about what moves a figure from run to run, or away from what another machine of the
same kind would give. What shapes the figure in the same way each time is a fact and no doubt:
the number of NUMA nodes, mitigations, microcode, kinds of pages, affinity, taint of the kernel.
Nor is it a doubt that no CPU is isolated: on a quiet machine that makes no difference.
"""

from collections.abc import Callable, Mapping

from bench.machine.container import UNNAMED
from bench.model.facts import MachineFacts

# Clock sources that are read without a system call, in some ten ns.
QUICK_CLOCKS = {
    "tsc",
    "arch_sys_counter",
    "kvm-clock",
    "hyperv_clocksource_tsc_page",
    "timebase",
    "tod",
    "riscv_clocksource",
}


def doubts(machine: MachineFacts) -> dict[str, str]:
    """Return a line for each doubt about wall time, by its topic.

    A fact that is not known gives no doubt.
    """
    said = {topic: doubt(machine) for topic, doubt in _DOUBTS.items()}
    return {topic: text for topic, text in said.items() if text}


def _governor(machine: MachineFacts) -> str:
    others = [name for name in machine.governor or () if name != "performance"]
    return f"governor {', '.join(others)}: the clock follows the load" if others else ""


def _turbo(machine: MachineFacts) -> str:
    # How fast it is depends on heat and on what the other cores do.
    return "turbo is on: the clock follows heat and neighbours" if machine.turbo else ""


def _smt(machine: MachineFacts) -> str:
    return "SMT is active: two CPUs share each core" if machine.smt else ""


def _emulated(machine: MachineFacts) -> str:
    # target/i386/cpu.c: the name of every model that TCG gives without another one.
    emulated = "QEMU TCG" in machine.cpu
    return "this CPU is emulated: its seconds are no seconds" if emulated else ""


def _hypervisor(machine: MachineFacts) -> str:
    # Nested page tables make every TLB miss dearer, and the host may take the CPU away.
    kind = "" if machine.hypervisor == UNNAMED else f" ({machine.hypervisor})"
    shared = f"in a virtual machine{kind}: its host shares CPU and memory out"
    return shared if machine.hypervisor else ""


def _container(machine: MachineFacts) -> str:
    # Not slow by itself, but what else runs on the machine cannot be seen from inside.
    name = machine.container
    return f"in a container, {name}: its neighbours cannot be seen" if name else ""


def _quota(machine: MachineFacts) -> str:
    quota = machine.cgroup_cpus
    return f"CPU quota of {quota:g} CPUs: the scheduler throttles" if quota else ""


def _clock(machine: MachineFacts) -> str:
    # hpet and acpi_pm take about a microsecond to read, in the kernel.
    name = machine.clocksource
    return f"clock source {name}: slow to read" if name and name not in QUICK_CLOCKS else ""


def _load(machine: MachineFacts) -> str:
    # A run needs one CPU for itself. With a third of them taken others get in its way,
    # through caches, memory bandwidth and the clock, and on two CPUs one is not idle.
    load, cpus = machine.load, machine.cpus
    if not load or not cpus or load[0] <= cpus / 3:
        return ""
    return f"load average {load[0]:g} on {cpus} CPUs: something else runs"


_DOUBTS: Mapping[str, Callable[[MachineFacts], str]] = {
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
