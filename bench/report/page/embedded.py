# SPDX-License-Identifier: GPL-2.0-only
"""The samples of runs as JSON within a page: by cell and boot, a list a column."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.model.cell import Cell, Sample
from bench.model.cell_state import CellState
from bench.report.export.exports import environment
from bench.report.table.figures import Figures
from bench.report.table.labels import labels
from bench.results.writer import Run
from bench.sides.names import cell_name

FORMAT = 1
# Beyond so many samples in all, phases and counters stay where they are: they are most of it.
MOST_WHOLE = 20_000
# Beyond so many only every second, third, ... rep is there: of more the page would be slow to open.
MOST_PAUSES = 100_000
# In a page: none of these can end an element or begin a character reference.
_MARKUP = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True)
class Embedded:
    """``text`` is JSON that HTML takes for nothing but text; ``left_out`` is said beside it."""

    text: str
    left_out: tuple[str, ...]


def embedded(runs: Sequence[Run], rows: Sequence[Sequence[Figures]]) -> Embedded:
    """Of each run; ``rows`` are its figures. Numbers are those of samples.jsonl, unchanged."""
    total = sum(len(run.samples) for run in runs)
    whole, step = total <= MOST_WHOLE, -(-total // MOST_PAUSES) or 1
    found = [
        _run(run, label, of_run, whole, step)
        for run, label, of_run in zip(runs, labels(runs), rows, strict=True)
    ]
    text = json.dumps({"format": FORMAT, "runs": found}, separators=(",", ":"))
    for char, escape in _MARKUP.items():
        text = text.replace(char, escape)
    return Embedded(text, tuple(_left_out(total, whole, step)))


def _left_out(total: int, whole: bool, step: int) -> Iterable[str]:
    if not whole:
        yield f"phases, counters, pinned memory and runs of memory: {total:,} samples are too many"
    if step > 1:
        yield f"reps between: 1 of {step} is there, of each cell and boot"


def _run(run: Run, label: str, rows: Sequence[Figures], whole: bool, step: int) -> dict[str, Any]:
    groups = _by_boot(run.samples)
    return {
        "name": label,
        "path": str(run.path),
        "clock": run.clock.value,
        "unit": run.clock.unit,
        "damage": [*run.damage],
        "environment": environment(run.facts),
        "cells": [_cell(row, groups.get(row.cell, {}), whole, step) for row in rows],
    }


def _by_boot(samples: Iterable[Sample]) -> dict[Cell, dict[int, list[Sample]]]:
    """Reps, and warm-ups; by the object first, as a cell takes long to hash."""
    same: dict[tuple[int, int], list[Sample]] = {}
    groups: dict[Cell, dict[int, list[Sample]]] = {}
    for sample in samples:
        if sample.rep is None:
            continue
        key = id(sample.cell), sample.boot
        group = same.get(key)
        if group is None:
            group = same[key] = groups.setdefault(sample.cell, {}).setdefault(sample.boot, [])
        group.append(sample)
    return groups


def _cell(row: Figures, boots: dict[int, list[Sample]], whole: bool, step: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": cell_name(row.cell),
        **row.cell.factors(),
        "status": row.state.value,
        "reason": row.reason,
    }
    if row.state is CellState.EXTRAPOLATED and row.estimate:
        found["extrapolated"] = [*row.estimate]
    found["boots"] = {boot: _columns(reps[::step], whole) for boot, reps in boots.items()}
    return found


def _columns(reps: Sequence[Sample], whole: bool) -> dict[str, Any]:
    """``status`` names the reps that are no samples, as warm-ups are."""
    found: dict[str, Any] = {
        "rep": [sample.rep for sample in reps],
        "pause": [sample.pause for sample in reps],
        "status": {sample.rep: sample.status for sample in reps if not sample.ok},
    }
    if whole:
        found["phases"] = {
            phase: [sample.phases.get(phase) for sample in reps]
            for phase in dict.fromkeys(phase for sample in reps for phase in sample.phases)
        }
        found["counters"] = {
            name: [sample.counters.get(name) for sample in reps]
            for name in dict.fromkeys(name for sample in reps for name in sample.counters)
        }
        for name in ("pinned", "runs", "window"):
            found[name] = [getattr(sample, name) for sample in reps]
    return found
