# SPDX-License-Identifier: GPL-2.0-only
"""Measure cells on the running kernel: pin loops, and live updates of devices that were named."""

import os
import resource
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from bench.errors import CannotJudge, CellFailed, CellSkipped, MissingTool
from bench.executors.base import Room
from bench.executors.host_devices import HostPci, HostVdpa, find_device, find_pci
from bench.guest.initramfs import ensure_helper
from bench.machine.container import memory_limit
from bench.machine.endings import NO_EXECUTION
from bench.machine.facts import available_memory, kernel_cmdline
from bench.machine.limits import hugetlb_left, mount_problem
from bench.machine.own_limits import rlimit
from bench.model.cell import Block, Cell, Clock, Plan, Rep, Unavailable
from bench.model.device import of_this_machine, pci_address
from bench.model.facts import ExecutorFacts
from bench.model.refusals import what_refused
from bench.model.steps import SILENT, Steps
from bench.model.units import GIB, KIB, format_size
from bench.process import spawn
from bench.protocol.helper import deadline, helper_words
from bench.protocol.messages import read_reps
from bench.worker.lines import LineReader

ROOM_FOR_OTHERS = GIB // 4  # for everybody else while we measure
_LAST_WORDS = 5
_EXIT = 60  # seconds to end in, once the last line is written
_HUNG = 124


class HostExecutor:
    """Starts one helper process for each block. Nothing of the machine is changed."""

    name = "host"
    clock = Clock.WALL
    boots = 1  # the running kernel's
    saved_state = ""

    def __init__(
        self, helper: Path, devices: Mapping[str, HostVdpa | HostPci], console: Path
    ) -> None:
        self._helper = helper
        self._devices = devices
        self._console = console

    def facts(self) -> ExecutorFacts:
        return ExecutorFacts(
            name=self.name,
            kernel=os.uname().release,
            kernel_version=os.uname().version,
            cmdline=kernel_cmdline(),
            memlock=_memlock(),
            devices=tuple(device.facts() for device in self._devices.values()),
        )

    def room(self) -> Room:
        return Room(1, 1, "blocks at once would change each other's times", harmful=True)

    def begin(self) -> None:
        """Do nothing: every block starts a helper of its own."""

    def boot_of(self, number: int) -> int:
        return self.boots

    def measure(self, block: Block) -> Generator[Rep | Unavailable]:
        require_memory(block.any_cell)
        require_pool(block.any_cell)
        self._console.touch()
        start = self._console.stat().st_size
        try:
            with closing(self._lines(block)) as lines:
                yield from read_reps(lines, block)
        except CellFailed as failure:
            failure.hint = failure.hint or self._last_words(start)
            raise

    def close(self) -> None:
        """Do nothing: the helper of a block ended with it."""

    def _lines(self, block: Block) -> Generator[str]:
        targets = [self._devices[name].target for name in block.devices if name in self._devices]
        with ExitStack() as stack:
            readable, writable = os.pipe()
            stack.callback(os.close, readable)
            words = helper_words(block, targets, str(writable), counters=True)
            argv = [str(self._helper), *words]
            try:
                child = stack.enter_context(spawn(argv, log=self._console, pass_fds=[writable]))
            finally:
                os.close(writable)  # else the stream would not end when the helper does
            reader = LineReader(readable)
            while line := _within(reader, deadline(block)):
                yield line
            code = child.wait(timeout=_EXIT)
            yield f'{{"t":"exit","code":{_HUNG if code is None else code}}}'

    def _last_words(self, start: int) -> str:
        with self._console.open("rb") as handle:
            handle.seek(start)
            said = handle.read().decode(errors="replace").strip().splitlines()
        last = "\n    ".join(["the helper's last words:", *said[-_LAST_WORDS:]]) if said else ""
        return "\n".join(filter(None, (what_refused(last), last)))


def _within(reader: LineReader, seconds: float) -> str | None:
    try:
        return reader.line(seconds)
    except TimeoutError:
        raise CellFailed(f"no word from the helper for {seconds:.0f} s") from None


def prepare(plan: Plan, console: Path, steps: Steps = SILENT) -> HostExecutor:
    """Find the devices of a plan, compile the helper, raise this process's memlock limit.

    UsageError or CannotJudge for a device that cannot be measured, CannotJudge without a compiler.
    """
    devices = find_devices(plan)
    lift_memlock()
    try:
        helper = ensure_helper(steps)
    except MissingTool as error:
        raise CannotJudge(f"the helper cannot be compiled: {error.message}", error.hint) from None
    require_execution(helper.parent)
    return HostExecutor(helper, devices, console)


def require_execution(place: Path) -> None:
    """Raise CannotJudge for a directory whose programs the kernel does not run."""
    if forbidden := mount_problem(place):
        raise CannotJudge(f"the helper cannot run: {place} {forbidden}", NO_EXECUTION)


def find_devices(plan: Plan) -> dict[str, HostVdpa | HostPci]:
    """Find the devices of this machine that a plan names; raises as `prepare` does."""
    named = {name for block in plan.blocks for name in block.devices}
    return {name: _find(name) for name in sorted(named) if of_this_machine(name)}


def _find(name: str) -> HostVdpa | HostPci:
    return find_pci(name) if pci_address(name) else find_device(name)


def lift_memlock() -> None:
    """Raise RLIMIT_MEMLOCK as far as this user may.

    vhost-vdpa keeps even root to the limit: vhost_vdpa_pa_map().
    """
    _, hard = rlimit(resource.RLIMIT_MEMLOCK)
    for limit in ((resource.RLIM_INFINITY,) * 2, (hard, hard)):
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_MEMLOCK, limit)
            return


def _memlock() -> int | None:
    """Return RLIMIT_MEMLOCK in bytes, None without a limit."""
    soft, _ = rlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY else soft


def require_memory(cell: Cell) -> None:
    """Check that the file of a cell and its page tables fit into free memory, else CellSkipped."""
    pooled = 0 if not cell.pages.pooled else cell.file
    needed = cell.file - pooled + 2 * (cell.mem // cell.pages.size * 8) + ROOM_FOR_OTHERS
    free = available_memory()
    if needed > free:
        limited = memory_limit() is not None
        whose = " within the limit of the cgroup" if limited else ""
        other = ", or a higher memory.max of the cgroup" if limited else ""
        raise CellSkipped(
            f"{free / GIB:.1f} GiB of memory are free{whose}",
            f"{needed / GIB:.1f} GiB: a smaller --mem, or --backing alias{other}",
        )


def require_pool(cell: Cell, root: Path = Path("/")) -> None:
    """Check that the pool has as many free huge pages as a cell needs, else CellSkipped."""
    if not cell.pages.pooled:
        return
    pool = root / f"sys/kernel/mm/hugepages/hugepages-{cell.pages.size // KIB}kB"
    try:
        promised = int((pool / "resv_hugepages").read_text())
        free = int((pool / "free_hugepages").read_text()) - promised
        total = int((pool / "nr_hugepages").read_text())
    except (OSError, ValueError):
        raise CellSkipped(
            f"this kernel has no pages of {format_size(cell.pages.size)}",
            "a CPU and a kernel that have them",
        ) from None
    wanted = -(-cell.file // cell.pages.size)
    allowed = hugetlb_left(root).get(cell.pages.size)
    if allowed is not None and allowed < wanted * cell.pages.size:
        raise CellSkipped(  # beyond it the kernel sends SIGBUS
            f"the cgroup allows {format_size(allowed)} more of {cell.pages} pages",
            f"{format_size(wanted * cell.pages.size)}: a higher hugetlb.*.max of the cgroup",
        )
    if free < wanted:
        raise CellSkipped(
            f"{free} of {wanted} {cell.pages} pages are free in the pool",
            f"echo {total + wanted - free} | sudo tee {pool / 'nr_hugepages'}, or --tune",
        )
