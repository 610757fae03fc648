# SPDX-License-Identifier: GPL-2.0-only
"""Several runs side by side: the same cells under several kernels, or on several machines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.model.cell import Cell
from bench.model.cell_state import CellState
from bench.model.units import format_quantity
from bench.report.table.cells import CellTable, place_of
from bench.report.table.columns import FACTOR_COLUMNS, factor_entries
from bench.report.table.contents import UNITS
from bench.report.table.labels import heads, labels
from bench.report.table.section import (
    Entry,
    EntryKind,
    Section,
    figures_under,
    make_table,
)
from bench.report.table.spread import spread_section
from bench.results.comparable import facts_of, unlike
from bench.results.writer import Run
from bench.sides.names import cell_name

if TYPE_CHECKING:
    import pandas as pd
_NOT_PLANNED = Entry.reason("not planned")  # of a cell that only other runs have


def overview(runs: Sequence[Run], tables: Sequence[CellTable]) -> list[Section]:
    """Compare several runs: medians, changes against the first, and differing facts.

    The runs have one clock; nothing for fewer than two.
    """
    if len(runs) < 2:
        return []
    from bench.report.table.compared import cells_frame

    frame = cells_frame(runs, tables)
    named = dict(zip(labels(runs), heads(runs), strict=True))
    cells = {cell_name(cell): cell for cell in _cells(runs, tables)}
    shared = {name: cell for name, cell in cells.items() if name in _shared(frame, runs)}
    sections = [
        _medians(frame, shared, named, runs[0]),
        _changes(frame, cells, named),
        _differences(runs),
        spread_section(runs, tables),
    ]
    return [section for section in sections if section]


def _cells(runs: Sequence[Run], tables: Sequence[CellTable]) -> list[Cell]:
    """List the cells of all runs, missing ones too, in the order of a table."""
    found = {cell for run, table in zip(runs, tables, strict=True) for cell in table.cells}
    missing = {cell for run in runs for cell in run.missing}
    return sorted(found | missing, key=place_of)


def _shared(frame: "pd.DataFrame", runs: Sequence[Run]) -> set[str]:
    """Name the cells that have a row: all of one scenario, of several those of two runs."""
    having = frame.groupby("cell", observed=True)["run"].nunique()
    scenarios = {run.facts.asked.name for run in runs}
    return {*having.index[having >= min(len(scenarios), 2)]}


def _medians(
    frame: "pd.DataFrame", cells: Mapping[str, Cell], named: Mapping[str, str], run: Run
) -> Section:
    shown = {(row["cell"], row["run"]): _median(row) for row in _rows(frame)}
    rows = [
        (*factor_entries(cell), *(shown.get((name, run), _NOT_PLANNED) for run in named))
        for name, cell in cells.items()
    ]
    made = make_table((*FACTOR_COLUMNS, *figures_under(*named.values())), rows)
    unit, *notes = UNITS[run.clock]
    legend = [f"{head}: {label}" for label, head in named.items() if head != label]
    if (frame["state"] == CellState.EXTRAPOLATED).any():
        notes.append("~: not measured, from the line through smaller sizes")
    alone = frame["cell"].nunique() - len(cells)
    notes += [f"{alone} more cells are in one of the runs only, and below"] if alone else []
    title = f"{len(named)} runs: median of the pause (reps), in {unit}"
    return Section(title, (*notes, *legend), (made,) if made else ())


def _rows(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _median(row: Mapping[str, Any]) -> Entry:
    if row["state"] == CellState.MEASURED:
        return Entry.figure(f"{format_quantity(row['median'], row['unit'])} ({row['n']})")
    if row["state"] == CellState.EXTRAPOLATED:
        value = format_quantity(row["median"], row["unit"])
        return Entry(f"~{value} extrapolated", EntryKind.ESTIMATE)
    return Entry.reason(row["state"])


def _changes(frame: "pd.DataFrame", cells: Mapping[str, Cell], named: Mapping[str, str]) -> Section:
    """Tabulate changes, of cells that the first run and another one measured."""
    from bench.report.table.compared import geometric_means

    if "change" not in frame:
        return Section()
    shown = {(row["cell"], row["run"]): _change(row) for row in _rows(frame)}
    measured = {*frame["cell"][frame["change"].notna()]}
    first, *others = named
    rows = [
        (*factor_entries(cell), *(shown.get((name, run), _NOT_PLANNED) for run in others))
        for name, cell in cells.items()
        if name in measured
    ]
    made = make_table((*FACTOR_COLUMNS, *figures_under(*(named[run] for run in others))), rows)
    notes = ["+ is a longer pause"]
    if (frame["change"].notna() & frame["low"].isna()).any():
        notes.append("without an interval: it takes four reps, or boots, of each")
    title = f"Change against {named[first]} (95 % interval)"
    return Section(title, tuple(notes), (made,), _means(geometric_means(frame), named))


def _means(means: Mapping[str, float], named: Mapping[str, str]) -> tuple[str, ...]:
    """Say the geometric mean of each run; nothing where no run has one."""
    if not means:
        return ()
    known = [f"{_percent(mean)} in {named[run]}" for run, mean in means.items()]
    others = [head for run, head in [*named.items()][1:] if run not in means]
    none = [f"none in {', '.join(others)}, where other cells were measured"] if others else []
    return (f"geometric mean over all cells: {'; '.join([*known, *none])}",)


def _change(row: Mapping[str, Any]) -> Entry:
    if row["change"] != row["change"]:
        return Entry.reason(row["state"])
    if row["low"] != row["low"]:
        return Entry.figure(_percent(row["change"]))
    low, high = (_percent(row[end]).removesuffix(" %") for end in ("low", "high"))
    return Entry.figure(f"{_percent(row['change'])} ({low} to {high})")


def _percent(change: float) -> str:
    return f"{change * 100:+.2f} %"


def _differences(runs: Sequence[Run]) -> Section:
    """List facts that are not the same in all runs, with the runs of each value."""
    lines = []
    for fact, found, apart in _apart(runs):
        values = "; ".join(f"{value} in {', '.join(where)}" for value, where in found.items())
        doubt = " (bench compare would refuse it)" if apart else ""
        lines.append(f"  {fact}: {values}{doubt}")
    return Section("What differs between them", lines=tuple(lines))


def _apart(runs: Sequence[Run]) -> list[tuple[str, dict[str, list[str]], bool]]:
    facts = [facts_of(run.facts) for run in runs]
    forbidden = {line.partition(":")[0] for other in facts[1:] for line in unlike(facts[0], other)}
    result = []
    for fact in sorted({name for each in facts for name in each}):
        found: dict[str, list[str]] = {}
        for each, head in zip(facts, heads(runs), strict=True):
            found.setdefault(each.get(fact, "not known"), []).append(head)
        if len(found) > 1:
            result.append((fact, found, fact in forbidden))
    return result


def overview_json(runs: Sequence[Run], tables: Sequence[CellTable]) -> dict[str, Any]:
    """Make the object that says what `overview` does; numbers that are not there are NaN."""
    from bench.report.table.compared import cells_frame, geometric_means

    frame = cells_frame(runs, tables)
    cells: dict[str, dict[str, Any]] = {}
    for row in _rows(frame):
        cells.setdefault(row["cell"], {})[row["run"]] = {
            "status": row["state"],
            "median": row["median"],
            "n": row["n"],
            "change": row.get("change"),
            "interval": [row.get("low"), row.get("high")],
        }
    names = dict(zip(heads(runs), labels(runs), strict=True))
    return {
        "base": labels(runs)[0],
        "cells": cells,
        "geometric_mean": geometric_means(frame),
        "differences": {
            fact: {names[head]: value for value, where in found.items() for head in where}
            for fact, found, _ in _apart(runs)
        },
    }
