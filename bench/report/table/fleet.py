# SPDX-License-Identifier: GPL-2.0-only
"""Several runs side by side: the same cells under several kernels, or on several machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.model.cell import Cell, Clock
from bench.model.units import format_quantity, number_of
from bench.report.table.cells import CellTable, place_of
from bench.report.table.columns import FACTOR_COLUMNS, factor_entries
from bench.report.table.contents import UNITS
from bench.report.table.environment import ONE_BOOT, ONE_STATE
from bench.report.table.figures import Figures, figures
from bench.report.table.labels import heads, labels
from bench.report.table.section import Entry, EntryKind, Section, figures_under, make_table
from bench.report.table.spread import spread_section
from bench.results.comparable import facts_of, unlike
from bench.results.writer import Run
from bench.sides.names import cell_name
from bench.stats.ratios import LEAST_OF_RATIO, ratio_interval

_NOT_PLANNED = Entry.reason("not planned")  # of a cell that only other runs have


@dataclass(frozen=True)
class FleetRow:
    """A cell of a run, held against the same cell of the first run where both measured it.

    ``change`` is its pause as a part of the other, less 1, ``interval`` that of 95 %.
    """

    figures: Figures
    change: float | None = None
    interval: tuple[float, float] | None = None


Fleet = Mapping[str, Mapping[Cell, FleetRow]]  # by the labels of runs


def fleet_of(runs: Sequence[Run], tables: Sequence[CellTable]) -> Fleet:
    """Return the cells of each run, held against those of the first one."""
    return {
        label: {row.cell: _held(row, table, tables[0]) for row in figures(run, table)}
        for run, label, table in zip(runs, labels(runs), tables, strict=True)
    }


def _held(row: Figures, table: CellTable, first: CellTable) -> FleetRow:
    cell = row.cell
    if table is first or not table.ok(cell) or not first.ok(cell) or not first.pause(cell).median:
        return FleetRow(row)
    change = table.pause(cell).median / first.pause(cell).median - 1
    sides = table.side_of(cell), first.side_of(cell)
    ends = ratio_interval(*sides, one_boot_is_enough=table.unit == Clock.ICOUNT.unit)
    return FleetRow(row, change, (ends[0] - 1, ends[1] - 1) if ends else None)


def geometric_means(fleet: Fleet) -> dict[str, float]:
    """Compute the geometric mean of each run's changes from the first one, over all cells.

    Only of runs that measured exactly the cells that the first one did, at least two: a
    mean over others would be another question's.
    """
    first, *others = ({c: r for c, r in rows.items() if r.figures.pause} for rows in fleet.values())
    found: dict[str, float] = {}
    for label, rows in zip([*fleet][1:], others, strict=True):
        changes = [
            row.change for row in rows.values() if row.change is not None and row.change > -1
        ]
        if len(first) > 1 and rows.keys() == first.keys() and len(changes) == len(first):
            found[label] = float(np.expm1(np.log1p(changes).mean()))
    return found


def overview(runs: Sequence[Run], tables: Sequence[CellTable]) -> list[Section]:
    """Compare several runs: medians, changes against the first, and differing facts.

    The runs have one clock; nothing for fewer than two.
    """
    if len(runs) < 2:
        return []
    fleet = fleet_of(runs, tables)
    named = dict(zip(fleet, heads(runs), strict=True))
    cells = sorted({cell for rows in fleet.values() for cell in rows}, key=place_of)
    # Of one scenario all cells have a row, of several those of two runs.
    least = min(len({run.facts.asked.name for run in runs}), 2)
    shared = [cell for cell in cells if sum(cell in rows for rows in fleet.values()) >= least]
    sections = [
        _medians(fleet, shared, named, runs[0], alone=len(cells) - len(shared)),
        _changes(fleet, cells, named, runs[0].clock),
        _differences(runs),
        spread_section(runs, tables),
    ]
    return [section for section in sections if section]


def _medians(
    fleet: Fleet, cells: Sequence[Cell], named: Mapping[str, str], run: Run, alone: int
) -> Section:
    rows = [
        (
            *factor_entries(cell),
            *(_median(rows.get(cell), run.clock.unit) for rows in fleet.values()),
        )
        for cell in cells
    ]
    made = make_table((*FACTOR_COLUMNS, *figures_under(*named.values())), rows)
    unit, *notes = UNITS[run.clock]
    legend = [f"{head}: {label}" for label, head in named.items() if head != label]
    if any(row.figures.estimate for rows in fleet.values() for row in rows.values()):
        notes.append("~: not measured, from the line through smaller sizes")
    if alone:
        notes.append(f"in one of the runs only, and below: {number_of(alone, 'more cell')}")
    title = f"{len(named)} runs: median of the pause (reps), in {unit}"
    return Section(title, (*notes, *legend), (made,) if made else ())


def _median(row: FleetRow | None, unit: str) -> Entry:
    if row is None:
        return _NOT_PLANNED
    found = row.figures
    if found.pause:
        return Entry.figure(f"{format_quantity(found.pause.median, unit)} ({found.pause.n})")
    if found.estimate:
        value = format_quantity(found.estimate[0], unit)
        return Entry(f"~{value} extrapolated", EntryKind.ESTIMATE)
    return Entry.reason(found.state)


def _changes(
    fleet: Fleet, cells: Sequence[Cell], named: Mapping[str, str], clock: Clock
) -> Section:
    """Tabulate changes, of cells that the first run and another one measured."""
    changed = {
        cell: [row for rows in fleet.values() if (row := rows.get(cell)) and row.change is not None]
        for cell in cells
    }
    if not any(changed.values()):
        return Section()
    first, *others = named
    rows = [
        (*factor_entries(cell), *(_change(fleet[run].get(cell)) for run in others))
        for cell in cells
        if changed[cell]
    ]
    made = make_table((*FACTOR_COLUMNS, *figures_under(*(named[run] for run in others))), rows)
    notes = ["+ is a longer pause", *_of_intervals(fleet, clock)]
    title = f"Change against {named[first]} (95 % interval)"
    return Section(title, tuple(notes), (made,), _means(geometric_means(fleet), named))


def _of_intervals(fleet: Fleet, clock: Clock) -> Iterator[str]:
    """Say why some changes have no interval, and what those are of that have one."""
    first, *others = fleet.values()
    held = [
        (row, max(row.figures.boots, first[cell].figures.boots))
        for rows in others
        for cell, row in rows.items()
        if row.change is not None
    ]
    single = any(boots == 1 for _, boots in held)
    if single and clock is Clock.WALL:
        yield ONE_BOOT
    elif single and any(row.interval for row, _ in held):
        yield ONE_STATE
    if any(row.interval is None for row, boots in held if boots > 1 or clock is Clock.ICOUNT):
        yield f"without an interval: it takes {LEAST_OF_RATIO} reps, or boots, of each"


def _means(means: Mapping[str, float], named: Mapping[str, str]) -> tuple[str, ...]:
    """Say the geometric mean of each run; nothing where no run has one."""
    if not means:
        return ()
    known = [f"{_percent(mean)} in {named[run]}" for run, mean in means.items()]
    others = [head for run, head in [*named.items()][1:] if run not in means]
    none = [f"none in {', '.join(others)}, where other cells were measured"] if others else []
    return (f"geometric mean over all cells: {'; '.join([*known, *none])}",)


def _change(row: FleetRow | None) -> Entry:
    if row is None:
        return _NOT_PLANNED
    if row.change is None:
        return Entry.reason(row.figures.state)
    if row.interval is None:
        return Entry.figure(_percent(row.change))
    low, high = (_percent(end).removesuffix(" %") for end in row.interval)
    return Entry.figure(f"{_percent(row.change)} ({low} to {high})")


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
    """Make the object that says what `overview` does; figures that are not there are None."""
    fleet = fleet_of(runs, tables)
    cells: dict[str, dict[str, Any]] = {}
    for label, rows in fleet.items():
        for cell, row in rows.items():
            cells.setdefault(cell_name(cell), {})[label] = _object(row)
    names = dict(zip(heads(runs), fleet, strict=True))
    return {
        "base": names[heads(runs)[0]],
        "cells": cells,
        "intervals": f"95 %; {'; '.join(_of_intervals(fleet, runs[0].clock))}".rstrip("; "),
        "geometric_mean": geometric_means(fleet),
        "differences": {
            fact: {names[head]: value for value, where in found.items() for head in where}
            for fact, found, _ in _apart(runs)
        },
    }


def _object(row: FleetRow) -> dict[str, Any]:
    found = row.figures
    estimate = found.estimate[0] if found.estimate else None
    return {
        "status": found.state.value,
        "median": found.pause.median if found.pause else estimate,
        "n": found.pause.n if found.pause else 0,
        "change": row.change,
        "interval": row.interval or (None, None),
    }
