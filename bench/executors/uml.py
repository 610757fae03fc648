# SPDX-License-Identifier: GPL-2.0-only
"""Measure pin loops by the wall clock in user-mode Linux: the very code, without root or KVM.

It is a kernel that is a process of this machine. Memory management and vhost-vdpa in it are those
of any kernel, but what touches the CPU's page tables are system calls of the machine: exec, the
end of an address space, a page fault of a process. So nothing is measured that has those.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.errors import CannotJudge, MissingTool, UsageError
from bench.executors.base import Room
from bench.executors.guest import Command, device_steps, helper_command, reps_of
from bench.executors.guest_setup import HOST_PROGRAMS, guest_memory
from bench.guest import uml
from bench.guest.initramfs import ensure_initramfs
from bench.guest.uml import UmlConfig
from bench.kernel.build import ensure_kernel
from bench.kernel.config import Architecture, source_bases
from bench.kernel.kernel import Kernel
from bench.kernel.name import KernelName
from bench.model.cell import Block, Cell, Clock, Pages, Plan, Rep, Unavailable
from bench.model.device import DEVICES, drivers_of, on_command_line
from bench.model.facts import ExecutorFacts
from bench.model.method import Method
from bench.model.steps import SILENT, Steps
from bench.process import find_tool
from bench.protocol.helper import deadline

METHODS = (Method.IOTLB,)
NOTE = (
    "user-mode Linux: the loops of the kernel at the speed of this machine, 4 KiB pages, one CPU;"
    " with cold page tables pin has the machine's mmap() of each extent in it"
)
# What a scenario has here that says nothing else, on the command line: see bench.commands.run.
DEFAULTS = {"device": "sim-net-pa", "pages": Pages.SMALL.value}
_DRIVERS = {"vhost_vdpa", "vdpa_sim", "vdpa_sim_net", "vdpa_sim_blk"}  # of the kernel
_GUEST = "use --executor guest, or host"


class UmlExecutor:
    """Boots a kernel for every block, which takes less than a second."""

    name = "uml"
    clock = Clock.WALL
    saved_state = ""

    def __init__(self, kernel: Kernel, initramfs: Path, memory: int, console: Path) -> None:
        self._kernel = kernel
        self._config = UmlConfig(kernel.image, initramfs, memory, console)
        self._booted = 0

    @property
    def boots(self) -> int:
        return self._booted

    def facts(self) -> ExecutorFacts:
        return ExecutorFacts(
            name=self.name,
            note=NOTE,
            memory=self._config.memory,
            kernel=self._kernel.name,
            kernel_digest=self._kernel.digest,
            cmdline=uml.cmdline(self._config),
        )

    def room(self) -> Room:
        return Room(1, 1, "blocks at once would change each other's times", harmful=True)

    def begin(self) -> None:
        """Boot a small kernel: CannotJudge where ptrace and filters of seccomp are refused."""
        uml.probe(self._config)

    def boot_of(self, number: int) -> int:
        return number + 1

    def measure(self, block: Block) -> Generator[Rep | Unavailable]:
        script = _script(block, self._kernel)
        config = replace(self._config, parameters=parameters_of(block))
        self._booted += 1
        with uml.start(config, [each.command for each in script]) as guest:
            yield from reps_of(guest, block, script)

    def close(self) -> None:
        """Nothing runs between two blocks."""


def _script(block: Block, kernel: Kernel) -> list[Command]:
    devices = [DEVICES[name] for name in block.devices]
    return [*device_steps(devices, kernel), Command(helper_command(block), deadline(block))]


def parameters_of(block: Block) -> tuple[str, ...]:
    """Spell for the command line what drivers of a block are told: they are part of the kernel."""
    return on_command_line(drivers_of(DEVICES[name] for name in block.devices))


def bases() -> list[str]:
    """List the bases of kernels that are built as user-mode Linux."""
    known = source_bases().items()
    return [name for name, base in known if base.architecture is Architecture.UML]


def check(plan: Plan, clock: Clock | None, kernels: Sequence[KernelName]) -> None:
    """Refuse what user-mode Linux cannot measure, before anything is fetched, built or measured.

    UsageError names the option; CannotJudge for a machine of another architecture, or without
    room for the memory of the largest cell; MissingTool.
    """
    if clock is Clock.ICOUNT:
        raise UsageError("--clock: icount counts in a guest", _GUEST)
    for name in kernels:
        if name.architecture is not Architecture.UML:
            known = ", ".join(bases())
            raise UsageError(
                f"--kernel: {name.label} is no user-mode Linux", f"for --executor uml: {known}"
            )
    for cell in (cell for block in plan.blocks for cell in block.cells):
        if problem := _misfit(cell):
            raise UsageError(problem, _GUEST)
    uml.check_machine()
    for program in ("busybox", "vdpa", "setpriv"):
        find_tool(program, HOST_PROGRAMS[program])
    uml.check_room(guest_memory(plan.blocks))


def _misfit(cell: Cell) -> str:
    """Say which option of a cell is not for user-mode Linux, and why; "" for none."""
    if cell.method not in METHODS:
        why = "what a process does is distorted there, from page faults to exec"
        return f"--method: user-mode Linux is for {METHODS[0]} alone, not {cell.method}: {why}"
    if cell.pages is not Pages.SMALL:
        return f"--pages: user-mode Linux has no {cell.pages} pages, only {Pages.SMALL}"
    if cell.threads > 1:
        return "--threads: user-mode Linux has one CPU here"
    device = DEVICES.get(cell.device)
    modules = {*device.modules} if device else set()
    if not modules or not modules <= _DRIVERS:
        return f"--device: user-mode Linux has simulators alone, not {cell.device}"
    return ""


def prepare(plan: Plan, console: Path, name: KernelName, steps: Steps = SILENT) -> UmlExecutor:
    """Build what is missing, and size the kernel's memory for the largest cell.

    CannotJudge when it cannot be had here.
    """
    kernel = ensure_kernel(name, steps)
    try:
        initramfs = ensure_initramfs(kernel, steps=steps)
    except MissingTool as error:
        raise CannotJudge(f"the helper cannot be compiled: {error.message}", error.hint) from None
    return UmlExecutor(kernel, initramfs, guest_memory(plan.blocks), console)
