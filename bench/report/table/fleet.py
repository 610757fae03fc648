# SPDX-License-Identifier: GPL-2.0-only
"""Several runs side by side: the same cells under several kernels, or on several machines."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.model.cell import Cell
from bench.model.units import format_quantity
from bench.report.table.cells import CellTable, place_of
from bench.report.table.columns import FACTORS, factors
from bench.report.table.contents import UNITS
from bench.report.table.figures import CellState
from bench.report.table.labels import labels
from bench.report.table.section import Section
from bench.results.comparable import facts_of, unlike
from bench.results.writer import Run
from bench.sides.names import cell_name

if TYPE_CHECKING:
    import pandas as pd

_MOST, _LONGEST = 4, 12  # runs, and characters of a name, that fit over a table


def heads(runs: Sequence[Run]) -> list[str]:
    """What runs are called over a column: by their labels if those are short, else A, B, C."""
    names = labels(runs)
    if len(names) <= _MOST and all(len(name) <= _LONGEST for name in names):
        return names
    return [letters(number) for number in range(len(names))]


def letters(number: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    more, last = divmod(number, 26)
    return (letters(more - 1) if more else "") + chr(ord("A") + last)


def overview(runs: Sequence[Run], tables: Sequence[CellTable]) -> list[Section]:
    """Medians, changes against the first run, and what differs in where they were measured.

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
    ]
    return [section for section in sections if section]


def _cells(runs: Sequence[Run], tables: Sequence[CellTable]) -> list[Cell]:
    """Of all runs, those that left no line too."""
    found = {cell for run, table in zip(runs, tables, strict=True) for cell in table.cells}
    missing = {cell for run in runs for cell in run.missing}
    return sorted(found | missing, key=place_of)


def _shared(frame: "pd.DataFrame", runs: Sequence[Run]) -> set[str]:
    """The names of cells that have a row: of different scenarios, those of several runs."""
    having = frame.groupby("cell", observed=True)["run"].nunique()
    scenarios = {run.facts.asked.name for run in runs}
    return {*having.index[having >= min(len(scenarios), 2)]}


def _medians(
    frame: "pd.DataFrame", cells: Mapping[str, Cell], named: Mapping[str, str], run: Run
) -> Section:
    from bench.report.table.compared import NOT_PLANNED, pivot

    shown = pivot(frame.assign(shown=[_median(row) for row in _rows(frame)]), "shown")
    texts = shown.fillna(NOT_PLANNED).to_dict("index")
    rows = [(*FACTORS, *named.values())]
    rows += [(*factors(cell), *(texts[name][run] for run in named)) for name, cell in cells.items()]
    unit, *notes = UNITS[run.clock]
    legend = [f"{head}: {label}" for label, head in named.items() if head != label]
    if (frame["state"] == CellState.EXTRAPOLATED).any():
        notes.append("~: not measured, from the line through smaller sizes")
    alone = frame["cell"].nunique() - len(cells)
    notes += [f"{alone} more cells are in one of the runs only, and below"] if alone else []
    title = f"{len(named)} runs: median of the pause (reps), in {unit}"
    return Section(title, (*notes, *legend), (rows,) if cells else ())


def _rows(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _median(row: Mapping[str, Any]) -> str:
    if row["state"] == CellState.MEASURED:
        return f"{format_quantity(row['median'], row['unit'])} ({row['n']})"
    if row["state"] == CellState.EXTRAPOLATED:
        return f"~{format_quantity(row['median'], row['unit'])} extrapolated"
    return str(row["state"])


def _changes(frame: "pd.DataFrame", cells: Mapping[str, Cell], named: Mapping[str, str]) -> Section:
    """Without a row for cells that no run can be held against the first one in."""
    from bench.report.table.compared import NOT_PLANNED, geometric_means, pivot

    if "change" not in frame:
        return Section()
    shown = pivot(frame.assign(shown=[_change(row) for row in _rows(frame)]), "shown")
    texts = shown.fillna(NOT_PLANNED).to_dict("index")
    measured = {*frame["cell"][frame["change"].notna()]}
    first, *others = named
    rows: list[tuple[str, ...]] = [(*FACTORS, *(named[run] for run in others))]
    rows += [
        (*factors(cell), *(texts[name][run] for run in others))
        for name, cell in cells.items()
        if name in measured
    ]
    notes = ["+ is a longer pause"]
    if (frame["change"].notna() & frame["low"].isna()).any():
        notes.append("without an interval: it takes four reps, or boots, of each")
    title = f"Change against {named[first]} (95 % interval)"
    return Section(title, tuple(notes), (rows,), _means(geometric_means(frame), named))


def _means(means: Mapping[str, float], named: Mapping[str, str]) -> tuple[str, ...]:
    """Nothing where no run has one."""
    if not means:
        return ()
    known = [f"{_percent(mean)} in {named[run]}" for run, mean in means.items()]
    others = [head for run, head in [*named.items()][1:] if run not in means]
    none = [f"none in {', '.join(others)}, where other cells were measured"] if others else []
    return (f"geometric mean over all cells: {'; '.join([*known, *none])}",)


def _change(row: Mapping[str, Any]) -> str:
    if row["change"] != row["change"]:
        return str(row["state"])
    if row["low"] != row["low"]:
        return _percent(row["change"])
    low, high = (_percent(row[end]).removesuffix(" %") for end in ("low", "high"))
    return f"{_percent(row['change'])} ({low} to {high})"


def _percent(change: float) -> str:
    return f"{change * 100:+.2f} %"


def _differences(runs: Sequence[Run]) -> Section:
    """Each fact that is not the same in all, and in which run it is what."""
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
    """What `overview` says, by the labels of the runs; numbers that are not there are NaN."""
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
