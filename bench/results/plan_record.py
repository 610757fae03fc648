# SPDX-License-Identifier: GPL-2.0-only
"""Store the plan of a run in run.json, and count how much of it was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Annotated, Any

from msgspec import Meta, Struct

from bench.model.cell import Block, Cell, Plan
from bench.model.facts import RunFacts
from bench.model.method import Method
from bench.model.typed import typed
from bench.results.columns import ABSENT, CellColumns
from bench.results.row import read_cell
from bench.stats.enough import reps_due


def plan_facts(plan: Plan) -> dict[str, Any]:
    """Return a plan as the keys ``plan`` and ``left_out`` of run.json."""
    return {
        "plan": [
            {
                "cells": [cell.factors() for cell in block.cells],
                "order": [*block.order],
                **({} if block.least is None else {"least": block.least}),
            }
            for block in plan.blocks
        ],
        "left_out": [
            {"cells": [cell.factors() for cell in block.cells], "why": why}
            for block, why in plan.left_out
        ],
    }


class _BlockRow(Struct, forbid_unknown_fields=True):
    cells: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    order: tuple[Method, ...] = ()
    least: Annotated[int, Meta(ge=1)] | None = None
    why: str = ""

    def block(self) -> Block:
        return Block(tuple(map(read_cell, self.cells)), self.order, least=self.least)


@dataclass(frozen=True)
class Planned:
    """The blocks of a run in the order in which their lines are stored.

    Those that were left out stand first and have no order: a reason is all they leave.
    """

    blocks: tuple[Block, ...]

    @staticmethod
    def of(plan: Plan) -> "Planned":
        left_out = (replace(block, order=()) for block, _ in plan.left_out)
        return Planned((*left_out, *plan.blocks))

    @staticmethod
    def read(facts: RunFacts) -> "Planned":
        """Read the plan in run.json; no blocks if it has none, ValueError if it is wrong."""
        rows = [
            row
            for key, blocks in (("left_out", facts.left_out), ("plan", facts.plan))
            for row in typed(blocks, list[_BlockRow], key)
        ]
        planned = Planned(tuple(row.block() for row in rows))
        planned.check()
        return planned

    def check(self) -> None:
        """Raise ValueError if its parts contradict each other."""
        cells = [cell for block in self.blocks for cell in block.cells]
        if len(cells) != len({*cells}):
            raise ValueError("plan: a cell stands in it twice")
        for block in self.blocks:
            if block.order and {*block.order} != {cell.method for cell in block.cells}:
                raise ValueError("plan: the order of a block is not that of its cells")


def part_of(whole: Plan, facts: RunFacts) -> Plan:
    """Return what of a plan a run was to measure: all, or one part of several; ValueError."""
    if not facts.shard:
        return whole
    cells = {cell for block in Planned.read(facts).blocks for cell in block.cells}
    mine = tuple(block for block in whole.blocks if block.any_cell in cells)
    return replace(whole, blocks=mine, left_out=())


@dataclass(frozen=True)
class Tally:
    """Lines of a block: how many there are, how many are due, and if all that are due are there."""

    there: int
    wanted: str  # "at least 7" where what is not there would have to tell
    whole: bool


def tally(block: Block, by_cell: Mapping[Cell, CellColumns]) -> Tally:
    """Count the lines of a block: each rep of its order has one, or of as much of it as is due.

    A method that left a reason instead of reps is out of the order: its reason is one line.
    """
    found = {cell.method: by_cell[cell] for cell in block.cells if cell in by_cell}
    if block.any_cell.soak and block.order:
        return _tally_soak(found)
    gone = {method for method, columns in found.items() if ABSENT in columns.rep}
    order = block.order_without(gone) if block.order else ()
    got = {method: _pauses(columns) for method, columns in found.items()}
    order = order[: _reps_due(block, order, got)]
    due: dict[Method, set[int]] = {cell.method: set() for cell in block.cells}
    for rep, method in enumerate(order):
        due[method].add(rep)
    whole = all(got.get(method, {}).keys() == reps for method, reps in due.items())
    named = gone | {*order} == {*due}
    there = sum(map(len, found.values()))
    wanted = len(order) + len(gone) if order or gone else len(block.cells)
    if block.least is None or (named and whole):
        return Tally(there, str(wanted), named and whole)
    return Tally(there, f"at least {max(wanted, there)}", False)


def _tally_soak(found: Mapping[Method, CellColumns]) -> Tally:
    """Count the lines of a soak: wherever it ended, it has shown what it has.

    A rep that is missing before others is lost.
    """
    reps = sorted(rep for columns in found.values() for rep in columns.rep.tolist())
    stored = [rep for rep in reps if rep != ABSENT]
    there = len(reps)
    if stored == [*range(len(stored))]:
        return Tally(there, str(there), there > 0)
    return Tally(there, f"at least {stored[-1] + 1}", False)


def _pauses(columns: CellColumns) -> dict[int, int]:
    """Return the pause of each rep by its number in the block."""
    reps = zip(columns.rep.tolist(), columns.pause.tolist(), strict=True)
    return {rep: pause for rep, pause in reps if rep != ABSENT}


def _reps_due(
    block: Block, order: Sequence[Method], got: Mapping[Method, Mapping[int, int]]
) -> int:
    """Count the reps of an order that are due, by those that are stored up to the first gap."""
    if block.least is None:
        return len(order)
    stored = {rep: pause for reps in got.values() for rep, pause in reps.items()}
    pauses = [stored[rep] for rep in takewhile(stored.__contains__, count())]
    return reps_due(order, block.least, pauses)
