# SPDX-License-Identifier: GPL-2.0-only
"""Samples and facts to store, and the lines that they are stored as."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bench.model.cell import Cell, Clock, Method, Phase, Sample
from bench.model.facts import ExecutorFacts, RunFacts
from bench.results.columns import ABSENT, CellColumns, Column
from bench.results.writer import Run, Store
from bench.stats.samples import Samples, samples_of
from tests.unit.streams import small_block, split_pause

FACTS = RunFacts(
    scenario={"name": "small"}, seed=1, clock=Clock.ICOUNT, executor=ExecutorFacts(name="x")
)
BLOCK = small_block()


def sample(number: int, method: Method = Method.NEW_OWNER) -> Sample:
    pause = 1000 + number
    return Sample(
        cell=BLOCK.cell_of(method),
        clock=Clock.ICOUNT,
        boot=1,
        status="ok",
        rep=number,
        pause=pause,
        phases={Phase(name): ticks for name, ticks in split_pause(pause).items()},
        pinned=64 << 20,
        extents=2,
    )


SAMPLES = (sample(0), sample(1, Method.RESET_OWNER), sample(2))
FAILED = Sample(BLOCK.any_cell, Clock.ICOUNT, 1, "failed: it \u201cdied\u201d\u2028 of \U0001f9ea")


def rows(store: Store) -> list[dict[str, Any]]:
    text = (store.path / "samples.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def made_run(
    path: Path,
    facts: RunFacts,
    samples: Iterable[Sample],
    damage: tuple[str, ...] = (),
    missing: Mapping[Cell, str] | None = None,
) -> Run:
    """A run without files; phases that a rep lacks take 0 ticks."""
    groups: dict[Cell, list[tuple[int, Sample]]] = {}
    for line, each in enumerate(samples):
        groups.setdefault(each.cell, []).append((line, each))
    by_cell = {cell: columns(cell, group) for cell, group in groups.items()}
    return Run(path, facts, by_cell, damage, missing or {})


def columns(cell: Cell, lines: Sequence[tuple[int, Sample]]) -> CellColumns:
    """What is loaded of a cell with these lines."""
    found = [each for _, each in lines]

    def column(values: Iterable[int | None]) -> Column:
        return np.array([ABSENT if value is None else value for value in values], np.int64)

    def ticks(phase: Phase) -> Column:
        return column(each.phases.get(phase, 0 if each.phases else None) for each in found)

    names = dict.fromkeys(name for each in found for name in each.counters)
    return CellColumns(
        line=column(line for line, _ in lines),
        rep=column(each.rep for each in found),
        boot=column(each.boot for each in found),
        pause=column(each.pause for each in found),
        pinned=column(each.pinned for each in found),
        extents=column(each.extents for each in found),
        window=column(each.window for each in found),
        phases={phase: ticks(phase) for phase in cell.method.experiment.phases},
        counters={name: column(each.counters.get(name) for each in found) for name in names},
        statuses={place: each.status for place, each in enumerate(found) if not each.ok},
    )


def from_boots(boots: Sequence[ArrayLike]) -> Samples:
    """Make a side of the values of each boot, in the order in which the boots ran."""
    arrays = [np.atleast_1d(np.asarray(boot, dtype=np.float64)) for boot in boots]
    ids = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
    return samples_of(ids, np.concatenate(arrays) if arrays else np.empty(0))
