# SPDX-License-Identifier: GPL-2.0-only
"""Measure cells in a QEMU guest: many in one boot, each with the device and pages it needs."""

import shlex
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import CannotJudge, CannotSave, CellFailed, CellSkipped, GuestLost
from bench.executors.base import Room
from bench.executors.guest_setup import GuestSetup, page_count, room_for_guests
from bench.guest.boot import Answering, Guest, boot, restore
from bench.guest.probe import qemu_version
from bench.guest.qemu import CPU, MACHINE_TYPE, Accelerator, cmdline
from bench.guest.snapshot import Snapshot, ensure_snapshot
from bench.guest.vmm import why_no_vmm
from bench.kernel.kernel import Kernel
from bench.model.cell import Block, Cell, Clock, Pages, Rep, Unavailable
from bench.model.device import DEVICES, Device, drivers_of
from bench.model.facts import NO_RESULT, ExecutorFacts
from bench.model.method import Experiment, Method
from bench.model.steps import SILENT, Step, Steps
from bench.model.units import KIB, format_size
from bench.model.vmm import VMM
from bench.plan.duration import once_seconds
from bench.protocol.helper import Target, deadline, helper_words, patience
from bench.protocol.messages import RepMessage, read_items, read_reps

BOOT_DEADLINE = 180  # seconds; 15 with instruction counting on a slow machine
_GUP_TEST = "/sys/kernel/debug/gup_test"

# A loop of 2 instructions, ten million times over: see helper/null.c.
_CLOCK_LOOPS = 10_000_000
_CLOCK_TOLERANCE = 0.02


class GuestExecutor:
    """Every block in a guest of its own: restored from one that was saved, or booted.

    Threads may measure a block each.
    """

    name = "guest"

    def __init__(self, setup: GuestSetup, steps: Steps = SILENT) -> None:
        self._setup = setup
        self._steps = steps
        self._snapshot: Snapshot | None = None
        self._fresh = setup.fresh  # boot for every block
        self.boots = 0
        self._lock = threading.Lock()  # of what threads share
        self._parts = 0  # of the console, so far

    @property
    def kernel(self) -> Kernel:
        return self._setup.kernel

    @property
    def clock(self) -> Clock:
        return self._setup.accelerator.clock

    def facts(self) -> ExecutorFacts:
        return ExecutorFacts(
            name=self.name,
            accelerator=self._setup.accelerator.value,
            reason=self._setup.reason,
            note=NO_RESULT if self._setup.accelerator is Accelerator.PLAIN_TCG else "",
            qemu=qemu_version(),
            vmm=self._setup.vmm,
            cpu_model=CPU[self._setup.accelerator],
            machine_type=MACHINE_TYPE,
            memory=self._setup.memory,
            fresh=self._setup.fresh,
            kernel=self.kernel.name,
            kernel_digest=self.kernel.digest,
            kernel_configs=self.kernel.configs,
            cmdline=cmdline(self._setup.config()),
        )

    def room(self) -> Room:
        if self.clock is Clock.WALL:
            return Room(1, 1, "guests at once would change each other's times", harmful=True)
        most, limit = room_for_guests(self._setup.memory)
        return Room(most, most, limit)

    def begin(self) -> None:
        """Make the state that blocks go on from; CannotJudge for a kernel that does not boot."""
        try:
            _ = self.state
        except GuestLost as lost:
            why = f"{self.kernel.name} does not boot: {lost.message}"
            raise CannotJudge(why, lost.hint) from None

    def boot_of(self, number: int) -> int:
        return number + 1 if self._fresh else 1

    def measure(self, block: Block) -> Generator[Rep | Unavailable]:
        script = block_script(block, self.clock, self.kernel)
        with self.guest([each.command for each in script], block.label) as guest:
            yield from reps_of(guest, block, script)

    @contextmanager
    def guest(
        self, script: Sequence[str], label: str = "guest", plugin: tuple[str, ...] = ()
    ) -> Iterator[Guest]:
        """Run the script of the block with this label in a guest, which is ended with the block.

        ``plugin`` is a file and words for it, which QEMU loads.
        """
        with ExitStack() as stack:
            state = self.state
            console = stack.enter_context(self._part())
            config = replace(self._setup.config(), console=console, plugin=plugin)
            if state is None:
                with self._lock:
                    self.boots += 1
                with self._steps.at(Step.BOOT, of=label):
                    guest, _ = stack.enter_context(boot(config, BOOT_DEADLINE, script))
            else:
                with self._steps.at(Step.RESTORE, of=label):
                    guest = stack.enter_context(restore(config, state, script))
            yield guest

    @contextmanager
    def _part(self) -> Iterator[Path]:
        """Open the console of one guest, which is added to that of the run at its end."""
        whole = self._setup.console
        with self._lock:
            self._parts += 1
            part = whole.with_name(f"{whole.stem}-{self._parts}{whole.suffix}")
        try:
            yield part
        finally:
            with self._lock, suppress(FileNotFoundError), whole.open("ab") as console:
                console.write(part.read_bytes())
                part.unlink()

    @property
    def saved_state(self) -> str:
        return self._snapshot.crc if self._snapshot else ""

    @property
    def state(self) -> Path | None:
        """The state to go on from; None, said once, where a guest cannot be saved."""
        with self._lock:
            if self._fresh:
                return None
            try:
                config = self._setup.config()
                kept = self._snapshot or ensure_snapshot(config, BOOT_DEADLINE, self._steps)
            except CannotSave as error:
                why = error.message
                self._steps.note(f"this guest cannot be saved and boots for every block: {why}")
                self._fresh = True
                return None
            self._snapshot = kept
            self.boots = 1
            return kept.state

    def close(self) -> None:
        """Nothing runs between two blocks."""


@dataclass(frozen=True)
class Command:
    """One command of a block's script, and what it means when it fails."""

    command: str
    seconds: float = 60  # for its next line, on this machine
    skips: tuple[str, str] = ("", "")  # why the block cannot be had then, and what it needs

    def take(self, guest: Answering) -> None:
        """Wait until it has been done; CellFailed, or CellSkipped where that is no failure."""
        try:
            guest.run(self.command, self.seconds)
        except CellFailed:
            if self.skips[0]:
                raise CellSkipped(*self.skips) from None
            raise


class ClockCheck(Command):
    """Hold the guest's clock against a loop of a known number of instructions.

    GuestLost when it does not, within 2 %: every figure would be wrong. The helper times a loop
    of known length three times, and the fastest counts.
    """

    def take(self, guest: Answering) -> None:
        items = [*read_items(guest.lines(self.command, self.seconds))]
        spans = [item.pause / (2 * _CLOCK_LOOPS) for item in items if isinstance(item, RepMessage)]
        rate = min(spans, default=0.0)
        if not 1 <= rate <= 1 + _CLOCK_TOLERANCE:
            raise GuestLost(
                f"the guest's clock advances {rate:.3f} ticks an instruction instead of 1",
                "instruction counts cannot be trusted with this version of QEMU",
            )


CHECK_CLOCK = ClockCheck(
    f"bench-helper null --out 4 --mem 4096 --pages 4k --loops {_CLOCK_LOOPS}"
    " --order exec-only,exec-only,exec-only"
)


def reps_of(
    guest: Answering, block: Block, script: Sequence[Command]
) -> Generator[Rep | Unavailable]:
    """Take what a guest answers to the script of a block; yield as `Executor.measure` does."""
    *before, last = script
    try:
        for each in before:
            each.take(guest)
        # The guest ends with its block: nobody has to wait until the helper has given its
        # device up (5 s of unpinning at 64 GiB).
        lines = guest.lines(last.command, last.seconds)
        yield from read_reps(lines, block, to_exit=False)
    except CellFailed as failure:
        failure.hint = failure.hint or guest.last_words()
        raise


def block_script(block: Block, clock: Clock, kernel: Kernel) -> list[Command]:
    """All that a guest does for a block; the helper comes last."""
    cell = block.any_cell
    steps: list[Command] = [CHECK_CLOCK] if clock is Clock.ICOUNT else []
    devices = (DEVICES[name] for name in block.devices)
    steps += device_steps(devices, kernel, cell.devices_of_vm)
    if Method.GUP_TEST in block.order:
        steps.append(Command(f"[ -e {_GUP_TEST} ] || insmod /modules/gup_test_module.ko"))
    steps += page_steps(cell)
    if block.experiment is Experiment.VMM_START and (why := why_no_vmm()):
        need = f"{VMM} as Debian has it: a program of x86-64 with shared libraries"
        steps.append(Command("false", skips=(why, need)))
    return [*steps, Command(helper_command(block, clock is Clock.WALL), deadline(block))]


def device_steps(devices: Iterable[Device], kernel: Kernel, count: int = 1) -> list[Command]:
    """Put devices behind their nodes, at most one kind of a family, so many of each."""
    devices = [*devices]
    loads = [
        _load(driver, parameters, kernel)
        for driver, parameters in drivers_of(devices).items()
        if not kernel.has_built_in(driver)
    ]
    return loads + [step for device in devices for step in _add(device, count)]


def _add(device: Device, count: int) -> Iterator[Command]:
    probe, need = device.needs
    if probe:
        yield Command(probe, skips=(f"this kernel cannot have {device.name}", need))
    if count > 1 and not device.several:
        why = f"a guest has one {device.name}, and {count} devices of the VM are asked for"
        several = ", ".join(name for name, each in DEVICES.items() if each.several)
        yield Command("false", skips=(why, f"--devices-of-vm 1, or one of {several}"))
    for number in range(count):
        yield from map(Command, device.added(number))


def _load(driver: str, parameters: str, kernel: Kernel) -> Command:
    if not kernel.has_module(driver):
        need = f"a kernel that is built with {driver.replace('-', '_')}"
        return Command("false", skips=(f"{kernel.name} has no driver {driver}", need))
    return Command(f"insmod /modules/{driver}.ko {parameters}".rstrip())


def helper_command(block: Block, counters: bool = False) -> str:
    """Return the helper's command line for a block, for the shell of the guest."""
    wanted = dict.fromkeys(c.device for c in block.cells if c.method is not Method.EXEC_ONLY)
    devices = [DEVICES[name] for name in wanted]
    targets = [Target(device.family, device.node, device.pins) for device in devices if device.node]
    words = helper_words(block, targets, out="4", counters=counters, alone=True)
    return f"ulimit -l unlimited; {shlex.join(['bench-helper', *words])}"


_SHMEM_THP = "/sys/kernel/mm/transparent_hugepage/shmem_enabled"


def _pool(pages: Pages) -> str:
    return f"/sys/kernel/mm/hugepages/hugepages-{pages.size // KIB}kB/nr_hugepages"


def page_steps(cell: Cell) -> list[Command]:
    """Let memfds have huge pages, or fill a pool with exactly those that the cell needs."""
    if not cell.pages.pooled:
        return [Command(f"echo advise >{_SHMEM_THP}")]
    pool, count = _pool(cell.pages), page_count(cell)
    steps = []
    if cell.pages is Pages.HUGETLB_2M:
        steps.append(Command(f"echo {count} >{pool}", patience(once_seconds(cell))))
    why = f"the guest cannot set {count} {cell.pages} pages aside"
    need = f"{format_size(cell.file)} of unfragmented guest memory"
    return [*steps, Command(f'[ "$(cat {pool})" -ge {count} ]', skips=(why, need))]
