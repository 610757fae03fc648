# SPDX-License-Identifier: GPL-2.0-only
"""Share the blocks of a plan out to several calls of bench, each of which measures its part."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from bench.errors import UsageError
from bench.model.cell import Block, Clock
from bench.plan.boots import Boot
from bench.plan.duration import whole_seconds
from bench.plan.matrix import make_plan

_MOST = 10_000  # parts; arrays of schedulers have fewer


@dataclass(frozen=True)
class Shard:
    """One part of several, from 1, as in ``2/8``."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def read_shard(text: str) -> Shard:
    """Read the argument of --shard; UsageError for what is no part."""
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text)
    if found is None:
        raise UsageError(f"--shard: '{text}' is no part", "name one, as 2/8")
    number, count = map(int, found.groups())
    if not 1 <= number <= count <= _MOST:
        raise UsageError(f"--shard: there is no part {number} of {count}", "the first is 1/8")
    return Shard(number, count)


def share_out(boots: Sequence[Boot], shard: Shard, clock: Clock | None) -> list[frozenset[Block]]:
    """Choose the blocks of each boot that are of this part: the same wherever it is asked.

    What takes longest is given away first, to the part that has the least to do. Times of kernels
    that are compared stay together: a part has a block of all kernels of a round, or of none.
    UsageError when there are more parts than blocks.
    """
    plans = [make_plan(boot.scenario).blocks for boot in boots]
    together = clock is not Clock.ICOUNT
    units: dict[Hashable, list[tuple[int, Block]]] = {}
    for place, (boot, blocks) in enumerate(zip(boots, plans, strict=True)):
        for block in blocks:
            kernels = boot.number if together else place
            units.setdefault((kernels, block.label), []).append((place, block))
    if shard.count > len(units):
        raise UsageError(
            f"--shard: {shard} has nothing to measure: the plan has {len(units)} parts at most",
            f"name a part of {len(units)} or fewer",
        )
    chosen = _lightest([*units.values()], shard)
    return [frozenset(b for at, b in chosen if at == place) for place in range(len(boots))]


def _lightest(units: Sequence[list[tuple[int, Block]]], shard: Shard) -> list[tuple[int, Block]]:
    """Return what falls to a part where each unit goes to the one that has least so far."""
    seconds = [sum(whole_seconds(block) for _, block in unit) for unit in units]
    loads = [0.0] * shard.count
    mine: list[tuple[int, Block]] = []
    for place in sorted(range(len(units)), key=lambda place: (-seconds[place], place)):
        part = loads.index(min(loads))
        loads[part] += seconds[place]
        if part == shard.number - 1:
            mine += units[place]
    return mine
