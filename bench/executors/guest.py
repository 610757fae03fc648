# SPDX-License-Identifier: GPL-2.0-only
"""Measure cells in a QEMU guest: many in one boot, each with the device and pages it needs."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.errors import CannotSave, CellFailed, CellSkipped, GuestLost
from bench.executors.guest_setup import GuestSetup, page_count
from bench.guest.boot import Guest, boot, restore
from bench.guest.probe import qemu_version
from bench.guest.qemu import Accelerator, cmdline
from bench.guest.snapshot import Snapshot, ensure_snapshot
from bench.model.cell import Block, Cell, Clock, Method, Pages, Rep, Unavailable
from bench.model.device import DEVICES, Device
from bench.model.facts import NO_RESULT, ExecutorFacts
from bench.model.units import KIB, format_size
from bench.plan.duration import once_seconds
from bench.protocol.helper import Target, deadline, helper_words, patience
from bench.protocol.messages import RepMessage, read_items, read_reps

_BOOT_DEADLINE = 180  # seconds; 15 with instruction counting on a slow machine
_GUP_TEST = "/sys/kernel/debug/gup_test"

# A loop of 2 instructions, ten million times over: see helper/null.c.
_CLOCK_LOOPS = 10_000_000
_CLOCK_TOLERANCE = 0.02


class GuestExecutor:
    """Every block in a guest of its own: restored from one that was saved, or booted."""

    name = "guest"

    def __init__(self, setup: GuestSetup, say: Callable[[str], None] = lambda _: None) -> None:
        self._setup = setup
        self._say = say
        self._snapshot: Snapshot | None = None
        self._fresh = setup.fresh  # boot for every block
        self.boots = 0

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
            memory=self._setup.memory,
            kernel=self._setup.kernel.name,
            kernel_digest=self._setup.kernel.digest,
            cmdline=cmdline(self._setup.config()),
        )

    def measure(self, block: Block) -> Iterator[Rep | Unavailable]:
        *steps, last = block_script(block, self.clock)
        with self.guest([step.command for step in (*steps, last)]) as guest:
            try:
                for step in steps:
                    step.take(guest)
                yield from read_reps(guest.lines(last.command, last.seconds), block)
            except CellFailed as failure:
                failure.hint = failure.hint or guest.last_words()
                raise

    @contextmanager
    def guest(self, script: Sequence[str]) -> Iterator[Guest]:
        """A guest that runs a script, and is ended with the block."""
        with ExitStack() as stack:
            state = self.state
            if state is None:
                self.boots += 1
                guest, _ = stack.enter_context(boot(self._setup.config(), _BOOT_DEADLINE, script))
            else:
                guest = stack.enter_context(restore(self._setup.config(), state, script))
            yield guest

    @property
    def state(self) -> Path | None:
        """The state to go on from; None, said once, where a guest cannot be saved."""
        if self._fresh:
            return None
        try:
            config = self._setup.config()
            self._snapshot = self._snapshot or ensure_snapshot(config, _BOOT_DEADLINE, self._say)
        except CannotSave as error:
            self._say(f"this guest cannot be saved and boots for every block: {error.message}")
            self._fresh = True
            return None
        self.boots = 1
        return self._snapshot.state

    def close(self) -> None:
        """Nothing runs between two blocks."""


def _modules(devices: Iterable[Device]) -> dict[str, str]:
    """With their parameters, in loading order; devices may have some in common."""
    return {name: words for device in devices for name, words in device.modules.items()}


@dataclass(frozen=True)
class Step:
    """One command of a block's script, and what it means when it fails."""

    command: str
    seconds: float = 60  # for its next line, on this machine
    skips: tuple[str, str] = ("", "")  # why the block cannot be had then, and what it needs

    def take(self, guest: Guest) -> None:
        """Wait until it has been done; CellFailed, or CellSkipped where that is no failure."""
        try:
            guest.run(self.command, self.seconds)
        except CellFailed:
            if self.skips[0]:
                raise CellSkipped(*self.skips) from None
            raise


class ClockStep(Step):
    """Hold the guest's clock against a loop of a known number of instructions.

    GuestLost when it does not, within 2 %: every figure would be wrong. The helper times a loop
    of known length three times, and the fastest counts.
    """

    def take(self, guest: Guest) -> None:
        items = [*read_items(guest.lines(self.command, self.seconds))]
        spans = [item.pause / (2 * _CLOCK_LOOPS) for item in items if isinstance(item, RepMessage)]
        rate = min(spans, default=0.0)
        if not 1 <= rate <= 1 + _CLOCK_TOLERANCE:
            raise GuestLost(
                f"the guest's clock advances {rate:.3f} ticks an instruction instead of 1",
                "instruction counts cannot be trusted with this version of QEMU",
            )


CHECK_CLOCK = ClockStep(
    f"bench-helper null --out 4 --mem 4096 --pages 4k --loops {_CLOCK_LOOPS}"
    " --order exec-only,exec-only,exec-only"
)


def block_script(block: Block, clock: Clock) -> list[Step]:
    """All that a guest does for a block; the helper comes last."""
    cell = block.any_cell
    steps: list[Step] = [CHECK_CLOCK] if clock is Clock.ICOUNT else []
    steps += device_steps(DEVICES[name] for name in block.devices)
    if Method.GUP_TEST in block.order:
        steps.append(Step(f"[ -e {_GUP_TEST} ] || insmod /modules/gup_test_module.ko"))
    steps += page_steps(cell)
    return [*steps, Step(helper_command(block, clock is Clock.WALL), deadline(block))]


def device_steps(devices: Iterable[Device]) -> list[Step]:
    """Put devices behind their nodes, at most one of a family."""
    devices = [*devices]
    loads = [
        Step(f"insmod /modules/{module}.ko {parameters}".rstrip())
        for module, parameters in _modules(devices).items()
    ]
    return loads + [Step(command) for device in devices for command in device.add]


def helper_command(block: Block, counters: bool = False) -> str:
    """Return the helper's command line for a block, for the shell of the guest."""
    wanted = dict.fromkeys(c.device for c in block.cells if c.method is not Method.EXEC_ONLY)
    devices = [DEVICES[name] for name in wanted]
    targets = [Target(device.family, device.node, device.pins) for device in devices if device.node]
    words = helper_words(block, targets, out="4", counters=counters)
    return f"ulimit -l unlimited; {shlex.join(['bench-helper', *words])}"


_SHMEM_THP = "/sys/kernel/mm/transparent_hugepage/shmem_enabled"


def _pool(pages: Pages) -> str:
    return f"/sys/kernel/mm/hugepages/hugepages-{pages.size // KIB}kB/nr_hugepages"


def page_steps(cell: Cell) -> list[Step]:
    """Let memfds have huge pages, or fill a pool with exactly those that the cell needs."""
    if not cell.pages.pooled:
        return [Step(f"echo advise >{_SHMEM_THP}")]
    pool, count = _pool(cell.pages), page_count(cell)
    steps = []
    if cell.pages is Pages.HUGETLB_2M:
        steps.append(Step(f"echo {count} >{pool}", patience(once_seconds(cell))))
    why = f"the guest cannot set {count} {cell.pages} pages aside"
    need = f"{format_size(cell.file)} of unfragmented guest memory"
    return [*steps, Step(f'[ "$(cat {pool})" -ge {count} ]', skips=(why, need))]
