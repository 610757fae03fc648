# SPDX-License-Identifier: GPL-2.0-only
"""The helper's command line for a block: the same on the host and in a guest."""

from dataclasses import dataclass

from bench.cost import once_seconds, rep_seconds
from bench.factors import QEMU
from bench.model import Batch, Block, Cell, Experiment, Handover, Method, Ptes


@dataclass(frozen=True)
class Target:
    """What a block runs on: a device node, and what is known of it."""

    node: str = ""
    pins: bool = False  # mapping its memory pins pages
    gentle: bool = False  # somebody else lives behind it: send and write as little as can be
    counters: bool = False  # those of the PMU are wanted beside the clock


def helper_words(block: Block, target: Target, out: str) -> list[str]:
    """Words behind the program's name; ``out`` is where results go."""
    cell = block.any_cell
    words = [block.experiment.value, "--out", out]
    words += ["--mem", str(cell.mem), "--file", str(cell.file), "--pages", cell.pages.value]
    words += ["--regions", regions(cell), "--order", ",".join(block.order)]
    if cell.method is not Method.EXEC_ONLY and target.node:
        words += ["--device", target.node]
        words += ["--pinned"] * target.pins + ["--gentle"] * target.gentle
    words += ["--warm"] * (cell.ptes is Ptes.WARM)
    words += ["--transfer"] * (cell.handover is Handover.TRANSFER)
    words += ["--unbatched"] * (cell.batch is Batch.OFF)
    words += ["--counters"] * target.counters
    if block.experiment is Experiment.PIN:
        words += ["--threads", str(cell.threads)]
    if block.broken:
        words += ["--fault", block.broken.value]
    return words


def regions(cell: Cell) -> str:
    """A count, or each region that QEMU would map, as the helper takes them."""
    if cell.regions != QEMU:
        return cell.regions
    from bench.regions import qemu_regions

    return ",".join(f"{iova}+{size}@{at}" for iova, size, at in qemu_regions(cell.mem))


def deadline(block: Block) -> float:
    """Seconds within which the next line of a block has to come."""
    longest = max(rep_seconds(cell) for cell in block.cells)
    return patience(once_seconds(block.any_cell) + longest)


def patience(expected: float) -> float:
    """Ten times what a step is expected to take, and what any machine may take: seconds."""
    return 120 + 10 * expected
