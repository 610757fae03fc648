# SPDX-License-Identifier: GPL-2.0-only
"""A comparison in the form that the kernel test robot mails: values, spread, change."""

from bench.report.letter.compared import ComparedRow, Comparison, Value
from bench.report.letter.factors import LetterTable, alias_legend, arrange, factor_key
from bench.report.letter.numbers import GUESSED, Scale, counts, scale_of

# Less spread than this is not shown, as there.
_QUIET = 0.02
_LEAST = 100  # the smallest value, so that decimals do not matter
_LEFT, _RIGHT = 16, 27  # columns under the two names
_FIGURES = 48  # columns of a row up to its metric, as far as it is wider than a gap
_METRIC = {"pause": "pause.median", "pin + unpin": "pins.median"}
_HEADS = (
    "         %stddev     %change         %stddev",
    "             \\          |                \\",
)


def lkp_table(comparison: Comparison, unit: str) -> LetterTable:
    """Lay out a comparison as the kernel test robot (LKP) does."""
    rows = comparison.rows
    cells = [row.cell for row in rows]
    scale = scale_of([value.level for value in comparison.values], unit, _LEAST)
    metric = _METRIC[comparison.quantity]
    arrangement = arrange(cells, _FIGURES + len(metric), spell=factor_key)
    names = f"{comparison.base:>{_LEFT}} {comparison.new:>{_RIGHT}}"
    lines = [names, f"{'-' * _LEFT} {'-' * _RIGHT}", *_HEADS]
    for name, places in arrangement.grouped(cells):
        lines += [f"{name}:"] if name else []
        for at in places:
            lines.append(f"{_line(rows[at], scale)}  {metric}.{arrangement.factor_key(cells[at])}")
    notes = [
        f"in {scale.unit}; {counts(row.base.n for row in comparison.measured)} reps a side;"
        f" %change: negative is a shorter {comparison.quantity}",
        "%stddev: of the reps around their mean, or of the medians of boots where there"
        f" are several; shown above {_QUIET:.0%}",
    ]
    if any(row.guessed for row in rows):
        notes.append(GUESSED)
    return LetterTable(arrangement.said, lines, [*notes, *alias_legend(cells)])


def _line(row: ComparedRow, scale: Scale) -> str:
    decimals = min(scale.decimals([row.base.level, row.new.level]), 2)
    old, new = (_value(value, scale, decimals) for value in (row.base, row.new))
    return f"{old}  {_change(row):>10} {new}"


def _value(value: Value, scale: Scale, decimals: int) -> str:
    """Write a value in 17 columns, with its spread where that is above `_QUIET`."""
    if value.level is None:
        return f"{value.state.value:>10}       "
    loud = value.spread is not None and value.spread > _QUIET
    spread = f"+-{100 * (value.spread or 0):3.0f}%" if loud else ""
    return f"{value.shown(scale, decimals):>10} {spread:<6}"[:17]


def _change(row: ComparedRow) -> str:
    old, new = row.base.level, row.new.level
    return f"{100 * (new - old) / old:+.1f}%" if old and new is not None else "-"
