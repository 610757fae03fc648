# SPDX-License-Identifier: GPL-2.0-only
"""Show how far a run is: a bar on a terminal, plain lines elsewhere."""

import time
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from bench.model.cell import Block, Experiment, Plan, Rep, Unavailable
from bench.model.units import format_duration
from bench.plan.duration import block_seconds, rep_seconds


class StderrConsole(Console):
    """A console on stderr, for progress and messages: stdout has the table alone.

    A reader of stderr that goes away ends the messages, not the measurement.
    """

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        self.quiet = True


_UNITS = {Experiment.LIVE_UPDATE: "handovers", Experiment.PIN: "turns"}


def _without(item: Unavailable) -> str:
    return f"  without {item.method}: {item.why} (needs: {item.need})"


class PlainProgress:
    """Write a line when a block begins and when it has ended, with its place in the plan."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console = console
        total = len(plan.blocks)
        self._places = {block: f"[{n}/{total}]" for n, block in enumerate(plan.blocks, 1)}
        self._began: dict[Block, float] = {}

    def begin(self, block: Block) -> None:
        self._began[block] = time.monotonic()
        expected = format_duration(block_seconds(block))
        reps = f"{len(block.order)} {_UNITS[block.experiment]}"
        self._say(f"{self._places[block]} {block.label}: {reps}, about {expected}")

    def advance(self, block: Block, rep: Rep) -> None:
        """Write nothing: there are too many reps."""

    def without(self, block: Block, item: Unavailable) -> None:
        self._say(_without(item))

    def end(self, block: Block, problem: str, details: str) -> None:
        took = time.monotonic() - self._began.pop(block)
        self._say(f"{self._places[block]} {problem or 'done'}, {took:.0f} s")
        if details:
            self._say(f"  {details}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class BarProgress:
    """Draw one bar over all reps of a plan, weighted by the seconds they take, with an ETA."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
            transient=True,
        )
        total = sum(
            rep_seconds(block.cell_of(method)) for block in plan.blocks for method in block.order
        )
        self._left: dict[Block, float] = {}  # of the blocks that run
        self._task: TaskID = self._bar.add_task("starting", total=total)

    def __enter__(self) -> "BarProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.stop()

    def begin(self, block: Block) -> None:
        self._left[block] = sum(rep_seconds(block.cell_of(method)) for method in block.order)
        self._describe()

    def advance(self, block: Block, rep: Rep) -> None:
        took = rep_seconds(block.cell_of(rep.method))
        self._left[block] -= took
        self._bar.advance(self._task, took)

    def without(self, block: Block, item: Unavailable) -> None:
        self._console.print(_without(item), markup=False, highlight=False)
        spared = rep_seconds(block.cell_of(item.method)) * block.order.count(item.method)
        self._left[block] -= spared
        self._bar.advance(self._task, spared)

    def end(self, block: Block, problem: str, details: str) -> None:
        self._bar.advance(self._task, self._left.pop(block))  # of a failure the rest is not to come
        self._describe()
        if problem:
            self._console.print(f"{block.label}: {problem}", markup=False, highlight=False)
        if details:
            self._console.print(f"  {details}", markup=False, highlight=False)

    def _describe(self) -> None:
        """Name the block that has run longest, and how many others do."""
        first, *others = self._left or [None]
        if first:
            more = f" and {len(others)} more" if others else ""
            self._bar.update(self._task, description=f"{first.label}{more}")
