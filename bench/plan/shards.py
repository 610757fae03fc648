# SPDX-License-Identifier: GPL-2.0-only
"""Share the blocks of a plan out to several calls of bench, each of which measures its part."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from heapq import heapreplace

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
        many = f"1 to {_MOST} parts, as in 2/8"
        known = f"parts 1/{count} to {count}/{count}" if 1 <= count <= _MOST else many
        raise UsageError(f"--shard: there is no part {number} of {count}", f"there are {known}")
    return Shard(number, count)


def share_out(boots: Sequence[Boot], shard: Shard, clock: Clock | None) -> list[frozenset[Block]]:
    """Choose the blocks of each boot that are of this part: the same wherever it is asked.

    UsageError when there are more parts than blocks.
    """
    return deal(boots, shard.count, clock)[shard.number - 1]


def deal(boots: Sequence[Boot], count: int, clock: Clock | None) -> list[list[frozenset[Block]]]:
    """Deal all blocks out to so many parts; each has some of each boot, in the order of boots.

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
    if count > len(units):
        raise UsageError(
            f"--shard: {count} parts of a plan that can be cut into {len(units)}",
            f"cut it into {len(units)} or fewer",
        )
    seconds = [sum(whole_seconds(block) for _, block in unit) for unit in units.values()]
    hands = lightest_first(seconds, count)
    dealt: list[list[set[Block]]] = [[set() for _ in boots] for _ in range(count)]
    for hand, unit in zip(hands, units.values(), strict=True):
        for place, block in unit:
            dealt[hand][place].add(block)
    return [[*map(frozenset, part)] for part in dealt]


def lightest_first(seconds: Sequence[float], count: int) -> list[int]:
    """Return for each piece of work which of ``count`` hands does it.

    The longest is given away first, each to the hand that has least so far (Graham, 1969).
    """
    loads = [(0.0, hand) for hand in range(count)]  # a heap
    hands = [0] * len(seconds)
    for place in sorted(range(len(seconds)), key=lambda place: (-seconds[place], place)):
        load, hand = loads[0]
        hands[place] = hand
        heapreplace(loads, (load + seconds[place], hand))
    return hands
