# SPDX-License-Identifier: GPL-2.0-only
"""Provide the values of the cells: from stored runs, or from a scenario that is measured."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bench.commands.run import RunOptions, run_command
from bench.errors import BenchError, CannotJudge, UsageError
from bench.model.cell import Clock
from bench.paths import REPORTS
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.sides import Key, Side, read_side

_UNITS = ("ns", "instructions", "second")


class Source(Protocol):
    """Name cells at once, and their values when `side` is called."""

    @property
    def keys(self) -> Sequence[Key]: ...

    @property
    def known(self) -> Side | None:
        """Return what `side` would, or None while it has not been measured."""
        ...

    def side(self) -> Side:
        """Return all values, measuring them first if need be; the same BenchError each time."""
        ...


class Stored:
    """Read stored runs at once, so that errors are raised before the first test."""

    def __init__(self, paths: Sequence[Path], ticks: bool, force: bool) -> None:
        self.known = read_side(paths[0] if len(paths) == 1 else paths, force)
        _check_unit(self.known, ticks)
        self.keys = [*self.known.cells, *self.known.without]

    def side(self) -> Side:
        return self.known


@dataclass
class Measured:
    """Plan a scenario; the first call of `side` measures all of it."""

    scenario: str
    out: Path | None
    ticks: bool
    known: Side | None = None
    _error: BenchError | None = None

    def __post_init__(self) -> None:
        asked = load_scenario(self.scenario, {})
        plan = make_plan(asked)
        blocks = [*plan.blocks, *(block for block, _ in plan.left_out)]
        self.keys: list[Key] = [cell for block in blocks for cell in block.cells]
        stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{asked.name}-pytest-{os.getpid()}"
        self.out = self.out or REPORTS / stamp

    def side(self) -> Side:
        if self._error:
            raise self._error
        try:
            self.known = self.known or self._measure()
        except BenchError as error:
            self._error = error
            raise
        return self.known

    def _measure(self) -> Side:
        out = self.out or REPORTS
        clock = Clock.ICOUNT if self.ticks else Clock.WALL
        arguments = ["run", self.scenario, "--clock", clock.value, "--out", str(out)]
        request = RunOptions(self.scenario, {}, arguments, clock.value, out)
        outcome = run_command(request, lambda _: None)
        if not (out / "run.json").exists():
            raise CannotJudge(outcome.complaint or "nothing was measured", outcome.hint)
        return read_side(out)


def _check_unit(side: Side, ticks: bool) -> None:
    """Raise UsageError unless instructions were asked for where there are, and only there."""
    if side.unit not in _UNITS:
        raise UsageError(f"{side.name}: its values are in {side.unit}")
    if side.unit == "instructions" and not ticks:
        raise UsageError(
            f"{side.name}: its values are instructions, and pytest-benchmark shows times",
            "--bench-ticks shows them as what they are",
        )
    if side.unit != "instructions" and ticks:
        raise UsageError(f"--bench-ticks: {side.name} was timed: its unit is {side.unit}")
