# SPDX-License-Identifier: GPL-2.0-only
"""Medians as the JSON of services that keep them: SQUAD, github-action-benchmark, Bencher.

None of them has a place for a cell without a figure: such cells are left out.
"""

import json
from collections.abc import Iterator
from typing import Any

from bench.errors import CannotJudge
from bench.model.units import format_ratio
from bench.report.export.collected import Collected, collected
from bench.results.writer import Run


def squad(*runs: Run) -> str:
    """Write ``{"suite/name": number}``; the unit is the last word of the name."""
    found = {
        f"{row.suite.replace('/', '-')}/{_joined(row)}-{row.unit}": row.row.pause.median
        for row in _measured(runs)
        if row.row.pause
    }
    return _written(found)


def action_benchmark(*runs: Run) -> str:
    """Write what github-action-benchmark calls customSmallerIsBetter."""
    return _written([_entry(row, len(runs) > 1) for row in _measured(runs)])


def bencher(*runs: Run) -> str:
    """Write Bencher's Metric Format: its measure of times is called latency, in nanoseconds."""
    found: dict[str, Any] = {}
    for row in _measured(runs):
        low, high = row.ends or (0.0, 0.0)
        median = row.row.pause.median if row.row.pause else 0.0
        measure = {"value": median, "lower_value": low, "upper_value": high}
        name = row.name if len(runs) == 1 else f"{row.suite}: {row.name}"
        found[name] = {"latency" if row.unit == "ns" else row.unit: measure}
    return _written(found)


def _measured(runs: tuple[Run, ...]) -> Iterator[Collected]:
    """Yield cells with a figure; CannotJudge where there is none: an empty file looks like one."""
    rows = [*collected(runs)]
    if not any(row.row.pause for row in rows):
        raise CannotJudge(f"{runs[0].path}: nothing in it is a result: {rows[0].reason}")
    return (row for row in rows if row.row.pause)


def _joined(row: Collected) -> str:
    return row.name.replace("/", "-").replace(" ", "_")


def _entry(row: Collected, several: bool) -> dict[str, Any]:
    pause, (low, high) = row.row.pause, row.ends or (0.0, 0.0)
    assert pause is not None
    extra = [f"{pause.n} reps", f"{low:.0f} to {high:.0f}"]
    if row.row.ratio is not None and row.row.base:
        extra.append(f"ratio {format_ratio(row.row.ratio)} against {row.row.base.method}")
    return {
        "name": f"{row.suite}: {row.name}" if several else row.name,
        "unit": row.unit,
        "value": pause.median,
        "range": f"\u00b1 {max(high - pause.median, pause.median - low):.0f}",
        "extra": "\n".join(extra),
    }


def _written(found: object) -> str:
    return json.dumps(found, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
