# SPDX-License-Identifier: GPL-2.0-only
"""A run as Markdown, for job summaries and pull requests."""

import re
from collections.abc import Sequence

from bench.model.cell import Clock, Phase
from bench.model.cell_state import CellState
from bench.model.units import format_quantity
from bench.report.table.cells import CellTable
from bench.report.table.columns import FACTORS, factors
from bench.report.table.environment import environment
from bench.report.table.figures import Figures, figures
from bench.report.table.section import Section
from bench.results.writer import Run

_UNIT = {
    Clock.WALL: "Wall time.",
    Clock.ICOUNT: "Instructions that the guest executed (icount): a count, not a time. "
    "k = 10^3, M = 10^6, G = 10^9.",
}
# What Markdown, and the HTML that it lets through, would take for its own: anywhere in a
# line, and at the begin of an item only.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$]|^[-+])")


def markdown_section(section: Section) -> str:
    """Of a report's: titles are a size smaller than those of runs."""
    parts = [f"#### {escape(section.title)}", "\n".join(f"- {escape(n)}" for n in section.notes)]
    for head, *rows in section.tables:
        cells = [tuple(map(escape, row)) for row in (head, *rows)]
        left = [*head].index("method") + 1 if "method" in head else 1
        parts.append(_table(cells[0], cells[1:], left))
    parts.append("\n".join(f"- {escape(line)}" for line in section.lines))
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown_of(run: Run, label: str, table: CellTable | None = None) -> str:
    """All of it, with the end of its last line."""
    rows = figures(run, table)
    sections = (
        f"### {escape(label)}",
        _UNIT[run.clock],
        _damage(run),
        _pauses(rows, run.clock.unit),
        _notes(rows),
        _phases(rows, run.clock.unit),
        _without(rows),
        _environment(run),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def escape(text: str) -> str:
    """Text from data on one line, as it is: nothing in it is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """``left`` columns of text, the others of figures."""
    marks = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


def _pauses(rows: Sequence[Figures], unit: str) -> str:
    shown = [row for row in rows if row.state in (CellState.MEASURED, CellState.EXTRAPOLATED)]
    head = (*FACTORS, "n", "median", "95 % interval", "min", "max", "ratio", "status")
    return _table(head, [_pause(row, unit) for row in shown], len(FACTORS)) if shown else ""


def _pause(row: Figures, unit: str) -> tuple[str, ...]:
    name = tuple(map(escape, factors(row.cell)))
    if row.pause is None:
        value, low, high = (f"\\~{format_quantity(each, unit)}" for each in row.estimate or ())
        return (*name, "0", value, f"{low} to {high}", "", "", "", "**extrapolated**")
    ends = row.pause.interval
    interval = " to ".join(format_quantity(end, unit) for end in ends) if ends else ""
    spread = (format_quantity(value, unit) for value in (row.pause.low, row.pause.high))
    median = format_quantity(row.pause.median, unit)
    times = "" if row.ratio is None else f"{row.ratio:.4g}x"
    return (*name, str(row.pause.n), median, interval, *spread, times, row.state.value)


def _notes(rows: Sequence[Figures]) -> str:
    notes = []
    if any(row.ratio is not None for row in rows):
        notes.append("ratio: the median of reset-owner (or reopen) over that of this method.")
    if any(row.pause and not row.pause.interval for row in rows):
        notes.append("No interval: it takes 6 reps.")
    if any(row.state is CellState.EXTRAPOLATED for row in rows):
        notes.append("\\~: not measured, from the line through smaller sizes, with its interval.")
    return " ".join(notes)


def _phases(rows: Sequence[Figures], unit: str) -> str:
    shown = [phase for phase in Phase if any(row.phases.get(phase) for row in rows)]
    if not shown:
        return ""
    body = [
        (*map(escape, factors(row.cell)), *(_median(row, phase, unit) for phase in shown))
        for row in rows
        if row.phases
    ]
    table = _table((*FACTORS, *(phase.value for phase in shown)), body, len(FACTORS))
    return f"Where it goes (medians):\n\n{table}"


def _median(row: Figures, phase: Phase, unit: str) -> str:
    return format_quantity(row.phases[phase], unit) if phase in row.phases else ""


def _without(rows: Sequence[Figures]) -> str:
    lines = [
        f"- {escape(' '.join(factors(row.cell)))}: **{row.state}**: {escape(row.reason)}"
        for row in rows
        if row.state is not CellState.MEASURED
    ]
    return "\n".join(["Without a figure:", "", *lines]) if lines else ""


def _damage(run: Run) -> str:
    lines = [f"- {escape(what)}" for what in run.damage]
    title = "**Damaged**: what follows is made from the lines that are whole."
    return "\n".join([title, "", *lines]) if lines else ""


def _environment(run: Run) -> str:
    lines = [f"- {escape(line)}" for line in environment(run)]
    return "\n".join(["Environment:", "", *lines]) if lines else ""
