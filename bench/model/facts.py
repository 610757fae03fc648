# SPDX-License-Identifier: GPL-2.0-only
"""Hold what run.json says of a run, as types: what was asked, where and by whom it was measured.

The names and the order of the fields are those of run.json. A field that an older version of
bench did not write has a default, which means "not known". Sizes are in bytes, lists of CPUs in
the kernel's spelling ("0-3,8").
"""

from typing import Any

from msgspec import Struct, convert

from bench.model.cell import Clock
from bench.model.typed import plain, typed

# 2: sessions, threads, window, counters and a crc. 3: runs of memory are called extents.
# 4: settle, and least of a block. 5: handovers. 6: after_pause. 7: devices_of_vm, cvq.
FORMAT = 7
SEALED = 2  # the first format whose files and lines end in a crc

# The accelerator of tests of the wall clock's way, and what every output says of its figures.
PLAIN_TCG = "plain-tcg"
NO_RESULT = "plain TCG: functional test, no result"


class MemoryLock(Struct, frozen=True):
    """RLIMIT_MEMLOCK of this process, in bytes; None is unlimited."""

    soft: int | None = None
    hard: int | None = None


class NumaNode(Struct, frozen=True):
    """A NUMA node of the machine."""

    cpus: str | None = None  # its CPUs
    memory: int | None = None  # bytes


class HugePool(Struct, frozen=True):
    """The pool of huge pages of one size, in pages."""

    total: int | None = None
    free: int | None = None


class MachineFacts(Struct, frozen=True, kw_only=True):
    """The machine that bench runs on, as it was when the run began. None is not known."""

    cpu: str = ""  # the model's name
    cpus: int | None = None  # that are online
    memory: int | None = None  # bytes, all of it
    kernel: str = ""  # uname -r
    arch: str = ""  # uname -m
    system: str = ""  # PRETTY_NAME of os-release(5)
    python: str = ""  # version
    governor: tuple[str, ...] | None = None  # each that some CPU has; None in most VMs
    turbo: bool | None = None  # the clock may rise above its nominal frequency
    turbo_file: str | None = None  # the file of sysfs that says so
    frequency_driver: str | None = None  # scaling_driver of cpufreq
    core_kinds: tuple[str, ...] = ()  # CPUs of each kind of core, where there are several
    cpuset: str | None = None  # CPUs that the cpuset has
    seccomp: bool | None = None  # a filter looks at each system call
    thp_disabled: bool | None = None  # of this process, by prctl(2)
    smt: bool | None = None  # some core runs two threads
    numa: dict[int, NumaNode] = {}  # by the node's number
    isolated: str | None = None  # CPUs of isolcpus=
    nohz_full: str | None = None  # CPUs without a scheduler's tick
    clocksource: str | None = None  # the one in use
    clocksources: tuple[str, ...] = ()  # all that could be used
    mitigations: dict[str, str] | None = None  # vulnerability: what is done against it
    microcode: str | None = None  # revision
    thp: str | None = None  # transparent_hugepage/enabled
    thp_shmem: str | None = None  # transparent_hugepage/shmem_enabled
    hugepages: dict[int, HugePool] = {}  # by the size of a page in bytes
    load: tuple[float, float, float] | None = None  # runnable tasks over 1, 5 and 15 minutes
    perf_event_paranoid: int | None = None  # sysctl kernel.perf_event_paranoid
    pmu: bool | None = None  # the CPU has counters that can be read
    io_uring_disabled: int | None = None  # sysctl kernel.io_uring_disabled
    tainted: int | None = None  # sysctl kernel.tainted, a bit mask
    affinity: str | None = None  # CPUs that bench may run on
    root: bool | None = None  # the effective user is root
    cap_ipc_lock: bool | None = None  # bench may lock memory beyond its limit
    memlock: MemoryLock | None = None
    cgroup_memory: int | None = None  # bytes that the tightest cgroup allows; None: no limit
    cgroup_cpus: float | None = None  # CPUs' worth of time that a cgroup allows; None: no limit
    container: str | None = None  # its runtime, and the file that gave it away
    hypervisor: str | None = None  # "unnamed" where it does not say who it is; None on bare metal
    hidden: tuple[str, ...] = ()  # what is not known, since a file of /proc or /sys is hidden
    untrustworthy: tuple[str, ...] = ()  # a line for each reason to doubt wall time


class VdpaAttributes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `vdpa dev show` says of a device. None where it says nothing, or cannot be asked."""

    type: str | None = None  # "net" or "block"
    mgmtdev: str | None = None  # the management device that made it
    vendor_id: int | None = None
    max_vqs: int | None = None  # virtqueues
    max_vq_size: int | None = None  # descriptors in the longest virtqueue


class DeviceFacts(VdpaAttributes, frozen=True, kw_only=True, omit_defaults=True):
    """A device of this machine that was measured. None where it has no such thing."""

    path: str = ""  # of its node, or its PCI address
    name: str = ""  # "vdpa0"; of a PCI device vendor and device, "8086:10fb"
    driver: str = ""
    parameters: dict[str, str] | None = None  # of the modules: "vhost_vdpa.max_iotlb_entries"
    iommu_group: str | None = None
    dma_proven: bool | None = None  # the helper can drive it, and saw its DMA arrive

    @property
    def described(self) -> str:
        """Name the device and what drives it, as reports do."""
        return f"{self.path} is {self.name}, driven by {self.driver}"


class WorkerFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A worker of an engine, as it was when it had measured a block for the first time."""

    host: str = ""  # its name
    pid: int = 0
    boot_id: str = ""
    cpu: str = ""  # the model's name
    kernel: str = ""  # uname -r
    load: tuple[float, float, float] | None = None
    blocks: tuple[int, ...] = ()  # places in the plan, from 0, of those that it measured


class ExecutorFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where cells ran. What an executor does not have keeps its default and is not written."""

    name: str = ""  # "guest", "host" or "replay"
    accelerator: str = ""  # of a guest: "kvm", "tcg" or, in tests only, "plain-tcg"
    reason: str = ""  # why this accelerator
    note: str = ""  # what a reader has to know before any figure
    qemu: str = ""  # the first line of its --version
    vmm: str = ""  # command line of the same QEMU within the guest, whose start was measured
    cpu_model: str = ""  # of a guest, as QEMU is asked for it
    machine_type: str = ""  # of a guest: QEMU's name for its board
    memory: int | None = None  # bytes of a guest
    fresh: bool = False  # --fresh: every block booted a guest instead of going on from a state
    kernel: str = ""  # release of the kernel that is measured
    kernel_digest: str = ""  # of its configuration and patches
    kernel_configs: tuple[str, ...] = ()  # over the plain one: "debug", or the path of a file
    kernel_version: str = ""  # uname -v, of the host's own
    cmdline: str = ""  # of the kernel
    memlock: int | None = None  # bytes that the helper may lock on the host; None is unlimited
    devices: tuple[DeviceFacts, ...] | None = None  # of the host
    engine: str = ""  # --on: what its blocks were given to
    workers: tuple[WorkerFacts, ...] = ()  # of the engine, in the order of their first answers

    @property
    def no_result(self) -> str:
        """Say why no figure of this executor is a result, "" where they are."""
        return NO_RESULT if self.accelerator == PLAIN_TCG else ""


class SessionFacts(Struct, frozen=True, kw_only=True):
    """One command that measured; a run that was resumed has more than one."""

    began: str = ""  # UTC, ISO 8601
    bench: str = ""  # version
    command: str = ""
    host: str = ""  # its name
    boot_id: str = ""  # changes with every boot of the machine
    revision: str = ""  # of the checkout, "-dirty" when it was changed
    helper: str = ""  # digest of the helper's sources
    state: str = ""  # check sum of the saved guest that every block started from, if it was one


class ScenarioFacts(Struct, frozen=True, kw_only=True):
    """What reports say of the scenario; bench.plan.scenario reads the whole of it."""

    name: str = ""
    question: str = ""
    max_pause: str | None = None  # with its unit: "300ms"
    broken: str | None = None  # --break: the sequence that is wrong on purpose


class ProfileFacts(Struct, frozen=True, kw_only=True):
    """What --profile was to count beside instructions by function."""

    counts: tuple[str, ...] = ()
    lines: bool = False


class RunFacts(Struct, frozen=True, kw_only=True):
    """All of run.json but its crc."""

    format: int = FORMAT
    bench: str = ""  # version
    command: str = ""  # that began the run, quoted for a shell
    scenario: dict[str, Any] = {}  # as bench.plan.scenario dumps it
    seed: int | None = None
    plan: list[Any] = []  # blocks to measure, as bench.results.plan_record has them
    left_out: list[Any] = []  # blocks that --budget left out, and why
    machine: MachineFacts = MachineFacts()
    executor: ExecutorFacts = ExecutorFacts()
    clock: Clock
    sessions: tuple[SessionFacts, ...] = ()
    tune: bool = False  # --tune was given
    tuned: tuple[str, ...] = ()  # a line for each setting that --tune changed
    profile: ProfileFacts | None = None  # --profile was given
    shard: str = ""  # the part that it has of its scenario's plan, as in "2/8"; "": all

    @property
    def asked(self) -> ScenarioFacts:
        """Convert the scenario to what reports say of it."""
        return convert(self.scenario, ScenarioFacts)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as JSON's own types, in the order of run.json."""
        return plain(self)


def read_run_facts(table: dict[str, Any]) -> RunFacts:
    """Convert a parsed run.json to facts.

    Keys that this version does not know are ignored; a null in a table is a key that is not there.
    ValueError names the first value of a wrong type: "machine.cpus: expected int, got str".
    """
    whole = {name: each if name in _AS_IT_IS else _known(each) for name, each in table.items()}
    facts = typed(whole, RunFacts)
    typed(facts.scenario, ScenarioFacts, "scenario")
    return facts


_AS_IT_IS = ("scenario", "plan", "left_out")  # what reads them decides what a null in them means


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(each) for name, each in value.items() if each is not None}
    return [*map(_known, value)] if isinstance(value, list) else value
