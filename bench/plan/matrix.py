# SPDX-License-Identifier: GPL-2.0-only
"""Plan a scenario: which cells there are, and in which order their reps run."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from bench.model.cell import VARIANTS, Backing, Block, Cell, Plan
from bench.model.device import NO_DEVICE, device_named
from bench.model.method import Experiment, Method
from bench.model.units import GIB, format_duration
from bench.plan.duration import block_seconds, plan_seconds
from bench.plan.scenario import Scenario, fits

T = TypeVar("T")

# Fresh memory is slow to make and to fill, in a guest most of all. What is above this
# is an alias of a smaller file: the same number of pages is pinned, fewer are distinct.
REAL_LIMIT = 2 * GIB
ALIAS_FILE = GIB


def make_plan(scenario: Scenario) -> Plan:
    """Combine all values of all factors into blocks, in an order that the seed gives."""
    rng = random.Random(scenario.seed)
    groups: dict[Cell, list[Cell]] = {}
    together = _together(scenario)
    for cell in _cells(scenario):
        groups.setdefault(_group_key(cell, together), []).append(cell)
    blocks = [_block(tuple(cells), scenario) for cells in groups.values()]
    rng.shuffle(blocks)
    chosen, left_out = _within(scenario.budget, blocks)
    return Plan(scenario.name, scenario.seed, chosen, left_out)


LeftOut = tuple[tuple[Block, str], ...]


def _within(budget: float | None, blocks: list[Block]) -> tuple[tuple[Block, ...], LeftOut]:
    """Choose the cheapest blocks that fit into ``budget`` seconds, in their order; and the rest."""
    if budget is None:
        return tuple(blocks), ()
    fitting: list[Block] = []
    # Of those that take alike the same in all boots, whatever their order.
    for block in sorted(blocks, key=lambda block: (block_seconds(block), block.label)):
        if plan_seconds((*fitting, block)) > budget:
            break
        fitting.append(block)
    return tuple(block for block in blocks if block in fitting), tuple(
        (block, _why_left_out(budget, block)) for block in blocks if block not in fitting
    )


def _why_left_out(budget: float, block: Block) -> str:
    least = "at least " if block.least is not None else ""
    took = f"it would take {least}{format_duration(block_seconds(block))}"
    given = format_duration(budget)
    return f"skipped: left out by --budget {given}: {took} (needs: a larger --budget)"


def _cells(s: Scenario) -> list[Cell]:
    names = ("device", "pages", "mem", *VARIANTS, "method")
    cells = []
    for part, values in _combinations(s, names):
        factors = dict(zip(names, values, strict=True))
        if fits(factors["method"], factors["device"], s.device):
            backing, file = _backing(_wanted_backing(part), factors["mem"])
            cells.append(Cell(backing=backing, file=file, **factors))
    return list(dict.fromkeys(cells))


def _combinations(s: Scenario, names: Sequence[str]) -> Iterator[tuple[Scenario, tuple[Any, ...]]]:
    """Combine the values of factors in each matrix that a scenario is made of."""
    for part in s.parts():
        yield from ((part, values) for values in itertools.product(*map(part.values, names)))


def _wanted_backing(scenario: Scenario) -> Backing:
    """Return what backs memory: by the wall clock caches tell an alias from memory that is real."""
    auto = scenario.backing is Backing.AUTO
    return Backing.REAL if auto and scenario.executor == "uml" else scenario.backing


def _backing(wanted: Backing, mem: int) -> tuple[Backing, int]:
    if wanted is Backing.REAL or (wanted is Backing.AUTO and mem <= REAL_LIMIT):
        return Backing.REAL, mem
    return Backing.ALIAS, min(mem, ALIAS_FILE)


def _together(scenario: Scenario) -> bool:
    """Tell whether all devices fit into one helper run: several, each of another family."""
    families = [device_named(name).family for name in scenario.device]
    return 1 < len(families) == len(set(families))


def _group_key(cell: Cell, together: bool) -> Cell:
    """Make what is equal for cells that share a helper run."""
    if together and cell.method.experiment is Experiment.LIVE_UPDATE:
        return replace(cell, device=NO_DEVICE.name, method=Method.EXEC_ONLY)
    if cell.method is Method.EXEC_ONLY:
        return cell
    first = next(method for method in Method if method.experiment is cell.method.experiment)
    return replace(cell, method=first)


def _block(cells: tuple[Cell, ...], scenario: Scenario) -> Block:
    """Order the reps of a block by the seed and its cells alone, whatever is planned beside it."""
    given = {cell.method for cell in cells}
    methods = [method for method in Method if method in given]
    rng = random.Random(f"{scenario.seed} {sorted(cell.label for cell in cells)}")
    first = methods[0]  # any handover warms up; the first in the enum is the quickest
    reps = scenario.reps
    order = (first, *balanced_order(methods, reps.most, rng))
    least = None if reps.exact else reps.least
    return Block(cells, order, warmup=1, broken=scenario.broken, least=least)


def balanced_order(methods: Sequence[T], reps: int, rng: random.Random) -> list[T]:
    """Order ``reps`` rounds in which each method runs once.

    Every len(methods) rounds are the rotations of one random order, in random order, so
    that after them each method has stood equally often in each place: neither a drift
    nor an effect of what ran before favours one of them.
    """
    rounds: list[list[T]] = []
    while len(rounds) < reps:
        base = list(methods)
        rng.shuffle(base)
        rotations = [base[i:] + base[:i] for i in range(len(base))]
        rng.shuffle(rotations)
        rounds += rotations
    return [method for order in rounds[:reps] for method in order]
