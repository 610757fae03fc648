# SPDX-License-Identifier: GPL-2.0-only
"""A comparison in the form of `perf diff`: what a pause is spent on, and by how much that differs.

perf takes each side as parts of its own whole, where a faster program has the same 100 %. Both
columns here are parts of the base's pause, so that they tell what was saved.
"""

from collections.abc import Sequence

from bench.report.letter.compared import ComparedRow, Comparison, Value
from bench.report.letter.factors import (
    METHOD,
    Arrangement,
    LetterTable,
    alias_legend,
    arrange,
    factor_key,
)
from bench.report.letter.numbers import GUESSED, counts, scale_of

_HEADS = ("Baseline", "Delta", "Phase")
_WIDTHS = (8, 8)
_LEAST = 0.00005  # of the base's pause: less is 0.00 % on both sides
_EVENT = {"ns": "wall time", "instructions": "instructions (a count, not a time)"}


def perfdiff_table(comparison: Comparison, unit: str) -> LetterTable:
    """Lay out the phases of the largest memory of each kind, and name each row without them."""
    rows = comparison.rows
    cells = [row.cell for row in rows]
    arrangement = arrange(cells, 0, (METHOD,), factor_key)
    shown = [row for row in largest_measured(rows) if row.base.phases]
    lines = [f"  # Event: {_EVENT[unit]}", "  #", *_head()]
    for row in shown:
        lines += _block(row, arrangement)
    scale = scale_of([value.level for value in comparison.values], unit)
    for row in rows:
        if row not in shown:
            values = [value.level for value in (row.base, row.new)]
            decimals = scale.decimals(values)
            spelled = (value.shown(scale, decimals) for value in (row.base, row.new))
            lines.append(f"  # {arrangement.factor_key(row.cell)}: {', '.join(spelled)}")
    notes = [
        f"% of {comparison.base}'s pause; {counts(row.base.n for row in shown)} reps a side,"
        " medians, which do not add up exactly; negative: less of it",
    ]
    if len(shown) < len(rows):
        notes.append(f"phases at the largest memory; other rows: medians in {scale.unit}")
    notes += [GUESSED] if any(row.guessed for row in rows) else []
    return LetterTable(arrangement.said, lines, [*notes, *alias_legend(cells)])


def largest_measured(rows: Sequence[ComparedRow]) -> list[ComparedRow]:
    """Keep of rows that differ in memory only the largest one that is measured."""
    found: dict[tuple[object, ...], ComparedRow] = {}
    for row in rows:
        kind = row.cell.without("mem", "file", "backing")
        if row.measured and (kind not in found or found[kind].cell.mem < row.cell.mem):
            found[kind] = row
    return [*found.values()]


def _head() -> list[str]:
    dots = ["." * width for width in (*_WIDTHS, 16)]
    return [_line("# ", *_HEADS), _line("# ", *dots), "  #"]


def _block(row: ComparedRow, arrangement: Arrangement) -> list[str]:
    """Write a line a phase, the largest difference first, below one for the whole pause."""
    whole, place = row.base.level or 0.0, arrangement.factor_key(row.cell)
    parts = {phase: (_of(row.base, phase), _of(row.new, phase)) for phase in _phases(row)}
    order = sorted(parts, key=lambda phase: -abs(parts[phase][1] - parts[phase][0]))
    if not whole:
        return [f"  # {place}: 0, and nothing is a part of it"]
    lines = [_percent(whole, row.new.level or 0.0, whole, f"pause of {place}")]
    for phase in order:
        old, new = parts[phase]
        if max(old, new) / whole >= _LEAST:
            lines.append(_percent(old, new, whole, f"  {phase}"))
    return lines


def _phases(row: ComparedRow) -> list[str]:
    return [*dict.fromkeys([*row.base.phases, *row.new.phases])]


def _of(value: Value, phase: str) -> float:
    return value.phases.get(phase, 0.0)


def _percent(old: float, new: float, whole: float, what: str) -> str:
    delta = round(100 * (new - old) / whole, 2) + 0.0  # no minus before a 0
    return _line("", f"{100 * old / whole:.2f}%", f"{delta:+.2f}%", what)


def _line(mark: str, base: str, delta: str, what: str) -> str:
    left = f"  {mark}"
    return f"{left:<4}{base:>{_WIDTHS[0]}}  {delta:>{_WIDTHS[1]}}  {what}"
