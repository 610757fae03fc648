# SPDX-License-Identifier: GPL-2.0-only
"""What a run is to measure, as run.json has it, and how much of it is there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from bench.model.cell import Block, Cell, Method, Plan, Sample
from bench.model.facts import RunFacts
from bench.model.units import format_size
from bench.results.row import CellRow, Loose, Strict, reason


def plan_facts(plan: Plan) -> dict[str, Any]:
    """A plan as run.json has it."""
    return {
        "plan": [
            {"cells": [cell.factors() for cell in block.cells], "order": [*block.order]}
            for block in plan.blocks
        ],
        "left_out": [
            {"cells": [cell.factors() for cell in block.cells], "why": why}
            for block, why in plan.left_out
        ],
    }


class _BlockRow(Strict):
    cells: Annotated[list[CellRow], Field(min_length=1)]
    order: tuple[Annotated[Method, Loose], ...] = Field(default=(), strict=False)
    why: str = ""

    def block(self) -> Block:
        return Block(tuple(cell.cell() for cell in self.cells), self.order)


_BLOCKS = TypeAdapter(list[_BlockRow])


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
        """Of run.json; ValueError for a plan that is none. Without a plan: no blocks."""
        rows: list[_BlockRow] = []
        for key, blocks in (("left_out", facts.left_out), ("plan", facts.plan)):
            try:
                rows += _BLOCKS.validate_python(blocks)
            except ValidationError as error:
                raise ValueError(f"{key}: {reason(error)}") from None
        planned = Planned(tuple(row.block() for row in rows))
        planned.check()
        return planned

    def check(self) -> None:
        """ValueError when its parts contradict each other."""
        cells = [cell for block in self.blocks for cell in block.cells]
        if len(cells) != len({*cells}):
            raise ValueError("plan: a cell stands in it twice")
        for block in self.blocks:
            if block.order and {*block.order} != {cell.method for cell in block.cells}:
                raise ValueError("plan: the order of a block is not that of its cells")


@dataclass(frozen=True)
class Tally:
    """Lines of a block: how many there are and should be, and whether they are the right ones."""

    there: int
    wanted: int
    whole: bool


def tally(block: Block, samples: Sequence[Sample]) -> Tally:
    """Every rep of a block's order has a sample, or its method the reason why it has none.

    The order is that of the methods without a reason then.
    """
    gone = {sample.cell.method for sample in samples if sample.rep is None}
    order = block.order_without(gone) if block.order else ()
    got = {(s.rep, s.cell.method) for s in samples if s.rep is not None}
    named = gone | {*order} == {cell.method for cell in block.cells}
    wanted = len(order) + len(gone) if order or gone else len(block.cells)
    return Tally(len(samples), wanted, named and got == {*enumerate(order)})


def describe_block(block: Block) -> str:
    """A block in a line about what is wrong with it: all that tells it from the others."""
    cell = block.any_cell
    usual = Cell.__dataclass_fields__
    variant = [
        f"{name}={getattr(cell, name)}"
        for name in ("ptes", "handover", "regions", "batch", "threads")
        if getattr(cell, name) != usual[name].default
    ]
    methods = ", ".join(each.method for each in block.cells)
    words = [*block.devices, cell.pages, format_size(cell.mem), cell.backing, *variant]
    return f"{' '.join(words)} ({methods})"
