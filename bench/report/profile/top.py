# SPDX-License-Identifier: GPL-2.0-only
"""Tabulate the functions of a profile: what each spent itself, and with all that it called."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.model.units import number_of
from bench.model.visible import visible
from bench.profile.profile import INSTRUCTIONS, Function
from bench.report.profile.names import a_page, cut, share, short_label
from bench.report.profile.portion import Portion
from bench.report.table.section import NO_ENTRY, Column, Entry, Section, Table, make_table

MOST = 30  # functions of a table
LONGEST_LINE = 40  # cells of a place in the source
_FAR = 1e-4  # of the clock's count: the profile is to say by how much it fails


@dataclass(frozen=True)
class FunctionRow:
    """What a function spent: itself, and with what it called."""

    function: Function
    own: int
    with_callees: int


def function_rows(taken: Portion) -> list[FunctionRow]:
    """List the functions that spent anything themselves, the greatest first."""
    profile = taken.profile
    own = profile.by_function(taken.own)
    whole = profile.with_callees(taken.own)
    spent = [
        FunctionRow(profile.functions[i], int(own[i]), int(whole[i])) for i in np.flatnonzero(own)
    ]
    return sorted(spent, key=lambda row: (-row.own, row.function))


def top_section(taken: Portion, most: int = MOST) -> Section:
    """Tabulate the functions that spent most; the last rows make it add up."""
    profile = taken.profile
    title = f"Functions of {taken.place}: {profile.cell.label}"
    if not taken.total:
        return Section(title, lines=(f"no {taken.kind} in {taken.place}",))
    rows = function_rows(taken)
    shown, left = rows[:most], rows[most:]
    table = [_row(taken, short_label(row.function), row.own, row.with_callees) for row in shown]
    if left:
        table.append(
            _row(taken, number_of(len(left), "more function"), sum(row.own for row in left))
        )
    table.append(_row(taken, "all", taken.total))
    heads = ("own", f"of {taken.place}", "with callees", "own a 4K page")
    columns = [Column("function", right=False, names=True), *map(Column, heads)]
    notes = (f"{taken.kind}, of each function itself and with all that it called", *profile.notes)
    tables = (make_table(columns, table), *_lines(taken, most))
    return Section(title, notes, tables, tuple(_clock(taken)))


def _lines(taken: Portion, most: int) -> Iterator[Table]:
    """Tabulate the lines of source that were executed most, where they were recorded."""
    counts: Counter[str] = Counter()
    for name in taken.spans if taken.kind == INSTRUCTIONS else ():
        counts.update(taken.profile.lines.get(name, {}))
    rows = sorted(counts.items(), key=lambda line: (-line[1], line[0]))
    shown, left = rows[:most], rows[most:]
    table = [_line(taken, cut(visible(line), LONGEST_LINE), count) for line, count in shown]
    if left:
        table.append(
            _line(taken, number_of(len(left), "more line"), sum(count for _, count in left))
        )
    if table:
        heads = map(Column, ("own", f"of {taken.place}", "own a 4K page"))
        yield make_table((Column("line", right=False, names=True), *heads), table)


def _line(taken: Portion, name: str, own: int) -> Sequence[Entry]:
    return (
        Entry(name),
        Entry.quantity(own, INSTRUCTIONS),
        Entry.figure(share(own, taken.total)),
        Entry.figure(a_page(own / taken.pages)),
    )


def _row(taken: Portion, name: str, own: int, whole: int | None = None) -> Sequence[Entry]:
    return (
        Entry(name),
        Entry.quantity(own, INSTRUCTIONS),
        Entry.figure(share(own, taken.total)),
        NO_ENTRY if whole is None else Entry.quantity(whole, INSTRUCTIONS),
        Entry.figure(a_page(own / taken.pages)),
    )


def _clock(taken: Portion) -> list[str]:
    """Hold the count of instructions against the guest's clock."""
    if taken.kind != INSTRUCTIONS:
        return []
    spans = taken.profile.spans
    ticks = sum(spans[name].ticks for name in taken.spans if name in spans)
    if not ticks:
        return []
    off = taken.total / ticks - 1
    said = f"{taken.total} instructions, {ticks} by the guest's clock"
    return [f"{said}: {off:+.2%}" if abs(off) > _FAR else f"{said}: within {_FAR:.2%}"]
