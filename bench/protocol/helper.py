# SPDX-License-Identifier: GPL-2.0-only
"""Start the helper: its command line for a block, what it says of it, and its sources."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.model.cell import FACTORS, QEMU, Block, Cell
from bench.model.method import Experiment, Family
from bench.model.qemu_memory import qemu_regions
from bench.model.vmm import VMM, VMM_MEMORY, vmm_words
from bench.plan.duration import once_seconds, rep_seconds

HELPER = Path(__file__).resolve().parent.parent / "helper"


def helper_digest() -> str:
    """Return 12 hex digits of the helper's sources: another helper can have other costs."""
    return source_digest(HELPER)


@cache
def source_digest(directory: Path) -> str:
    """Return 12 hex digits of the files of a directory."""
    sources = sorted(path for path in directory.iterdir() if path.is_file())
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]


@dataclass(frozen=True)
class Target:
    """The device that methods of a family run on, and what is known of it."""

    family: Family
    node: str
    pins: bool = False  # mapping its memory pins pages
    gentle: bool = False  # somebody else lives behind it: send and write as little as can be

    def words(self) -> list[str]:
        """Spell it as options of the helper."""
        if self.family is not Family.VDPA:
            return ["--device", f"{self.family}={self.node}"]
        options = ["--pinned"] * self.pins + ["--gentle"] * self.gentle
        return ["--device", self.node, *options]


def helper_words(
    block: Block, targets: Iterable[Target], out: str, counters: bool = False, alone: bool = False
) -> list[str]:
    """List the words behind the program's name, the same on the host and in a guest.

    ``out`` is where results go: a path, or the number of an open file descriptor. With
    ``counters`` those of the PMU are wanted beside the clock. ``alone``: nobody else uses this
    kernel, so that a soak may have it drop its caches before it looks at what is in use.
    """
    words = [block.experiment.value, "--out", out, *_factor_words(block.any_cell)]
    words += ["--order", ",".join(block.order)]
    words += [word for target in targets for word in target.words()]
    words += ["--counters"] * counters + ["--alone"] * (alone and block.any_cell.soak)
    if block.broken:
        words += ["--fault", block.broken.value]
    if block.experiment is Experiment.VMM_START:
        words += ["--lease", VMM_MEMORY, "--", *vmm_words(f"/bin/{VMM}", block.any_cell.mem)]
    return words


def _factor_words(cell: Cell) -> list[str]:
    """Spell what is not at its default as options; the helper has the same defaults."""
    words: list[str] = []
    for name, factor in FACTORS.items():
        value = getattr(cell, name)
        if factor.words.helper and value != factor.default:
            text = regions(cell) if name == "regions" else str(value)
            words += factor.words.helper.format(text).split()
    return words


def helper_params(cell: Cell) -> dict[str, Any]:
    """Return what the helper's hello has to say of a cell, by the names of its options.

    An option with a value is a number or a text, another one true or false. A layout of
    regions has no count that is known here.
    """
    params: dict[str, Any] = {}
    for name, factor in FACTORS.items():
        value = getattr(cell, name)
        option, _, argument = factor.words.helper.removeprefix("--").partition(" ")
        if option and not argument:
            params[option] = value != factor.default
        elif option and value not in factor.words.names:
            params[option] = int(value) if factor.words.limits else value
    return params


def regions(cell: Cell) -> str:
    """Spell regions as the helper takes them: a count, or IOVA+SIZE@OFFSET of each in bytes."""
    if cell.regions != QEMU:
        return cell.regions
    return ",".join(f"{iova}+{size}@{at}" for iova, size, at in qemu_regions(cell.mem))


def deadline(block: Block) -> float:
    """Return the seconds within which the next line of a block has to come."""
    longest = max(rep_seconds(cell) for cell in block.cells)
    return patience(once_seconds(block.any_cell) + longest)


def patience(expected: float) -> float:
    """Return the seconds to wait for a step that is expected to take ``expected`` of them.

    Ten times as long, and two minutes for what any machine may be busy with.
    """
    return 120 + 10 * expected
