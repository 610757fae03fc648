# SPDX-License-Identifier: GPL-2.0-only
"""Tables as a page has them: which cells are heads, which are figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.report.table.columns import FACTORS, factors, is_figure
from bench.report.table.figures import CellState, Figures
from bench.report.table.section import Rows, Section
from bench.results.comparable import must_match

_LONGEST = 24  # characters that a figure or its interval has, but no sentence


@dataclass(frozen=True)
class Grid:
    """One table; its first row is the head."""

    caption: str
    rows: Rows
    figures: bool = True

    @property
    def head(self) -> Sequence[str]:
        return self.rows[0]

    @property
    def body(self) -> Rows:
        return self.rows[1:]

    @property
    def heads(self) -> int:
        """Columns that name a row: all up to the method, no fewer tell it from its neighbours."""
        return [*self.head].index("method") + 1 if "method" in self.head else 1

    @cached_property
    def numeric(self) -> list[bool]:
        """Columns that are aligned as figures are."""
        columns = [*zip(*self.body, strict=True)]
        return [self.figures and self._numeric(*each) for each in enumerate(columns)]

    def _numeric(self, place: int, column: Sequence[str]) -> bool:
        """Figures, and beside those of a measurement the few words that stand for one."""
        found = [is_figure(cell) for cell in column if cell]
        if place < self.heads:
            return bool(found) and all(found)
        return any(found) and max(map(len, column)) <= _LONGEST

    @cached_property
    def marked(self) -> list[bool]:
        """Rows that are no measurement."""
        return [any(cell in _MARKS for cell in row) for row in self.body]


_MARKS = {state.value for state in CellState if state is not CellState.MEASURED}


@dataclass(frozen=True)
class Part:
    """A section with its tables; each of several is called what its head begins with."""

    title: str
    notes: tuple[str, ...]
    grids: tuple[Grid, ...]
    lines: tuple[str, ...] = ()


def parts(sections: Sequence[Section]) -> list[Part]:
    """Of the sections that have tables."""
    return [
        Part(found.title, found.notes, tuple(_grids(found)), found.lines)
        for found in sections
        if found.tables
    ]


def _grids(section: Section) -> Iterable[Grid]:
    several = len(section.tables) > 1
    for rows in section.tables:
        if several:
            yield Grid(rows[0][0], (("", *rows[0][1:]), *rows[1:]))
        else:
            yield Grid(section.title, rows)


def unmeasured(rows: Sequence[Figures]) -> list[Part]:
    """Each cell that has no measurement, what it has instead, and why; none where all have."""
    left = [row for row in rows if row.state is not CellState.MEASURED]
    head = (*FACTORS, "state", "reason")
    body = [(*factors(row.cell), row.state.value, row.reason) for row in left]
    title = "Cells that were not measured"
    return [Part(title, (), (Grid(title, (head, *body)),))] if left else []


def different(facts: Sequence[Mapping[str, str]], names: Sequence[str]) -> Grid | None:
    """Facts that are not the same in all; the first of several is what the others are held to."""
    known = sorted({name for each in facts for name in each})
    rows = [(name, *(each.get(name, "not known") for each in facts)) for name in known]
    rows = [row for row in rows if len({*row[1:]}) > 1]
    if not rows:
        return None
    must = {name for each in facts[1:] for name in must_match(facts[0], each)}
    head = ("fact", *names, "comparable")
    body = [(*row, "no" if row[0] in must else "yes") for row in rows]
    return Grid("What differs between the runs", (head, *body), figures=False)
