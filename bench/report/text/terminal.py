# SPDX-License-Identifier: GPL-2.0-only
"""A report as a terminal shows it best: bold, in colour and as wide as that one is."""

import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TextIO

import rich.table
from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from bench.model.visible import visible
from bench.report.table.findings import SMALL_WIN
from bench.report.table.section import NO_ENTRY, Column, Entry, EntryKind, Section, Table
from bench.report.text.text import COLUMN_GAP, sections_text

_LINE = Box("    \n    \n ── \n    \n    \n ── \n    \n    \n")
_ASCII = Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)
_NAMED = re.compile(r"[a-z][a-z ]*: +")  # what a line of the environment begins with
_COPIED = ("command:", "samples:")  # to be copied: the terminal folds them, not we
_RATIO = re.compile(r"(?<![\w.])\d[\d.]*x(?![\w])")
# Between a number and its unit: textwrap breaks at ASCII blanks only.
_GLUE = "\N{NO-BREAK SPACE}"
_FIGURE = re.compile(r"(?<=\d) (?=(?:[KMGT]iB|B|ns|us|ms|s|k|M|G|%)(?:\W|$))")
# Words that say what a cell is, wherever they stand; their colours say it once more.
_STATES = {
    "failed": "bold red",
    "damaged": "bold red",
    "skipped": "yellow",
    "missing": "yellow",
    "lost": "yellow",
    "not measured": "yellow",
    "not planned": "yellow",
    "extrapolated": "yellow",
    "warning:": "yellow",
}
_STATE = re.compile(rf"(?<![\w-])({'|'.join(_STATES)})(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True)
class _Terminal:
    width: int
    height: int  # without it rich takes a dumb terminal for one of 80 columns
    colours: bool
    unicode: bool


def shown(sections: Sequence[Section], stream: TextIO) -> str:
    """Write sections for a stream: plain text where it is no terminal.

    Without the end of the last line.
    """
    if not stream.isatty():
        return "\n" + sections_text(sections)
    terminal = _terminal(stream, os.environ)
    console = Console(
        file=stream,
        width=terminal.width,
        height=terminal.height,
        color_system="standard" if terminal.colours else None,
        force_terminal=True,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as captured:
        for number, section in enumerate(each.map(visible) for each in sections):
            console.print()
            first = all(not each.title for each in sections[: number + 1])
            for part in _parts(section, terminal, verdict=first):
                console.print(part, soft_wrap=isinstance(part, Text))
    return captured.get().rstrip("\n")


def _terminal(stream: TextIO, environ: Mapping[str, str]) -> _Terminal:
    plain = bool(environ.get("NO_COLOR")) or environ.get("TERM", "dumb") in ("", "dumb", "unknown")
    columns, lines = _size(stream, environ)
    return _Terminal(columns, lines, not plain, _unicode(stream, environ))


def _size(stream: TextIO, environ: Mapping[str, str]) -> tuple[int, int]:
    """Take columns and lines from COLUMNS or from the terminal, else 80 and 24."""
    columns, lines = os.get_terminal_size(stream.fileno())
    asked = environ.get("COLUMNS", "")
    known = int(asked) if asked.isdecimal() and asked.isascii() else columns
    return known or 80, lines or 24


def _unicode(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell by the locale: Python writes UTF-8 in that of C too, called C.UTF-8 (PEP 538, 540)."""
    ctype = environ.get("LC_CTYPE", "")
    locale = environ.get("LC_ALL") or (ctype != "C.UTF-8" and ctype) or environ.get("LANG", "")
    return all("utf" in name.lower() for name in (locale, stream.encoding or ""))


def _parts(section: Section, terminal: _Terminal, verdict: bool) -> list[RenderableType]:
    width = terminal.width
    if not section and section.title:  # what follows is of another run
        rest = ("─" if terminal.unicode else "-") * (width - cell_len(section.title) - 1)
        return [Text.assemble((section.title, "bold"), (f" {rest}" if rest else "", "dim"))]
    parts: list[RenderableType] = []
    if section.title:
        parts.append(_coloured(wrap(section.title, width), "bold"))
    parts += [Text(wrap(note, width), "dim") for note in section.notes]
    for number, table in enumerate(section.tables):
        parts += [Text()] if number else []
        parts += _table(table, terminal)
    return parts + [_line(line, width, verdict) for line in section.lines]


def _line(line: str, width: int, verdict: bool) -> Text:
    name = _NAMED.match(line)
    if line.startswith(_COPIED):
        text = Text(line)
    else:
        text = _coloured(wrap(line, width, len(name[0]) if name else 2), "bold" if verdict else "")
    if verdict:
        text.highlight_regex(_RATIO, "green")
    elif name:
        text.stylize("dim", 0, name.end())
    return text


def _coloured(line: str, style: str = "") -> Text:
    text = Text(line, style)
    for found in _STATE.finditer(line):
        text.stylize(_STATES[found[0].lower()], *found.span())
    return text


def _table(table: Table, terminal: _Terminal) -> list[RenderableType]:
    fitted = fit(table, terminal.width)
    if not fitted:
        return _records(table, terminal.width)
    told, shared = fitted
    said = ", ".join(f"{head} {value}" for head, value in shared)
    grid = _grid(told, terminal)
    return [Text(wrap(said, terminal.width)), grid] if said else [grid]


def _grid(table: Table, terminal: _Terminal) -> rich.table.Table:
    grid = rich.table.Table(
        box=_LINE if terminal.unicode else _ASCII,
        safe_box=False,
        show_edge=False,
        pad_edge=False,
        padding=(0, COLUMN_GAP - 1, 0, 0),
        collapse_padding=True,
        header_style="bold",
        border_style="dim",
    )
    for column, head in zip(table.columns, table.heads, strict=True):
        justify: Literal["left", "right"] = "right" if column.right else "left"
        grid.add_column(Text(head), justify=justify, vertical="top", no_wrap=True)
    before: Sequence[Entry] = ()
    for row in table.rows:
        texts = [*map(_entry, row)]
        for i in range(table.names - 1):  # what is as in the row above leads the eye nowhere
            if before[: i + 1] == row[: i + 1]:
                texts[i].stylize("dim")
        if not any(entry.text for entry in row[1:]):  # the name of a group
            texts[0].stylize("bold")
        grid.add_row(*texts)
        before = row
    return grid


def _entry(entry: Entry) -> Text:
    """Colour a cell by its kind, which its text says too."""
    text = _coloured(entry.text, "yellow" if entry.kind is EntryKind.ESTIMATE else "")
    if entry.kind is EntryKind.RATIO:
        text.stylize("bold green" if (entry.value or 0) >= SMALL_WIN else "bold yellow")
    return text


def _records(table: Table, width: int) -> list[RenderableType]:
    """Write a line for each figure, below the name of its row: for terminals of few columns."""
    titled = bool(table.title) and table.heads[0] == table.title
    parts: list[RenderableType] = [Text(wrap(table.title, width), "bold")] * titled
    for row in table.rows:
        name = " ".join(entry.text.strip() for entry in row[: table.names] if entry.text)
        parts.append(Text(wrap(name, width, 2), "bold"))
        heads = zip(table.heads, row, strict=True)
        values = [(head, entry) for head, entry in heads if entry.text][table.names :]
        longest = max((len(head) for head, _ in values), default=0)
        for head, entry in values:
            lead = f"  {head:<{longest}}  "
            lines = wrap(entry.text, max(width - len(lead), 1))
            shown = replace(entry, text=lines.replace("\n", "\n" + " " * len(lead)))
            parts.append(Text.assemble((lead, "dim"), _entry(shown)))
    return parts


def wrap(text: str, width: int, hanging: int = 0) -> str:
    """Wrap a text to lines of at most ``width``; a longer word stays whole on its own line."""
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


def fit(table: Table, width: int) -> tuple[Table, tuple[tuple[str, str], ...]] | None:
    """Wrap the cells of a table to fit ``width`` columns, in the first of these ways that does.

    Whole; without what its rows share; in groups below a name; with cells of several lines.
    Returns it with the head and the value of each column that is left out as its rows share it,
    or None where no way does.
    """
    told = table.filled()
    several, names = len(told.rows) > 1, told.names - 1
    values = [{entry.text for entry in column} for column in zip(*told.rows, strict=True)]
    same = [several and at < names and len(found) == 1 for at, found in enumerate(values)]
    left = told.of_columns([not each for each in same])
    heads = zip(told.heads, told.rows[0], same, strict=True)
    shared = tuple((head, entry.text) for head, entry, each in heads if each)
    grouped = _grouped(left)
    ways = ((told, (), False), (left, shared, False), (grouped, shared, False))
    for made, said, wrapping in (*ways, (grouped, shared, True)):
        if fitted := _fitted(made, width, wrapping):
            return fitted, said
    return None


def _grouped(table: Table) -> Table:
    """Put all that names a row into one column: a group's methods stand below its name."""
    names = table.names - 1
    if names < 1:
        return table
    rows: list[tuple[Entry, ...]] = []
    before: Sequence[Entry] = ()
    for row in table.rows:
        if before != row[:names]:
            before = row[:names]
            group = Entry(" ".join(entry.text for entry in before))
            rows.append((group, *[NO_ENTRY] * (len(row) - names - 1)))
        rows.append((Entry(f"  {row[names].text}"), *row[names + 1 :]))
    first = Column(" ".join(table.heads[: names + 1]), right=False, names=True)
    return Table((first, *table.columns[names + 1 :]), tuple(rows))


def _fitted(table: Table, width: int, wrapping: bool) -> Table | None:
    rows = [tuple(map(Entry, table.heads)), *table.rows]
    columns = [*zip(*rows, strict=True)]
    widest = [max(len(entry.text) for entry in column) for column in columns]
    least = [max(map(_longest, column)) for column in columns]
    room = width - COLUMN_GAP * (len(columns) - 1)
    if sum(least if wrapping else widest) > room:
        return None
    widths = _shrunk(widest, least, room)
    head, *body = (tuple(map(_wrapped, row, widths)) for row in rows)
    heads = [replace(c, head=e.text) for c, e in zip(table.columns, head, strict=True)]
    return Table(tuple(heads), tuple(body))


def _wrapped(entry: Entry, width: int) -> Entry:
    return entry if len(entry.text) <= width else replace(entry, text=wrap(entry.text, width))


def _longest(entry: Entry) -> int:
    """Count the characters that cannot be wrapped, with the blanks that they follow."""
    if entry.kind not in (EntryKind.TEXT, EntryKind.REASON):
        return len(entry.text)
    text = entry.text.lstrip(" ")
    words = _FIGURE.sub(_GLUE, text).split(" ")
    return len(entry.text) - len(text) + max(map(len, words))


def _shrunk(widest: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Shrink columns until they fit, at each step the one furthest from its least width."""
    widths = [*widest]
    while sum(widths) > room:
        slack = [now - low for now, low in zip(widths, least, strict=True)]
        widths[slack.index(max(slack))] -= 1
    return widths
