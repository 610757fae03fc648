# SPDX-License-Identifier: GPL-2.0-only
"""Decide before a guest boots on its kernel, its accelerator and its memory."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import CannotJudge, MissingTool
from bench.guest.initramfs import PACKAGES, cached_helper, ensure_initramfs
from bench.guest.probe import known_answer, why_not_kvm
from bench.guest.qemu import Accelerator, GuestConfig
from bench.guest.vmm import why_no_vmm
from bench.kernel.build import cached_kernel, ensure_kernel, steps_to
from bench.kernel.kernel import Kernel
from bench.kernel.name import DEBUG, KernelName, read_name
from bench.machine.container import cpu_quota
from bench.machine.facts import available_memory, kvm_problem
from bench.model.cell import Block, Cell, Clock, Pages
from bench.model.device import DEVICES, Device, drivers_of, on_command_line
from bench.model.facts import NO_RESULT
from bench.model.method import Experiment
from bench.model.settings import TEST_WALL
from bench.model.steps import SILENT, Step, Steps
from bench.model.units import GIB, MIB, number_of
from bench.model.vmm import VMM, vmm_words
from bench.plan.duration import STEP_SECONDS
from bench.process import find_tool
from bench.worker.block import SPARE

_ENTRY = 128  # bytes that one struct vhost_iotlb_map takes from its slab
# Without these no guest starts, whatever its device.
HOST_PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "vdpa": "iproute2",
    "setpriv": "util-linux",
}

# QEMU's q35 puts 2 GiB below 4 GiB when a guest has 2.75 GiB or more, and the initramfs at their
# end. Pages of 1 GiB come from the memory above; its end the kernel takes for itself.
_BELOW_4G = 2 * GIB
_RESERVE = 512 * MIB  # the guest's kernel, its initramfs twice, and room to breathe
_QEMU = 256 * MIB  # of a QEMU beside its guest's memory, most of it translated code


@dataclass(frozen=True)
class GuestSetup:
    """What every boot of a run has in common."""

    kernel: Kernel
    initramfs: Path
    accelerator: Accelerator
    reason: str  # why this accelerator
    memory: int  # bytes
    console: Path
    platform_iommu: bool  # every boot has one, since some device of the plan needs it
    gigantic_pages: int  # pages of 1 GiB that every boot sets aside
    boot: int = 0  # the number that makes a boot unlike others: the run's seed
    vmm: str = ""  # command line of the VMM that blocks start
    fresh: bool = False  # boot for every block instead of going on from a saved state

    def config(self) -> GuestConfig:
        """Return what QEMU is started with."""
        return GuestConfig(
            kernel=self.kernel.image,
            initramfs=self.initramfs,
            memory=self.memory,
            accelerator=self.accelerator,
            console=self.console,
            platform_iommu=self.platform_iommu,
            gigantic_pages=self.gigantic_pages,
            boot=self.boot,
            parameters=_parameters(self.kernel),
        )


def _parameters(kernel: Kernel) -> tuple[str, ...]:
    """Spell the parameters of drivers that are part of the kernel for its command line."""
    drivers = drivers_of(DEVICES.values()).items()
    return on_command_line({name: words for name, words in drivers if kernel.has_built_in(name)})


def check(blocks: Sequence[Block], clock: Clock | None, kernels: Sequence[KernelName]) -> None:
    """Refuse a guest that cannot be had, before anything is fetched, built or booted.

    CannotJudge when a program is missing, when the largest cell needs more memory than is free,
    or for the wall clock without KVM.
    """
    for device in {name: DEVICES[name] for block in blocks for name in block.devices}.values():
        _require_programs(device)
    _require_programs()
    guest_memory(blocks, max(map(_extra, kernels)))
    if clock is Clock.WALL and not os.environ.get(TEST_WALL) and (problem := kvm_problem()):
        raise _no_wall_clock(problem)


def steps_ahead(clock: Clock | None, kernels: Sequence[KernelName]) -> list[dict[Step, float]]:
    """Estimate the seconds of what comes before measuring, for a boot of each of the kernels.

    What the cache has takes none, but a guest that is saved already shows only later.
    """
    found = [_seconds(Step.BOOT) | steps for steps in steps_to_build(kernels)]
    if found and clock is not Clock.ICOUNT and not kvm_problem():
        kernel = cached_kernel(kernels[0])
        if kernel is None or known_answer(kernel.image) is None:
            found[0] |= _seconds(Step.PROBE)
    return found


def steps_to_build(kernels: Sequence[KernelName]) -> list[dict[Step, float]]:
    """Estimate the seconds of what the cache lacks, for a boot of each of the kernels."""
    helper = [Step.COMPILE] * (cached_helper() is None)
    return [
        _seconds(*([] if name in kernels[:at] else steps_to(name)), *([] if at else helper))
        for at, name in enumerate(kernels)
    ]


def _seconds(*steps: Step) -> dict[Step, float]:
    return {step: STEP_SECONDS[step] for step in steps}


def prepare(
    blocks: Iterable[Block],
    clock: Clock | None,
    console: Path,
    name: KernelName | None = None,
    steps: Steps = SILENT,
) -> GuestSetup:
    """Build what is missing, choose the accelerator, size the guest for its largest cell.

    CannotJudge when a guest cannot be had here.
    """
    name = name or read_name()
    blocks = [*blocks]
    devices = [DEVICES[name] for block in blocks for name in block.devices]
    memory = guest_memory(blocks, _extra(name))
    kernel = ensure_kernel(name, steps)
    programs = [name for device in devices for name in device.programs]
    programs += [VMM] * (_starts_vmm(blocks) and not why_no_vmm())
    initramfs = ensure_initramfs(kernel, programs, steps=steps)
    accelerator, reason = _choose(kernel, initramfs, clock, steps)
    return GuestSetup(
        kernel=kernel,
        initramfs=initramfs,
        accelerator=accelerator,
        reason=reason,
        memory=memory,
        console=console,
        platform_iommu=any(device.platform_iommu for device in devices),
        gigantic_pages=gigantic_pages(blocks),
        vmm=_vmm(blocks),
    )


def _vmm(blocks: Iterable[Block]) -> str:
    """Spell the command line of the VMM that blocks start; of several sizes the first's."""
    cells = (b.any_cell for b in blocks if b.experiment is Experiment.VMM_START)
    return next((" ".join(vmm_words(VMM, cell.mem)) for cell in cells), "")


def _starts_vmm(blocks: Iterable[Block]) -> bool:
    return any(block.experiment is Experiment.VMM_START for block in blocks)


def why_not_here(device: Device) -> str:
    """Say what a guest with this device lacks on this machine, "" when nothing."""
    try:
        _require_programs(device)
    except MissingTool as error:
        return f"no: {error.message}, {error.hint}"
    return ""


def _require_programs(device: Device | None = None) -> None:
    """Find what a guest, with a device or with none, needs of this machine, else MissingTool."""
    wanted = device.programs if device else ()
    own = {name: PACKAGES[name] for name in wanted if name in PACKAGES}  # others are ours
    for name, package in {**HOST_PROGRAMS, **own}.items():
        find_tool(name, package)


def gigantic_pages(blocks: Iterable[Block]) -> int:
    """Return how many pages of 1 GiB the largest cell needs. Other cells cannot use them."""
    cells = [block.any_cell for block in blocks]
    wanted = [page_count(cell) for cell in cells if cell.pages is Pages.HUGETLB_1G]
    return max(wanted, default=0)


def page_count(cell: Cell) -> int:
    """Return how many pages back the file of a cell."""
    return -(-cell.file // cell.pages.size)


def _extra(name: KernelName) -> int:
    """Return the bytes that a kernel needs beyond what others do: KASAN's shadow, and guards."""
    return GIB if DEBUG in name.configs else 0


def guest_memory(blocks: Iterable[Block], extra: int = 0) -> int:
    """Return the bytes of a guest for the largest cell; CannotJudge when too few are free."""
    needed = guest_size(blocks, extra)
    free = available_memory()
    if needed > free - SPARE:
        raise CannotJudge(
            f"a guest of {needed / GIB:.1f} GiB is needed, {free / GIB:.1f} GiB are free",
            "choose a smaller --mem, or --backing alias",
        )
    return needed


def guest_size(blocks: Iterable[Block], extra: int = 0) -> int:
    """Return the bytes of a guest for the largest cell, wherever it runs.

    Whole GiB: a cell is measured in the same guest whatever other sizes stand beside it, and
    scenarios share saved guests.
    """
    blocks = [*blocks]
    gigantic = gigantic_pages(blocks) * GIB
    needed = max(cell_memory(block.any_cell) for block in blocks) + gigantic + extra
    if gigantic:
        needed = max(needed, _BELOW_4G + gigantic + _RESERVE + extra)
    return -(-needed // GIB) * GIB


def size_for(blocks: Iterable[Block], kernels: Iterable[KernelName]) -> int:
    """Return the bytes of the largest guest that blocks take on any of the kernels."""
    return guest_size(blocks, max(map(_extra, kernels)))


def room_for_guests(memory: int) -> tuple[int, str]:
    """Return how many guests of so many bytes can run at once here, and what limits them.

    As many as the cores that bench may use, and as the memory that is free has room for.
    """
    quota = cpu_quota()
    cores = len(os.sched_getaffinity(0))
    if quota is not None:
        cores = min(cores, max(1, int(quota)))
    free = available_memory() - SPARE
    fit = max(1, free // (memory + _QEMU))
    if fit < cores:
        each = f"{(memory + _QEMU) / GIB:.1f} GiB"
        return fit, f"{max(free, 0) / GIB:.1f} GiB are free, each guest takes {each}"
    return cores, f"bench may use {number_of(cores, 'core')}"


def cell_memory(cell: Cell) -> int:
    """Return the bytes of guest memory that a cell can need: file, page tables, iotlb entries.

    Page tables count twice, for the old process and the new one; so do the entries, which
    vhost-vdpa and the simulator each keep: one a page in the worst case.
    """
    entries = cell.mem // cell.pages.size
    file = 0 if cell.pages is Pages.HUGETLB_1G else cell.file
    iotlbs = 2 * entries * _ENTRY * cell.devices_of_vm
    return _RESERVE + file + 2 * (cell.mem // cell.pages.size * 8) + iotlbs


def _choose(
    kernel: Kernel, initramfs: Path, clock: Clock | None, steps: Steps
) -> tuple[Accelerator, str]:
    if clock is Clock.ICOUNT:
        return Accelerator.TCG, "asked for (--clock icount)"
    if clock is Clock.WALL and os.environ.get(TEST_WALL):
        return Accelerator.PLAIN_TCG, f"{TEST_WALL} is set, for tests: {NO_RESULT}"
    problem = why_not_kvm(kernel.image, initramfs, steps)
    if not problem:
        return Accelerator.KVM, "a guest boots with it"
    if clock is Clock.WALL:
        raise _no_wall_clock(problem)
    return Accelerator.TCG, problem


def _no_wall_clock(problem: str) -> CannotJudge:
    return CannotJudge(f"--clock wall needs KVM: {problem}", "use --clock icount")
