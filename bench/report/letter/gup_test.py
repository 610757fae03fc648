# SPDX-License-Identifier: GPL-2.0-only
"""Figures in the lines of the kernel's gup_test, as commits of mm/gup.c quote them.

The selftest prints microseconds. Where a run counts instructions the lines say so in the place
of "Time", and their unit is insn.
"""

from collections.abc import Mapping

from bench.model.cell import Cell
from bench.model.method import Method, Phase
from bench.report.letter.ascii import MAIL_WIDTH
from bench.report.letter.compared import Comparison, Value
from bench.report.letter.factors import LetterTable, Names, alias_legend, arrange, factor_key
from bench.report.letter.numbers import GUESSED, Scale, counts
from bench.report.letter.plain import pin_cells
from bench.report.table.cells import CellTable

_LABEL = {Method.GUP_TEST: "PIN_LONGTERM_BENCHMARK"}  # what others are called is their own name
# What the selftest calls get and put; a live update does both, and names its own phases.
_PINS = {"get": Phase.PIN, "put": Phase.UNPIN}
_HANDOVER = {"release": Phase.RELEASE, "map": Phase.MAP}
_QUANTITY = {"ns": "Time", "instructions": "Instructions"}
_LEAST = 100.0  # us: below it the unit is ns, so that whole numbers keep three digits


def gup_table(comparison: Comparison, unit: str) -> LetterTable:
    """Write both sides of a comparison after each other, a line a cell."""
    rows = comparison.rows
    cells = [row.cell for row in rows]
    arrangement = arrange(cells, 0, spell=factor_key)
    scale = _scale([value.level for value in comparison.values if value.level], unit)
    lines: list[str] = []
    for name in (comparison.base, comparison.new):
        lines += [""] * bool(lines) + [f"With {name}:", ""]
        for row in rows:
            value = row.base if name == comparison.base else row.new
            place = arrangement.factor_key(row.cell)
            lines += _lines(_label(row.cell, place), _shown(value, scale, unit))
    notes = [f"medians of {counts(row.base.n for row in comparison.measured)} reps a side"]
    notes += [GUESSED] if any(row.guessed for row in rows) else []
    return LetterTable(arrangement.said, lines, [*notes, *alias_legend(cells)])


def gup_pins_table(table: CellTable, names: Names) -> LetterTable:
    """Write pinning and unpinning of each cell of pin loops."""
    found = pin_cells(table)
    shown = [names.shown(cell) for cell in found]
    arrangement = arrange(shown, 0, (), factor_key)
    spans = {
        cell: {name: table.phases(cell, phase).median for name, phase in _PINS.items()}
        for cell in found
    }
    scale = _scale([ticks for each in spans.values() for ticks in each.values()], table.unit)
    lines: list[str] = []
    for cell, seen in zip(found, shown, strict=True):
        said = f"{_QUANTITY[table.unit]}: {_spelled(spans[cell], scale)}"
        lines += _lines(_label(cell, arrangement.factor_key(seen)), said)
    notes = [f"medians of {counts(len(table.ok(cell)) for cell in found)} reps"]
    return LetterTable(arrangement.said, lines, [*notes, *alias_legend(shown)])


def _lines(label: str, said: str) -> list[str]:
    """Write a line, or two of one that is longer than a mail's; git takes neither for a comment."""
    line = f"  # {label}: {said}"
    return [line] if len(line) <= MAIL_WIDTH else [f"  # {label}:", f"  # {said}"]


def _label(cell: Cell, place: str) -> str:
    label = _LABEL.get(cell.method, "")
    return f"{label}, {place}" if label else place


def _scale(values: list[float], unit: str) -> Scale:
    """Choose the unit: whole numbers of it are printed, as gup_test does."""
    if unit != "ns":
        return Scale(1, "insn")
    least = min((value for value in values if value), default=0.0)
    return Scale(1e3, "us") if least >= _LEAST * 1e3 else Scale(1, "ns")


def _shown(value: Value, scale: Scale, unit: str) -> str:
    if not value.phases:
        said = f" {scale.unit}" if value.level is not None else ""
        return f"{value.state.value if said else ''} {value.shown(scale, 0)}{said}".strip()
    pins = Phase.PIN in value.phases
    words = _PINS if pins else _HANDOVER
    spans = {name: value.phases.get(str(phase), 0.0) for name, phase in words.items()}
    whole = {} if pins else {"pause": value.level or 0.0}
    return f"{_QUANTITY[unit]}: {_spelled({**spans, **whole}, scale)}"


def _spelled(spans: Mapping[str, float], scale: Scale) -> str:
    return f"{' '.join(f'{name}:{scale.shown(t, 0)}' for name, t in spans.items())} {scale.unit}"
