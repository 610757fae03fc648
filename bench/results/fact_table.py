# SPDX-License-Identifier: GPL-2.0-only
"""List the facts that matter to who puts figures side by side, and why each does.

docs/likeness.md has the same table.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from bench.model.device import DEVICES
from bench.model.facts import SEALED, RunFacts
from bench.model.units import format_size

SEED, PIECES = "seed", "pieces"

# Words of a command line that name the kernel, which may differ, or where it lies.
_BOOT_WORDS = ("BOOT_IMAGE=", "initrd=")
# Parameters of devices: of a kernel that has their drivers built in they stand on its command
# line, of another the same ones are given to the modules.
_DRIVER_WORDS = frozenset(
    f"{driver}.{word}"
    for device in DEVICES.values()
    for driver, words in device.modules.items()
    for word in words.split()
)


class Match(Enum):
    """When two runs that differ in a fact cannot be compared."""

    ALWAYS = auto()  # it shapes what is counted as much as what is timed
    # The same work takes longer or less long by it. A count is the same on any machine, so that
    # a baseline in git can be compared with what another machine counts.
    TIMED = auto()
    TIMED_GUEST = auto()  # the same, where the kernel that is measured is a guest's
    # Two sides of times cannot be compared that have nothing of it in common. Boots of one side
    # may differ in it.
    SIDES = auto()
    NEVER = auto()  # it is what is compared, or explains a result


class Fact(NamedTuple):
    """A fact that matters to who puts figures side by side."""

    name: str  # what lines call it
    value: Callable[[RunFacts], object]
    why: str  # it matters, as a sentence
    match: Match = Match.NEVER
    session: bool = False  # it has to be the same in every session of a run
    late: bool = False  # files of before do not know it: then it is said and refuses nothing


FACTS = (
    Fact(
        "executor",
        lambda run: run.executor.name,
        "A guest, the host and user-mode Linux run other code around the same work.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "accelerator",
        lambda run: run.executor.accelerator,
        "KVM runs instructions, TCG translates them.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "clock",
        lambda run: run.clock.value,
        "An instruction count is no time.",
        Match.ALWAYS,
        session=True,
    ),
    Fact("unit", lambda run: run.clock.unit, "Figures of two units have no ratio.", Match.ALWAYS),
    Fact(
        "arch",
        lambda run: run.machine.arch,
        "Another architecture has other instructions and page tables.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "cpu model",
        lambda run: _cpu_model(run),
        "The kernel picks its code by the features of the emulated CPU.",
        Match.ALWAYS,
        session=True,
    ),
    # With a named model counts agree between versions of QEMU: docs/measuring.md has figures.
    Fact(
        "qemu",
        lambda run: run.executor.qemu,
        "What leaves the guest is done by QEMU, in its time.",
        Match.TIMED,
        session=True,
    ),
    Fact(
        "machine type",
        lambda run: _machine_type(run),
        "Another board has other devices, which the kernel has to look after.",
        session=True,
    ),
    Fact(
        "QEMU -m",  # of the guest's kernel; --mem is of the VM whose live update is measured
        lambda run: run.executor.memory and format_size(run.executor.memory),
        "The kernel sizes its tables and zones by it.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "cmdline",
        lambda run: _cmdline(run.executor.cmdline),
        "Parameters turn code of the kernel on and off.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "devices",
        lambda run: run.executor.devices,
        "Another device, driver or limit of the host is another question.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "helper",
        lambda run: _helper(run),
        "Its sources are part of what is measured.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "no result",
        lambda run: run.executor.no_result,
        "Figures of functional tests are compared with nothing else.",
        Match.ALWAYS,
        session=True,
    ),
    Fact(
        "wrong on purpose",
        lambda run: run.asked.broken,
        "A broken sequence does other work.",
        Match.ALWAYS,
    ),
    Fact(
        "cpu",
        lambda run: run.machine.cpu,
        "Another CPU takes another time for the same instructions.",
        Match.TIMED,
        session=True,
    ),
    Fact(
        "cpus",
        lambda run: run.machine.cpus,
        "More CPUs mean more interrupts to send and more to share caches with.",
        Match.TIMED,
        session=True,
    ),
    Fact(
        "hypervisor",
        lambda run: _known(run, run.machine.hypervisor, "bare metal"),
        "In a virtual machine each TLB miss walks two tables, and the host takes CPUs away.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "container",
        lambda run: _known(run, (run.machine.container or "").partition(" ")[0], "none"),
        "A container's filter of system calls and its cgroups have a cost for each call.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "cpu quota",
        lambda run: _known(run, run.machine.cgroup_cpus, "none"),
        "What is used up before a period ends is waited for.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "affinity",
        lambda run: run.machine.affinity,
        "Which CPUs may be used decides which caches and neighbours they have.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "numa",
        lambda run: _numa(run),
        "Memory of another node is further away.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "thp",
        lambda run: run.machine.thp,
        "Transparent huge pages mean fewer faults and fewer pages to pin.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "thp shmem",
        lambda run: run.machine.thp_shmem,
        "The same, of the memfd that guest memory is.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "thp of process",
        lambda run: run.machine.thp_disabled,
        "prctl(PR_SET_THP_DISABLE) keeps huge pages from a program and from the guests it starts.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "seccomp",
        lambda run: run.machine.seccomp,
        "A filter looks at each system call, which takes longer for it.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "frequency driver",
        lambda run: run.machine.frequency_driver,
        "Drivers set the clock in different ways under governors of one name.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "governor",
        lambda run: run.machine.governor,
        "It decides which clock rate a CPU has, and how soon.",
        Match.TIMED,
    ),
    Fact(
        "turbo",
        lambda run: run.machine.turbo,
        "It raises the clock rate while heat and neighbours allow.",
        Match.TIMED,
    ),
    Fact("smt", lambda run: run.machine.smt, "Two CPUs share a core.", Match.TIMED),
    Fact(
        "isolated",
        lambda run: run.machine.isolated,
        "Nothing else is scheduled on such CPUs.",
        Match.TIMED,
    ),
    Fact(
        "nohz_full",
        lambda run: _known(run, run.machine.nohz_full, "none"),
        "Such CPUs have no tick, but dearer system calls.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "clock source",
        lambda run: run.machine.clocksource,
        "Reading it takes from ten ns to a microsecond.",
        Match.TIMED,
    ),
    Fact(
        "memlock",
        lambda run: _memlock(run),
        "Near the limit of locked memory pinning fails or is refused.",
        Match.TIMED,
    ),
    Fact(
        PIECES,
        lambda _: None,  # of samples: see bench.sides.runs
        "What is pinned in pieces that fit into a limit takes a system call for each.",
        Match.TIMED,
        late=True,
    ),
    Fact(
        "load",
        lambda run: load_class(run.machine.load[0] if run.machine.load else None, run.machine.cpus),
        "What else runs takes CPUs, caches and memory bandwidth.",
        Match.SIDES,
        late=True,
    ),
    Fact(
        "machine's kernel",
        lambda run: _machines_kernel(run),
        "Below a guest it is its hypervisor.",
        Match.TIMED_GUEST,
        session=True,
    ),
    Fact("kernel", lambda run: run.executor.kernel, "It is what is compared.", session=True),
    Fact(
        "kernel build",
        lambda run: run.executor.kernel_digest,
        "Patches and configuration are what is compared.",
        session=True,
    ),
    Fact(
        "kernel version",
        lambda run: run.executor.kernel_version,
        "It tells two builds of one release apart.",
        session=True,
    ),
    Fact(
        "mitigations",
        lambda run: run.machine.mitigations,
        "They make entering the kernel dearer; they may come with the kernel that is compared.",
    ),
    Fact(
        "microcode",
        lambda run: run.machine.microcode,
        "It changes what some instructions take.",
    ),
    Fact(
        "guest state",
        lambda run: _guest_state(run),
        "A block that boots its guest does not begin as one that goes on from a saved one.",
        late=True,
    ),
    Fact(
        SEED,
        lambda run: run.seed,
        "Boots of another seed are other boots: a count spreads over them.",
        late=True,
    ),
    Fact(
        "reps",
        lambda run: run.scenario.get("reps"),
        "The median of few reps is less steady than that of many.",
        late=True,
    ),
    Fact("max pause", lambda run: run.asked.max_pause, "It is a limit that NEW is held to."),
    Fact("bench", lambda run: run.bench, "Another version may measure in another way."),
)


QUIET, BUSY = "quiet", "busy"
_OWN_LOAD = 2.0  # tasks that a boot just before has left in the average


def load_class(load: float | None, cpus: int | None) -> str:
    """Say whether something else took a third of the CPUs or more; "" where that is not known.

    bench.machine.doubts has the reason for a third. On few CPUs measuring itself is that much.
    """
    if load is None or not cpus:
        return ""
    return BUSY if load > max(cpus / 3, _OWN_LOAD) else QUIET


def _known(run: RunFacts, value: object, nothing: str) -> object:
    """Return ``nothing`` where a run says that it has no such thing; the first format did not."""
    return value or (nothing if run.format >= SEALED else None)


def _numa(run: RunFacts) -> str:
    return "; ".join(f"{number}: {node.cpus}" for number, node in run.machine.numa.items())


def _guest_state(run: RunFacts) -> str:
    """Tell guests that went on from a saved one from those that booted."""
    if run.executor.name != "guest" or not run.sessions:
        return ""
    return "saved" if any(session.state for session in run.sessions) else "fresh"


def _cmdline(text: str) -> str:
    words = (word for word in text.split() if word not in _DRIVER_WORDS)
    return " ".join(word for word in words if not word.startswith(_BOOT_WORDS))


def _cpu_model(run: RunFacts) -> str:
    """Return the emulated CPU. Under KVM it is the machine's own, which is a fact by itself.

    Runs that do not say it had QEMU's "max", which another version makes another CPU.
    """
    executor = run.executor
    if executor.accelerator != "tcg":
        return ""
    return executor.cpu_model or f"max of {executor.qemu or 'an unknown QEMU'}"


def _machine_type(run: RunFacts) -> str:
    """Return the board of a guest; runs that do not say it had this one."""
    return run.executor.machine_type or ("q35" if run.executor.name == "guest" else "")


def _helper(run: RunFacts) -> str:
    """Return the digest of the first session's helper; all sessions have the same."""
    return run.sessions[0].helper if run.sessions else ""


def _memlock(run: RunFacts) -> object:
    """Return the limit of the host, where None is unlimited. A guest has none."""
    limit = run.executor.memlock
    return "unlimited" if limit is None and run.executor.name == "host" else limit


def _machines_kernel(run: RunFacts) -> str:
    """Return the kernel below a guest; on the host it is the kernel that is measured."""
    return "" if run.executor.name == "host" else run.machine.kernel
