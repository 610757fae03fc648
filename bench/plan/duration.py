# SPDX-License-Identifier: GPL-2.0-only
"""Estimate how long measuring takes: for an ETA and a budget, never a result.

The figures are from runs under TCG with instruction counting on a slow machine; where KVM
works everything is faster, and a budget leaves room.
"""

from itertools import pairwise

from bench.model.cell import Block, Cell
from bench.model.device import device_named
from bench.model.method import Experiment, Method
from bench.model.steps import Step
from bench.model.units import GIB, KIB

_BOOT = 15.0
_REP = 0.2  # what a handover takes whatever the size of memory
_SOAKED = 0.04  # the same of a soak, which does not wait for the kernel to be idle
_START = 1.0  # the start of a VMM, as far as to its memory
_FILL = 5.0  # for each GiB of distinct memory

# Seconds of a run with an empty cache on a virtual machine with two cores, which others used too;
# FETCH is 277 MB of packages over a line of 50 Mbit/s.
STEP_SECONDS = {
    Step.LISTS: 5.0,
    Step.FETCH: 45.0,
    Step.UNPACK: 15.0,
    Step.BUILD: 20.0,
    Step.LAY: 30.0,
    Step.KERNEL: 600.0,
    Step.COMPILE: 2.0,
    Step.PROBE: 3.0,
    Step.BOOT: 10.0,
    Step.RESTORE: 0.5,
}

# Seconds for each 4 KiB that is unpinned and pinned, and that the next process touches.
_REPIN = {True: 14e-6, False: 0.45e-6}  # by Pages.small
_TOUCH = {True: 3e-6, False: 0.11e-6}


# The same of a pin loop on the machine itself; cold page tables are filled first.
_PIN = {True: 0.1e-6, False: 3e-9}
_FAULT = {True: 0.4e-6, False: 3e-9}


def rep_seconds(cell: Cell) -> float:
    """Estimate the seconds of one handover or turn of a pin loop, with what is untimed in it."""
    pages, small = cell.mem / (4 * KIB), cell.pages.small
    if cell.method.experiment is Experiment.PIN:
        return pages * (_PIN[small] + _FAULT[small])
    if cell.method.experiment is Experiment.VMM_START:
        return _START
    device = device_named(cell.device)
    keeps = cell.method.keeps or not device.pins
    repin = 0.0 if keeps else _REPIN[small]
    each = pages * (repin * cell.devices_of_vm + _TOUCH[small])
    return (_SOAKED if cell.soak else _REP) + each


def once_seconds(cell: Cell) -> float:
    """Estimate the seconds of making and mapping memory, before the first rep of a block."""
    if cell.method.experiment is Experiment.VMM_START:
        return 0.0  # nothing is in its memory
    return cell.file / GIB * _FILL + cell.mem / (4 * KIB) * _REPIN[cell.pages.small]


def reps_begin_after(block: Block) -> float:
    """Estimate the seconds of a block before its first rep, a restored guest included."""
    return STEP_SECONDS[Step.RESTORE] + once_seconds(block.any_cell)


def block_seconds(block: Block) -> float:
    """Estimate the seconds of a block: making and mapping memory once, and the reps.

    Of a block that may have more reps than its least, those: what else it takes is not known.
    """
    reps = sum(rep_seconds(block.cell_of(method)) for method in block.least_order)
    return once_seconds(block.any_cell) + (reps + _changes(block)) * _for_each_rep(block)


def whole_seconds(block: Block) -> float:
    """Estimate the seconds of a block in a guest that is restored for it."""
    return STEP_SECONDS[Step.RESTORE] + block_seconds(block)


def share_of_rep(block: Block, method: Method) -> float:
    """Estimate the seconds that a rep adds to its block, its part of the changes included."""
    each = rep_seconds(block.cell_of(method)) + _changes(block) / len(block.least_order)
    return each * _for_each_rep(block)


def _for_each_rep(block: Block) -> float:
    """Return how many handovers there are for each rep: 1, and more in a soak."""
    reps = max(1, len(block.order))
    return block.handovers_in(reps) / reps


def _changes(block: Block) -> float:
    """Estimate the seconds of ending one device and beginning another between two families."""
    devices = [block.cell_of(method).device for method in block.least_order]
    count = sum(one != other for one, other in pairwise(devices))
    cell = block.any_cell
    return count * cell.mem / (4 * KIB) * (_REPIN[cell.pages.small] + _TOUCH[cell.pages.small])


def plan_seconds(blocks: tuple[Block, ...]) -> float:
    """Estimate the seconds of all blocks and of the boot before them."""
    return _BOOT + sum(map(block_seconds, blocks))
