# SPDX-License-Identifier: GPL-2.0-only
"""Say what makes wall time on a machine untrustworthy. Pure: facts in, lines out.

A doubt is about what moves a figure from run to run, or away from what another machine of the
same kind would give. What shapes the figure in the same way each time is a fact and no doubt:
the number of NUMA nodes, mitigations, microcode, kinds of pages, affinity, taint of the kernel.
Nor is it a doubt that no CPU is isolated: on a quiet machine that makes no difference.
"""

from bench.machine.container import UNNAMED
from bench.machine.sysfs import cpu_list
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


# Drivers that let the CPU boost by itself: where the kernel has no file for it, it is on.
_BOOSTING = ("amd-pstate", "amd-pstate-epp", "intel_pstate", "intel_cpufreq")


def _boosts(machine: MachineFacts) -> bool:
    return machine.turbo is None and machine.frequency_driver in _BOOSTING


def _turbo_text(machine: MachineFacts) -> str:
    if machine.turbo is None:
        return f"{machine.frequency_driver} boosts by itself, and has no file to switch it off"
    return "turbo is on: the clock follows heat and neighbours"


def _mixed(machine: MachineFacts) -> bool:
    """Tell whether this process may run on cores of several kinds."""
    allowed = {*cpu_list(machine.affinity)}
    return sum(bool(allowed & {*cpu_list(kind)}) for kind in machine.core_kinds) > 1


def doubts(machine: MachineFacts) -> dict[str, str]:
    """Return a line for each doubt about wall time, by its topic.

    A fact that is not known gives no doubt.
    """
    others = [name for name in machine.governor or () if name != "performance"]
    host = "" if machine.hypervisor == UNNAMED else f" ({machine.hypervisor})"
    quota, clock = machine.cgroup_cpus or 0, machine.clocksource
    load, cpus = (machine.load or (0.0,))[0], machine.cpus or 0
    found: dict[str, tuple[object, str]] = {
        # target/i386/cpu.c: the name of every model that TCG gives without another one.
        "emulation": (
            "QEMU TCG" in machine.cpu,
            "this CPU is emulated: its seconds are no seconds",
        ),
        "governor": (others, f"governor {', '.join(others)}: the clock follows the load"),
        # How fast it is depends on heat and on what the other cores do.
        "turbo": (machine.turbo or _boosts(machine), _turbo_text(machine)),
        "hidden": (machine.hidden, f"not known here: {', '.join(machine.hidden)}"),
        "cores": (
            _mixed(machine),
            f"CPUs of several kinds may be used ({'; '.join(machine.core_kinds)}): where a rep runs"
            " decides how long it takes",
        ),
        "smt": (machine.smt, "SMT is active: two CPUs share each core"),
        # Nested page tables make every TLB miss dearer, and the host may take the CPU away.
        "hypervisor": (
            machine.hypervisor,
            f"in a virtual machine{host}: its host shares CPU and memory out",
        ),
        # Not slow by itself, but what else runs on the machine cannot be seen from inside.
        "container": (
            machine.container,
            f"in a container, {machine.container}: its neighbours cannot be seen",
        ),
        "cpu quota": (quota, f"CPU quota of {quota:g} CPUs: the scheduler throttles"),
        # hpet and acpi_pm take about a microsecond to read, in the kernel.
        "clock source": (
            clock and clock not in QUICK_CLOCKS,
            f"clock source {clock}: slow to read",
        ),
        # A run needs one CPU for itself. With a third of them taken others get in its way,
        # through caches, memory bandwidth and the clock, and on two CPUs one is not idle.
        "load": (
            cpus and load > cpus / 3,
            f"load average {load:g} on {cpus} CPUs: something else runs",
        ),
    }
    return {topic: text for topic, (doubtful, text) in found.items() if doubtful}
