# SPDX-License-Identifier: GPL-2.0-only
"""Measure cells in a QEMU guest: many in one boot, each with the device and pages it needs."""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack

from bench.errors import CellFailed, CellSkipped, GuestLost
from bench.executors.guest_setup import GuestSetup, page_count
from bench.guest.boot import Guest, boot
from bench.guest.probe import qemu_version
from bench.guest.qemu import cmdline
from bench.model.cell import Block, Cell, Clock, Pages, Rep, Unavailable
from bench.model.device import DEVICES, Device
from bench.model.facts import ExecutorFacts
from bench.model.method import Method
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
    """Boots a guest for the first block, and a fresh one after a guest was lost."""

    name = "guest"

    def __init__(self, setup: GuestSetup) -> None:
        self._setup = setup
        self._stack = ExitStack()
        self._guest: Guest | None = None
        self._devices: tuple[Device, ...] = ()
        self.boots = 0

    @property
    def clock(self) -> Clock:
        return self._setup.accelerator.clock

    def facts(self) -> ExecutorFacts:
        return ExecutorFacts(
            name=self.name,
            accelerator=self._setup.accelerator.value,
            reason=self._setup.reason,
            qemu=qemu_version(),
            memory=self._setup.memory,
            kernel=self._setup.kernel.name,
            kernel_digest=self._setup.kernel.digest,
            cmdline=cmdline(self._setup.config()),
        )

    def measure(self, block: Block) -> Iterator[Rep | Unavailable]:
        cell = block.any_cell
        try:
            guest = self.bound_guest(*(DEVICES[name] for name in block.devices))
            if Method.GUP_TEST in block.order:
                guest.run(f"[ -e {_GUP_TEST} ] || insmod /modules/gup_test_module.ko")
            set_up_pages(guest, cell)
            lines = guest.lines(helper_command(block, self.clock is Clock.WALL), deadline(block))
            try:
                yield from read_reps(lines, block)
            except CellSkipped:
                _drain(lines)
                raise
        except CellFailed as failure:
            if self._guest and not failure.hint:
                failure.hint = self._guest.last_words()
            self.close()  # so that the next cell does not run in what a failure left behind
            raise
        except CellSkipped:
            self._tidy(cell)
            raise
        self._tidy(cell)

    def _tidy(self, cell: Cell) -> None:
        """Give huge pages back; where that fails, end the guest: the next cell boots another."""
        try:
            if self._guest:
                drop_pages(self._guest, cell)
        except CellFailed:
            self.close()

    def close(self) -> None:
        """End the guest, if there is one."""
        self._guest = None
        self._devices = ()
        self._stack.close()

    def _ready_guest(self) -> Guest:
        if self._guest is None:
            setup = self._setup
            self.boots += 1
            guest, _ = self._stack.enter_context(boot(setup.config(), _BOOT_DEADLINE))
            for module in setup.kernel.base_modules:
                guest.run(f"insmod /modules/{module}.ko")
            if self.clock is Clock.ICOUNT:
                check_clock(guest)
            self._guest = guest
        return self._guest

    def bound_guest(self, *devices: Device) -> Guest:
        """Return the running guest with these devices bound, at most one of a family.

        Boots it when there is none; CellFailed when a command in it fails.
        """
        guest = self._ready_guest()
        if self._devices == devices:
            return guest
        for device in self._devices:
            for command in device.remove:
                guest.run(command)
        for module in reversed([*_modules(self._devices)]):
            guest.run(f"rmmod {module}")
        for module, parameters in _modules(devices).items():
            guest.run(f"insmod /modules/{module}.ko {parameters}")
        for device in devices:
            for command in device.add:
                guest.run(command)
        self._devices = devices
        return guest


def _modules(devices: tuple[Device, ...]) -> dict[str, str]:
    """Return the modules of all devices in loading order, with their parameters."""
    return {name: words for device in devices for name, words in device.modules.items()}


def check_clock(guest: Guest) -> None:
    """Check that the guest's clock advances by one tick an instruction.

    GuestLost when it does not, within 2 %: every figure would be wrong. The helper times a loop
    of known length three times, and the fastest counts.
    """
    command = f"bench-helper null --out 4 --mem 4096 --pages 4k --loops {_CLOCK_LOOPS}"
    command += " --order exec-only,exec-only,exec-only"
    items = [*read_items(guest.lines(command, 60))]
    spans = [item.pause / (2 * _CLOCK_LOOPS) for item in items if isinstance(item, RepMessage)]
    rate = min(spans, default=0.0)
    if not 1 <= rate <= 1 + _CLOCK_TOLERANCE:
        raise GuestLost(
            f"the guest's clock advances {rate:.3f} ticks an instruction instead of 1",
            "instruction counts cannot be trusted with this version of QEMU",
        )


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


def set_up_pages(guest: Guest, cell: Cell) -> None:
    """Let memfds have huge pages, or fill a pool with as many as the cell needs.

    CellSkipped when the guest has too little unfragmented memory for the pool.
    """
    if not cell.pages.pooled:
        guest.run(f"echo advise >{_SHMEM_THP}")
        return
    count = page_count(cell)
    if cell.pages is Pages.HUGETLB_2M:
        guest.run(f"echo {count} >{_pool(cell.pages)}", patience(once_seconds(cell)))
    try:
        guest.run(f'[ "$(cat {_pool(cell.pages)})" -ge {count} ]')
    except CellFailed:
        raise CellSkipped(
            f"the guest cannot set {count} {cell.pages} pages aside",
            f"{format_size(cell.file)} of unfragmented guest memory",
        ) from None


def drop_pages(guest: Guest, cell: Cell) -> None:
    """Empty the pool that `set_up_pages` filled."""
    if cell.pages is Pages.HUGETLB_2M:
        guest.run(f"echo 0 >{_pool(cell.pages)}", patience(once_seconds(cell)))


def _drain(lines: Iterator[str]) -> None:
    for _ in lines:
        pass
