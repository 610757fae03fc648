# SPDX-License-Identifier: GPL-2.0-only
"""Runs for other programs: Markdown, JSON, CSV, pyperf. Text in, files are the caller's."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from bench.errors import UsageError
from bench.model.cell_state import CellState
from bench.model.near import near
from bench.model.typed import finite
from bench.report.export.junit import junit
from bench.report.export.kcidb import kcidb
from bench.report.export.ktap import ktap
from bench.report.export.markdown import escape, markdown_section
from bench.report.export.metrics import action_benchmark, bencher, squad
from bench.report.export.schema import JSON_FORMAT
from bench.report.table.cells import CellTable
from bench.report.table.contents import contents
from bench.report.table.environment import intervals_cover
from bench.report.table.figures import Figures, figures, require_measured
from bench.report.table.fleet import overview, overview_json
from bench.report.table.functions import functions_json
from bench.report.table.labels import labels
from bench.report.table.section import Section
from bench.report.table.shared import beside
from bench.results.writer import Run
from bench.sides.names import cell_name

# What of run.json says how the figures came about. The plan is in the cells.
_ENVIRONMENT = ("bench", "command", "seed", "scenario", "executor", "machine", "tuned", "sessions")


def markdown(*runs: Run) -> str:
    """Write the sections of a report: the verdict of each run, all side by side, then each."""
    tables = [*map(CellTable, runs)]
    verdicts, rest = [], [*map(markdown_section, overview(runs, tables))]
    for run, label, table in zip(runs, labels(runs), tables, strict=True):
        others = beside(run, runs, tables)
        sections = contents(run, table, wide=True, others=others)
        first = [*takewhile(_is_verdict, sections)]
        verdicts += [replace(each, title=label if len(runs) > 1 else "") for each in first]
        rest.append(f"### {escape(label)}\n")
        rest += map(markdown_section, sections[len(first) :])
    return "\n".join([*map(markdown_section, verdicts), *rest])


def _is_verdict(section: Section) -> bool:
    """Tell whether a section says what the figures come to, without a table or a title."""
    return not section.title and not section.tables


def to_json(*runs: Run) -> str:
    """Write the figures of every cell of every run, its state and reason, and the environment.

    Of several runs ``overview`` has the changes from the first one.
    """
    tables = [*map(CellTable, runs)]
    each = [
        run_object(run, label, [_cell(run, row) for row in figures(run, table)])
        for run, label, table in zip(runs, labels(runs), tables, strict=True)
    ]
    found: dict[str, Any] = {"format": JSON_FORMAT, "runs": each}
    if len(runs) > 1:
        found["overview"] = overview_json(runs, tables)
    return json.dumps(finite(found), indent=1, allow_nan=False) + "\n"


def csv(*runs: Run) -> str:
    """Write the samples, a line each: a status of one word, and behind it the reason."""
    from bench.results.frame import frame_of

    frame = frame_of(runs, labels(runs))
    said = frame["status"].astype(str).str.partition(": ")
    frame["status"] = said[0]
    frame.insert([*frame.columns].index("status") + 1, "reason", said[2])
    text: str = frame.to_csv(index=False)
    return text


def pyperf(*runs: Run) -> str:
    """Write a file for pyperf; UsageError for several runs, as a file holds one."""
    from bench.report.export.pyperf import pyperf_json

    if len(runs) != 1:
        raise UsageError("pyperf: a file holds one run", "export each, then pyperf compare_to")
    return pyperf_json(runs[0])


FORMATS: Mapping[str, Callable[..., str]] = {
    "markdown": markdown,
    "json": to_json,
    "csv": csv,
    "pyperf": pyperf,
    "ktap": ktap,
    "junit": junit,
    "kcidb": kcidb,
    "squad": squad,
    "github-action-benchmark": action_benchmark,
    "bencher": bencher,
}


SAYING_WHY = ("ktap", "junit", "kcidb")  # they have a place for what was not measured


def export(kind: str, runs: Sequence[Run]) -> str:
    """Write runs in the format of a name; UsageError lists those there are.

    CannotJudge for a run in which nothing was measured: a file of it would look like one.
    """
    if kind not in FORMATS:
        raise UsageError(f"--format: '{kind}' is unknown", near(kind, FORMATS))
    for run in runs if kind not in SAYING_WHY else ():
        require_measured(run, CellTable(run))
    return FORMATS[kind](*runs)


def run_object(run: Run, label: str, cells: Sequence[Any]) -> dict[str, Any]:
    """Make a run's object of the objects of its cells."""
    whole = run.facts.as_json()
    return {
        "name": label,
        "path": str(run.path),
        "clock": run.clock.value,
        "unit": run.clock.unit,
        "damage": [*run.damage],
        "intervals": f"95 %, {intervals_cover(run)}",
        "cells": [*cells],
        "environment": {key: whole[key] for key in _ENVIRONMENT},
    }


def cell_object(row: Figures) -> dict[str, Any]:
    """Make a cell's object, without its figures."""
    return {
        "name": cell_name(row.cell),
        **row.cell.factors(),
        "status": row.state.value,
        "reason": row.reason,
    }


def _cell(run: Run, row: Figures) -> dict[str, Any]:
    """Make a cell's object; a figure that is not there is null."""
    profile = run.profiles.get(row.cell)
    return {
        **cell_object(row),
        "pause": _pause(row),
        "extrapolated": _estimate(row),
        "phases": {phase.value: median for phase, median in row.phases.items()},
        "counters": dict(row.counters),
        "own": row.own,
        "ratio": row.ratio,
        "ratio_interval": [*row.ratio_interval] if row.ratio_interval else None,
        "base": cell_name(row.base) if row.base else None,
        "profile": functions_json(profile) if profile else None,
    }


def _pause(row: Figures) -> dict[str, Any] | None:
    if row.pause is None:
        return None
    return {
        "n": row.pause.n,
        "boots": row.boots,
        "median": row.pause.median,
        "interval": [*row.pause.interval] if row.pause.interval else None,
        "min": row.pause.low,
        "max": row.pause.high,
    }


def _estimate(row: Figures) -> dict[str, Any] | None:
    if row.state is not CellState.EXTRAPOLATED or row.estimate is None:
        return None
    value, low, high = row.estimate
    return {"value": value, "interval": [low, high]}
