# SPDX-License-Identifier: GPL-2.0-only
"""Runs that a gate can judge, and sides and verdicts that stand in no file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bench.gate.judge import CellPair, Judgement, Limits, judge
from bench.model.cell import Cell, Clock
from bench.results.writer import create_boots
from bench.stats.decision import Rule
from bench.stats.samples import Samples
from tests.unit.samples import from_boots
from tests.unit.side_runs import NEW, RESET, Values, noisy, write_run

LEVELS = {RESET: 5_200_000, NEW: 1_300_000}
STEP = 20  # by which reps of an instruction count differ here: 4 and 15 in a million
RESET_NAME = "sim-net-pa thp 1GiB reset-owner"


def counts(
    scale: float = 1.0, reps: int = 5, step: int = STEP, scales: Mapping[Cell, float] | None = None
) -> Values:
    """Of one boot; ``scales`` replaces ``scale`` where cells are to differ in it."""
    factors = {cell: (scales or {}).get(cell, scale) for cell in LEVELS}
    return {
        cell: {1: [round(level * factors[cell]) + step * rep for rep in range(reps)]}
        for cell, level in LEVELS.items()
    }


def counted(path: Path, scale: float = 1.0, reps: int = 5, step: int = STEP) -> Path:
    """A run by instruction counts."""
    return write_run(path, counts(scale, reps, step), Clock.ICOUNT)


def write_series(
    parent: Path, scales: Mapping[str, float], boots: int = 10, clock: Clock = Clock.WALL
) -> Path:
    """A series: of each kernel a directory, in it a run for each boot with noise of its own."""
    create_boots(parent, "small")
    for place, (label, scale) in enumerate(scales.items()):
        for boot in range(1, boots + 1):
            values = noisy(1000 * place + boot, scale, boots=1, reps=4)
            write_run(parent / label / f"{boot:02}", values, clock)
    return parent


def few(*values: float, boot: int = 1) -> Samples:
    """Of one boot."""
    return (
        from_boots([values]) if boot == 1 else Samples(np.full(len(values), boot), np.array(values))
    )


def judged(
    pairs: list[CellPair], clock: Clock = Clock.ICOUNT, budget: float | None = None, **rule: float
) -> Judgement:
    return judge(pairs, Limits(Rule(clock, **rule), budget))  # type: ignore[arg-type]
