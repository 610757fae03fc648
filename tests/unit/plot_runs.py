# SPDX-License-Identifier: GPL-2.0-only
"""Runs to plot: cells on a line, a little noise, as many boots as it takes."""

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.model.cell import Backing, Cell, Clock, Method, Pages, Phase, Sample
from bench.model.facts import RunFacts
from bench.model.units import GIB
from bench.report.plots import draw as plots
from bench.report.plots.draw import Drawing
from bench.report.table.cells import CellTable
from bench.report.table.figures import figures
from bench.results.writer import Run
from tests.unit.samples import made_run
from tests.unit.streams import split_pause

LIVE = (Method.RESET_OWNER, Method.REOPEN, Method.NEW_OWNER)
SIX = ("sim-net-pa", "sim-net-va", "sim-net-pa-nobatch", "sim-blk-pa", "vp-vdpa", "vduse-blk")
EVERY: dict[str, Callable[[Run], Drawing]] = {
    "scaling": lambda run: plots.scaling(CellTable(run), figures(run)),
    "ratios": lambda run: plots.ratios(figures(run)),
    "phases": lambda run: plots.phases(figures(run), run.clock.unit),
    "ecdf": lambda run: plots.ecdf(CellTable(run), figures(run)),
    "run_order": lambda run: plots.run_order(run.frame()),
}


def cells(
    devices: Iterable[str] = ("sim-net-pa",),
    methods: Sequence[Method] = LIVE,
    sizes: Sequence[int] = (1, 2, 4),
    pages: Iterable[Pages] = (Pages.THP,),
) -> list[Cell]:
    return [
        Cell(device, method, gib * GIB, kind, Backing.REAL, gib * GIB)
        for device in devices
        for kind in pages
        for gib in sizes
        for method in methods
    ]


def level(cell: Cell) -> int:
    return 1_000_000 + 1_000_000 * [*Method].index(cell.method) * cell.mem // GIB


def samples(
    wanted: Sequence[Cell],
    reps: int = 8,
    boots: int = 1,
    clock: Clock = Clock.WALL,
    value: Callable[[Cell], int] = level,
) -> list[Sample]:
    """Reps in random order within each boot; a warm-up of nothing stands before them."""
    rng = random.Random(1)
    found = []
    for boot in range(1, boots + 1):
        found += [Sample(cell, clock, boot, "warmup: x", 0, 1) for cell in wanted]
        for number in range(1, reps + 1):
            for cell in rng.sample(wanted, len(wanted)):
                pause = round(value(cell) * (1 + 0.01 * rng.random()))
                phases = {Phase(k): v for k, v in split_pause(pause, cell.method).items()}
                found.append(Sample(cell, clock, boot, "ok", number, pause, phases, cell.mem, 2))
    return found


def run_of(found: Iterable[Sample], clock: Clock = Clock.WALL, name: str = "run") -> Run:
    return made_run(Path(name), RunFacts(clock=clock), found)
