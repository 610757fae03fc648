# SPDX-License-Identifier: GPL-2.0-only
"""Scenario -> plan: which cells there are, and in which order their reps run."""

import itertools
import random
from collections.abc import Sequence

from bench.model import Backing, Block, Cell, Method, Plan
from bench.scenario import Scenario
from bench.units import GIB

# Fresh memory is slow to make and to fill, in a guest most of all. What is above this
# is an alias of a smaller file: the same number of pages is pinned, fewer are distinct.
REAL_LIMIT = 2 * GIB
ALIAS_FILE = GIB


def make_plan(scenario: Scenario) -> Plan:
    """Every combination of the factors, grouped into blocks, in a seeded order."""
    rng = random.Random(scenario.seed)
    groups: dict[Cell, list[Cell]] = {}
    for cell in _cells(scenario):
        groups.setdefault(_group_key(cell), []).append(cell)
    blocks = [_block(tuple(cells), scenario.reps, rng) for cells in groups.values()]
    rng.shuffle(blocks)
    return Plan(scenario.name, scenario.seed, scenario.reps, tuple(blocks))


def _cells(s: Scenario) -> list[Cell]:
    factors = itertools.product(s.device, s.pages, s.mem, s.ptes, s.handover, s.regions, s.method)
    cells = []
    for device, pages, mem, ptes, handover, regions, method in factors:
        backing, file = _backing(s.backing, mem)
        cells.append(Cell(device, pages, mem, method, backing, file, ptes, handover, regions))
    return list(dict.fromkeys(cells))


def _backing(wanted: Backing, mem: int) -> tuple[Backing, int]:
    if wanted is Backing.REAL or (wanted is Backing.AUTO and mem <= REAL_LIMIT):
        return Backing.REAL, mem
    return Backing.ALIAS, min(mem, ALIAS_FILE)


def _group_key(cell: Cell) -> Cell:
    """Cells with one key share a helper run; without a device there is none to share."""
    method = Method.EXEC_ONLY if cell.method is Method.EXEC_ONLY else Method.NEW_OWNER
    factors = {**cell.factors(), "method": method}
    return Cell.from_factors(factors)


def _block(cells: tuple[Cell, ...], reps: int, rng: random.Random) -> Block:
    methods = [cell.method for cell in cells]
    # Any handover warms up; the first in the enum is the quickest.
    first = next(method for method in Method if method in methods)
    return Block(cells, (first, *balanced_order(methods, reps, rng)), warmup=1)


def balanced_order(methods: Sequence[Method], reps: int, rng: random.Random) -> list[Method]:
    """``reps`` rounds in which each method runs once.

    Every len(methods) rounds are the rotations of one random order, in random order, so
    that each method stands equally often in each place: neither a drift nor an effect of
    what ran before favours one of them.
    """
    rounds: list[list[Method]] = []
    while len(rounds) < reps:
        base = list(methods)
        rng.shuffle(base)
        rotations = [base[i:] + base[:i] for i in range(len(base))]
        rng.shuffle(rotations)
        rounds += rotations
    return [method for order in rounds[:reps] for method in order]
