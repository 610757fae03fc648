# SPDX-License-Identifier: GPL-2.0-only
"""Tables as every writer takes them: typed cells in columns that know how they are aligned.

bench.report.text, export.markdown, page and letter write them; none looks at a text to tell
what it is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import compress
from typing import Self

from bench.model.units import format_quantity, format_ratio
from bench.stats.least import LEAST_OF_MEDIAN


class EntryKind(Enum):
    """What stands in a cell of a table."""

    TEXT = auto()
    QUANTITY = auto()
    INTERVAL = auto()  # of the median of a quantity
    RATIO = auto()
    ESTIMATE = auto()  # extrapolated: a quantity that was not measured
    REASON = auto()  # a word that stands where a figure would


@dataclass(frozen=True)
class Entry:
    """One cell of a table. ``value`` is the ratio of a RATIO, for writers that colour it."""

    text: str
    kind: EntryKind = EntryKind.TEXT
    value: float | None = None

    @classmethod
    def quantity(cls, value: float, unit: str) -> Self:
        """Make the cell of a measured quantity; ``unit`` is that of `format_quantity`."""
        return cls(format_quantity(value, unit), EntryKind.QUANTITY)

    @classmethod
    def estimate(cls, value: float, unit: str) -> Self:
        """Make the cell of an extrapolated quantity, which a tilde marks."""
        return cls(f"~{format_quantity(value, unit)}", EntryKind.ESTIMATE)

    @classmethod
    def interval(cls, ends: tuple[float, float] | None, unit: str) -> Self:
        """Make the cell of an interval of a quantity; an empty one of None."""
        if ends is None:
            return cls("")
        return cls(" to ".join(format_quantity(end, unit) for end in ends), EntryKind.INTERVAL)

    @classmethod
    def ratio(cls, value: float | None) -> Self:
        """Make the cell of a ratio; an empty one of None, which is held against nothing."""
        return cls("") if value is None else cls(format_ratio(value), EntryKind.RATIO, value)

    @classmethod
    def reason(cls, state: str) -> Self:
        """Make the cell that says why there is no figure."""
        return cls(str(state), EntryKind.REASON)

    @classmethod
    def figure(cls, text: object) -> Self:
        """Make the cell of a figure that is spelled already: a count, a slope, a change."""
        return cls(str(text), EntryKind.QUANTITY)


NO_ENTRY = Entry("")
INTERVAL_HEAD = "95 % interval"
INTERVAL_SAID = "95 %: "  # before one in a sentence
NO_INTERVAL = (  # of a median
    f"no interval: it takes {LEAST_OF_MEDIAN} reps, "
    f"or {LEAST_OF_MEDIAN} boots where there are several"
)


@dataclass(frozen=True)
class Column:
    """``names``: its cells tell what a row is about. ``unit`` stands below its head, if at all."""

    head: str
    right: bool = True  # aligned as figures are
    names: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """Each row has as many cells as there are columns; those that name it come first.

    A table among several of a section has a ``title`` of its own.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Entry, ...], ...]
    title: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def names(self) -> int:
        """Count the columns that name a row."""
        return sum(column.names for column in self.columns)

    @property
    def heads(self) -> tuple[str, ...]:
        """List the heads for writers that have no other place for a title than the first one."""
        found = tuple(column.head for column in self.columns)
        return (found[0] or self.title, *found[1:]) if found else ()

    def of_columns(self, kept: Sequence[bool]) -> "Table":
        """Keep some of the columns."""
        rows = tuple(tuple(compress(row, kept)) for row in self.rows)
        return Table(tuple(compress(self.columns, kept)), rows, self.title)

    def filled(self) -> "Table":
        """Keep the columns in which any row has a text."""
        rows = range(len(self.columns))
        return self.of_columns([any(row[at].text for row in self.rows) for at in rows])


def make_table(
    columns: Iterable[Column], rows: Iterable[Iterable[Entry]], title: str = ""
) -> Table:
    """Make a table of any iterables."""
    return Table(tuple(columns), tuple(map(tuple, rows)), title)


def figures_under(*heads: str) -> tuple[Column, ...]:
    """Make a column of figures below each head."""
    return tuple(map(Column, heads))


@dataclass(frozen=True)
class Section:
    """A title, and what is below it, in the order of the fields; it may be of lines alone."""

    title: str = ""
    notes: tuple[str, ...] = ()  # what qualifies the title: units, words
    tables: tuple[Table, ...] = ()
    lines: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(self.tables) or bool(self.lines)

    @property
    def has_interval(self) -> bool:
        """Tell whether the interval of a median, or of a ratio of two, is in it."""
        entries = (entry for table in self.tables for row in table.rows for entry in row)
        said = any(INTERVAL_SAID in line for line in self.lines)
        return said or any(entry.kind is EntryKind.INTERVAL for entry in entries)

    def map(self, change: Callable[[str], str]) -> "Section":
        """Change every text of it."""
        tables = (
            Table(
                tuple(replace(c, head=change(c.head), unit=change(c.unit)) for c in each.columns),
                tuple(tuple(replace(e, text=change(e.text)) for e in row) for row in each.rows),
                change(each.title),
            )
            for each in self.tables
        )
        lines = tuple(map(change, self.lines))
        return Section(change(self.title), tuple(map(change, self.notes)), tuple(tables), lines)
