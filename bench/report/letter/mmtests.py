# SPDX-License-Identifier: GPL-2.0-only
"""A comparison in the form of mmtests' compare-kernels: what memory management people read.

Its rows are means there and medians here, which is what they are called.
"""

from collections.abc import Sequence

from bench.report.letter.compared import ComparedRow, Comparison, Value
from bench.report.letter.factors import LETTER_GAP, LetterTable, alias_legend, arrange, factor_key
from bench.report.letter.numbers import GUESSED, Scale, counts, scale_of
from bench.stats.ratios import LEAST_OF_RATIO

_OPERATION = 8  # columns
_LEAST = 100  # of the unit: there are two decimals, as there
_LEGEND = (
    "(%): by how much less than {base}: positive is better",
    "* %*: the 95% interval of the ratio, does not hold 1",
)
_SHORT = (
    f"never marked here: an interval takes {LEAST_OF_RATIO} reps a side"
    f" ({LEAST_OF_RATIO} boots, where there are several)"
)
_ONE_BOOT = "never marked here: one boot a side: no interval between kernels"


def mmtests_table(comparison: Comparison, unit: str) -> LetterTable:
    """Lay out a comparison as compare-kernels.sh of mmtests does."""
    rows = comparison.rows
    cells = [row.cell for row in rows]
    scale = scale_of([value.level for value in comparison.values], unit, _LEAST)
    columns = [_pauses(comparison.base, rows, scale), _pauses(comparison.new, rows, scale, True)]
    taken = _OPERATION + sum(len(column[0]) + LETTER_GAP for column in columns) - LETTER_GAP
    arrangement = arrange(cells, taken, spell=factor_key)
    keys = [arrangement.factor_key(cell) for cell in cells]
    width = max(map(len, keys))
    heads = [" " * (_OPERATION + width), *(column[0] for column in columns)]
    lines = [(" " * LETTER_GAP).join(heads).rstrip()]
    for name, places in arrangement.grouped(cells):
        lines += [f"{name}:"] if name else []
        for at in places:
            operation = "Extrap" if rows[at].guessed else "Median"
            what = f"{operation:<{_OPERATION}}{keys[at]:<{width}}"
            lines.append((" " * LETTER_GAP).join([what, *(column[at + 1] for column in columns)]))
    notes = [*_notes(comparison, scale), *alias_legend(cells)]
    return LetterTable(arrangement.said, lines, notes)


def _pauses(name: str, rows: Sequence[ComparedRow], scale: Scale, new: bool = False) -> list[str]:
    """Make a column: its head, and its values with how they differ from those of the base."""
    decimals = 2 if scale.ticks > 1 else 0
    values = [(row.new if new else row.base).shown(scale, decimals) for row in rows]
    shares = [_less(row, row.new if new else row.base) for row in rows]
    width, broad = max(map(len, [*values, name])), max(8, *map(len, shares))
    boxes = ["*{}*" if new and _apart(row) else "({})" for row in rows]
    cells = [
        f"{value:>{width}} {box.format(f'{share:>{broad}}')}"
        for value, box, share in zip(values, boxes, shares, strict=True)
    ]
    return [name.rjust(width + broad + 3), *cells]


def _less(row: ComparedRow, value: Value) -> str:
    base, level = row.base.level, value.level
    return f"{100 * (base - level) / base:.2f}%" if base and level is not None else "-"


def _apart(row: ComparedRow) -> bool:
    """Tell whether the interval of the ratio leaves out 1."""
    return bool(row.interval) and not row.same


def _notes(comparison: Comparison, scale: Scale) -> list[str]:
    notes = [f"in {scale.unit}; {counts(row.base.n for row in comparison.measured)} reps a side"]
    notes += [line.format(base=comparison.base) for line in _LEGEND]
    if not any(row.interval for row in comparison.measured):
        notes.append(_ONE_BOOT if any(row.apart for row in comparison.rows) else _SHORT)
    if any(row.guessed for row in comparison.rows):
        notes.append(f"Extrap, {GUESSED}")
    return notes
