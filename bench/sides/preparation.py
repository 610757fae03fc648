# SPDX-License-Identifier: GPL-2.0-only
"""Pair boots of two sides that were prepared alike: their reps differ by the kernel alone."""

import re

from bench.sides.side import CellValues, Side

_KERNEL = re.compile(r"^kernel [^,]*, ")
_STATE = re.compile(r"state [0-9a-f]+")  # of a saved guest: another kernel's has another sum


def preparation(identity: str) -> str:
    """Return what an identity says but for the kernel; "" where it says nothing of a guest."""
    said = _KERNEL.sub("", identity)
    return _STATE.sub("saved", said) if said != identity else ""


def alike_boots(
    base: Side, new: Side, values: tuple[CellValues, CellValues]
) -> tuple[tuple[int, int], ...] | None:
    """Pair the boots of a cell that were prepared alike, by their numbers on either side.

    None where that is not known of a boot: a seed decides what a guest that counts
    instructions does before it is measured, and in which order reps run (docs/measuring.md).
    """
    known: list[dict[str, int]] = []
    for side, cell in zip((base, new), values, strict=True):
        boots = {int(boot): side.identities.get(int(boot), "") for boot in set(cell.boots.tolist())}
        prepared = {preparation(identity): boot for boot, identity in boots.items()}
        if "" in prepared:
            return None
        known.append(prepared)
    first, second = known
    return tuple(sorted((first[each], second[each]) for each in first.keys() & second.keys()))
