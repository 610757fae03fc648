# SPDX-License-Identifier: GPL-2.0-only
"""The functions that a pause was spent in, a few lines a method."""

from collections.abc import Iterable, Sequence

from bench.model.cell import Cell
from bench.model.units import format_quantity
from bench.profile.functions import functions_of, short
from bench.report.letter.ascii import wrapped
from bench.report.letter.compared import ComparedRow
from bench.report.letter.factors import Names, cell_place
from bench.report.letter.numbers import share
from bench.report.table.functions import (
    OTHERS,
    TopPhase,
    a_page,
    adds_up,
    one_a_method,
    pages,
    remarks,
    top_phases,
)
from bench.results.writer import Run

_PHASES, _NAMED = 2, 3  # of a method, of a phase
_MOST = 8  # cells whose difference is explained
_LEAST_CHANGE = 0.001  # of a pause, that is explained


def functions_paragraph(run: Run, names: Names) -> list[str]:
    """Write of each method the functions of its largest phases, at its largest memory.

    No line without a profile.
    """
    cells = one_a_method(run)
    damaged = [line for what in run.unread_profiles for line in wrapped(f"damaged: {what}", "  ")]
    if not cells:
        return damaged
    said = adds_up(run.profiles[cell] for cell in cells)
    head = "Functions by their own instructions, in % of the phase and for each 4K page, "
    lines = wrapped(f"{head}{said}:", rest="  ")
    for cell in cells:
        lines += _method(run, cell, names)
    return [*lines, *(line for text in remarks(run) for line in wrapped(text, "  ", "    "))]


def _method(run: Run, cell: Cell, names: Names) -> list[str]:
    phases = top_phases(functions_of(run.profiles[cell]))
    largest = sorted(phases, key=lambda phase: -phase.share)[:_PHASES]
    lines = wrapped(f"{cell.method} at {cell_place(names.shown(cell))}:", "  ", "    ")
    for phase in phases:
        if phase in largest:
            lines += wrapped(_phase(phase, cell), "    ", "      ")
    return lines


def _phase(phase: TopPhase, cell: Cell) -> str:
    """Spell ``release (66 % of the pause): 40 % unpin_user_page (60 a page), others 12 %``."""
    whole = phase.spent.counted
    top = phase.spent.top(_NAMED)
    said = [f"{share(own / whole)} {short(label)} ({_amount(own, cell)})" for label, own in top]
    left = whole - sum(own for _, own in top)
    said += [f"{OTHERS} {share(left / whole)}"] if left else []
    return f"{phase.name} ({share(phase.share)} of the pause): {', '.join(said)}"


def _amount(own: int, cell: Cell) -> str:
    """Spell instructions a page, or all of them where memory has no part in them."""
    if own < pages(cell) / 100:
        return f"{format_quantity(own, 'instructions')} in all"
    return f"{a_page(own, cell)} a page"


def growth_paragraph(rows: Iterable[ComparedRow]) -> list[str]:
    """Write which functions the difference between two kernels comes from, cell by cell.

    No line where a side has no profile, or no pause differs.
    """
    found = [
        (cell_place(row.cell), row.explanation.text)
        for row in rows
        if row.explanation and row.gain and abs(1 / row.gain - 1) >= _LEAST_CHANGE
    ]
    return _explained(found)


def _explained(found: Sequence[tuple[str, str]]) -> list[str]:
    if not found:
        return []
    lines = wrapped("By function, from one profiled rep of either kernel:", rest="  ")
    for place, text in found[:_MOST]:
        lines += wrapped(f"{place}: {text}", "  ", "    ")
    left = len(found) - _MOST
    return lines + ([f"  and {left} more cells"] if left > 0 else [])
