# SPDX-License-Identifier: GPL-2.0-only
"""Provide the values of the cells: from stored runs, or from a scenario that is measured."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.commands.defaults import with_defaults
from bench.commands.run import RunOptions, run_command
from bench.errors import BenchError, CannotJudge, UsageError
from bench.model.cell import Clock
from bench.paths import reports_path
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.sides import Key, Side, read_side

_UNITS = ("ns", "instructions", "second")


@dataclass
class Source:
    """Name cells at once; ``known`` has their values, None while they are not measured."""

    keys: Sequence[Key]
    known: Side | None = None
    measure: Callable[[], Side] | None = None
    _error: BenchError | None = None

    def side(self) -> Side:
        """Return all values, measuring them first if need be; the same BenchError each time."""
        if self._error:
            raise self._error
        try:
            if self.measure and not self.known:
                self.known = self.measure()
        except BenchError as error:
            self._error = error
            raise
        assert self.known
        return self.known


def stored(paths: Sequence[Path], ticks: bool, force: bool) -> Source:
    """Read stored runs at once, so that errors are raised before the first test."""
    side = read_side(paths[0] if len(paths) == 1 else paths, force)
    _check_unit(side, ticks)
    return Source([*side.cells, *side.without], side)


def planned(scenario: str, out: Path | None, ticks: bool) -> Source:
    """Plan a scenario; the first call of `Source.side` measures all of it."""
    asked = load_scenario(scenario, {})
    plan = make_plan(asked)
    blocks = [*plan.blocks, *(block for block, _ in plan.left_out)]
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{asked.name}-pytest-{os.getpid()}"
    place = out or reports_path() / stamp
    keys = [cell for block in blocks for cell in block.cells]
    return Source(keys, measure=lambda: _measured(scenario, place, ticks))


def _measured(scenario: str, out: Path, ticks: bool) -> Side:
    clock = Clock.ICOUNT if ticks else Clock.WALL
    arguments = ["run", scenario, "--clock", clock.value, "--out", str(out)]
    asked = RunOptions(scenario, {}, arguments, clock.value, out)
    outcome = run_command(with_defaults(asked, None, _silent), _silent)
    if not (out / "run.json").exists():
        raise CannotJudge(outcome.complaint or "nothing was measured", outcome.hint)
    return read_side(out)


def _silent(_line: str) -> None:
    """Say nothing: pytest has the terminal."""


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
