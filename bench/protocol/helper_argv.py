# SPDX-License-Identifier: GPL-2.0-only
"""The helper's command line for a block: the same on the host and in a guest."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.model.cell import Batch, Block, Cell, Experiment, Family, Handover, Ptes
from bench.plan.duration import once_seconds, rep_seconds
from bench.plan.factors import QEMU


@dataclass(frozen=True)
class Target:
    """What methods of a family run on: a device, and what is known of it."""

    family: Family
    node: str
    pins: bool = False  # mapping its memory pins pages
    gentle: bool = False  # somebody else lives behind it: send and write as little as can be

    def words(self) -> list[str]:
        if self.family is not Family.VDPA:
            return ["--device", f"{self.family}={self.node}"]
        options = ["--pinned"] * self.pins + ["--gentle"] * self.gentle
        return ["--device", self.node, *options]


def helper_words(
    block: Block, targets: Iterable[Target], out: str, counters: bool = False
) -> list[str]:
    """Words behind the program's name; ``out`` is where results go.

    With ``counters`` those of the PMU are wanted beside the clock.
    """
    cell = block.any_cell
    words = [block.experiment.value, "--out", out]
    words += ["--mem", str(cell.mem), "--file", str(cell.file), "--pages", cell.pages.value]
    words += ["--regions", regions(cell), "--order", ",".join(block.order)]
    words += [word for target in targets for word in target.words()]
    words += ["--warm"] * (cell.ptes is Ptes.WARM)
    words += ["--transfer"] * (cell.handover is Handover.TRANSFER)
    words += ["--unbatched"] * (cell.batch is Batch.OFF)
    words += ["--counters"] * counters
    if block.experiment is Experiment.PIN:
        words += ["--threads", str(cell.threads)]
    if block.broken:
        words += ["--fault", block.broken.value]
    return words


def regions(cell: Cell) -> str:
    """A count, or each region that QEMU would map, as the helper takes them."""
    if cell.regions != QEMU:
        return cell.regions
    from bench.model.qemu_memory import qemu_regions

    return ",".join(f"{iova}+{size}@{at}" for iova, size, at in qemu_regions(cell.mem))


def deadline(block: Block) -> float:
    """Seconds within which the next line of a block has to come."""
    longest = max(rep_seconds(cell) for cell in block.cells)
    return patience(once_seconds(block.any_cell) + longest)


def patience(expected: float) -> float:
    """Ten times what a step is expected to take, and what any machine may take: seconds."""
    return 120 + 10 * expected
