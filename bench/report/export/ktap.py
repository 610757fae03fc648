# SPDX-License-Identifier: GPL-2.0-only
"""KTAP, version 1, as NIPA and kselftest take it: Documentation/dev-tools/ktap.rst."""

from collections.abc import Sequence

from bench.model.units import format_quantity, format_ratio
from bench.report.export.collected import Collected, collected
from bench.results.writer import Run

PASS, FAIL, SKIP = 0, 1, 4  # exit codes of kselftest: tools/testing/selftests/kselftest.h


def ktap(*runs: Run) -> str:
    """Write a test a cell: ok if it was measured and proven, with its figures behind a #."""
    rows = [*collected(runs)]
    several = len({row.suite for row in rows}) > 1
    lines = [_line(number, row, several) for number, row in enumerate(rows, 1)]
    return "\n".join(["KTAP version 1", f"1..{len(rows)}", *lines, ""])


def ktap_of_nothing(why: str) -> str:
    """Write that all was skipped, and why, where there is not even a list of tests."""
    return f"KTAP version 1\n1..0 # SKIP {' '.join(why.replace('#', '_').split())}"


def ktap_code(runs: Sequence[Run]) -> int:
    """Return kselftest's exit code: 1 if any cell failed, 4 if all were skipped, else 0."""
    rows = [*collected(runs)]
    if any(row.failed for row in rows):
        return FAIL
    return PASS if any(row.row.pause for row in rows) else SKIP


def _line(number: int, row: Collected, several: bool) -> str:
    # A # would begin a directive.
    name = (f"{row.suite}: {row.name}" if several else row.name).replace("#", "_")
    if row.row.pause is None:
        reason = row.reason.replace("#", "_")
        word = "not ok" if row.failed else "ok"
        return f"{word} {number} {name} # {'' if row.failed else 'SKIP '}{reason}"
    return f"ok {number} {name} # {_figures(row)}"


def _figures(row: Collected) -> str:
    pause, unit = row.row.pause, "" if row.unit == "ns" else f" {row.unit}"
    assert pause is not None
    said = [f"pause {format_quantity(pause.median, row.unit)}{unit}", f"n={pause.n}"]
    if row.row.ratio is not None and row.row.base:
        said.append(f"ratio {format_ratio(row.row.ratio)} against {row.row.base.method}")
    return ", ".join(said)
