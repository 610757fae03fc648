# SPDX-License-Identifier: GPL-2.0-only
"""Tables and lines made to fit a width: words go to the next line, figures stay whole."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.report.table.columns import is_figure
from bench.report.table.section import Rows

GAP = 2  # blanks between columns
# Between a number and its unit: textwrap breaks at ASCII blanks only.
_GLUE = "\N{NO-BREAK SPACE}"
_FIGURE = re.compile(r"(?<=\d) (?=(?:[KMGT]iB|B|ns|us|ms|s|k|M|G|%)(?:\W|$))")
_WHOLE = re.compile(r"[~+-]?\d[\d.]*(?=[ x]|$)")  # a cell that is a figure, with all behind it
_NAME = "method"  # the last column of those that name a row, where it is there


@dataclass(frozen=True)
class Fitted:
    """A table whose cells are wrapped to the widths of their columns.

    ``shared`` has the head and the value of each column that was the same in all rows, and
    is left out for that.
    """

    rows: Rows
    right: tuple[bool, ...]
    shared: tuple[tuple[str, str], ...] = ()


def wrap(text: str, width: int, hanging: int = 0) -> str:
    """Lines of at most ``width``; a word that is longer has a line that is, and is whole."""
    lead = text[: len(text) - len(text.lstrip(" "))]
    lines = textwrap.wrap(
        _FIGURE.sub(_GLUE, text.strip(" ")),
        max(width, 1),
        initial_indent=lead,
        subsequent_indent=lead + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_GLUE, " ")


def fit(rows: Rows, width: int) -> Fitted | None:
    """As wide as fits: all of it, what rows do not share, or in groups; None where nothing does."""
    told = _columns(rows, [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])])
    same = [i for i in range(len(told[0])) if _same(told, i)]
    left = _columns(told, [i for i in range(len(told[0])) if i not in same])
    shared = tuple((told[0][i], told[1][i]) for i in same)
    grouped = _grouped(left)
    return (
        _fit(told, (), width, wrapping=False)
        or _fit(left, shared, width, wrapping=False)
        or _fit(grouped, shared, width, wrapping=False)
        or _fit(grouped, shared, width, wrapping=True)
    )


def _grouped(rows: Rows) -> Rows:
    """One column for all that names a row: the methods of a group stand below its name."""
    if _NAME not in rows[0]:
        return rows
    names = [*rows[0]].index(_NAME)
    found: list[tuple[str, ...]] = [(" ".join(rows[0][: names + 1]), *rows[0][names + 1 :])]
    before: Sequence[str] = ()
    for row in rows[1:]:
        if names and before != row[:names]:
            before = row[:names]
            found.append((" ".join(before), *[""] * (len(row) - names - 1)))
        found.append(("  " * bool(names) + row[names], *row[names + 1 :]))
    return found


def _same(rows: Rows, column: int) -> bool:
    """Of what names a row only: a figure is looked for in its own column."""
    names = [*rows[0]].index(_NAME) if _NAME in rows[0] else 0
    return len(rows) > 2 and column < names and len({row[column] for row in rows[1:]}) == 1


def _columns(rows: Rows, which: Sequence[int]) -> list[tuple[str, ...]]:
    return [tuple(row[i] for i in which) for row in rows]


def _fit(
    rows: Rows, shared: tuple[tuple[str, str], ...], width: int, *, wrapping: bool
) -> Fitted | None:
    columns = [*zip(*rows, strict=True)]
    right = tuple(all(map(is_figure, column[1:])) for column in columns)
    widest = [max(map(len, column)) for column in columns]
    least = [max(map(_longest, column)) for column in columns]
    room = width - GAP * (len(widest) - 1)
    if sum(least if wrapping else widest) > room:
        return None
    widths = _shrunk(widest, least, room)
    wrapped = [
        tuple(
            cell if len(cell) <= each else wrap(cell, each)
            for cell, each in zip(row, widths, strict=True)
        )
        for row in rows
    ]
    return Fitted(wrapped, right, shared)


def _longest(cell: str) -> int:
    """Characters of what cannot be wrapped, with the blanks that it begins with."""
    if _WHOLE.match(cell):
        return len(cell)
    text = cell.lstrip(" ")
    words = _FIGURE.sub(_GLUE, text).split(" ")
    return len(cell) - len(text) + max(map(len, words))


def _shrunk(widest: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit: what has most to give gives first."""
    widths = [*widest]
    while sum(widths) > room:
        slack = [now - low for now, low in zip(widths, least, strict=True)]
        widths[slack.index(max(slack))] -= 1
    return widths


def records(rows: Rows) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Of each row its name, and a head and a value for each figure that it has."""
    head = [*rows[0]]
    names = head.index(_NAME) + 1 if _NAME in head else 1
    for row in rows[1:]:
        values = [(head[i], row[i]) for i in range(names, len(head)) if row[i]]
        yield " ".join(part.strip() for part in row[:names] if part), values
