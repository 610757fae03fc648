# SPDX-License-Identifier: GPL-2.0-only
"""A report as a terminal shows it best: bold, in colour and as wide as that one is."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from bench.model.visible import visible
from bench.report.table.findings import SMALL_WIN
from bench.report.table.section import Rows, Section
from bench.report.text.text import text_of
from bench.report.text.wrapped import GAP, Fitted, fit, records, wrap

_LINE = Box("    \n    \n ── \n    \n    \n ── \n    \n    \n")
_ASCII = Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)
_NAMED = re.compile(r"[a-z][a-z ]*: +")  # what a line of the environment begins with
_COPIED = ("command:", "samples:")  # to be copied: the terminal folds them, not we
_RATIO = re.compile(r"(?<![\w.])\d[\d.]*x(?![\w])")
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
    """For this stream, without the end of the last line; plain text where it is no terminal."""
    if not stream.isatty():
        return "\n" + text_of(sections)
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
        for number, section in enumerate(map(_visible, sections)):
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
    """As the user says, or the terminal does; one that does not know is taken for the usual."""
    columns, lines = os.get_terminal_size(stream.fileno())
    asked = environ.get("COLUMNS", "")
    known = int(asked) if asked.isdecimal() and asked.isascii() else columns
    return known or 80, lines or 24


def _unicode(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """By the locale: Python writes UTF-8 in that of C too, and calls it C.UTF-8 (PEP 538, 540)."""
    ctype = environ.get("LC_CTYPE", "")
    locale = environ.get("LC_ALL") or (ctype != "C.UTF-8" and ctype) or environ.get("LANG", "")
    return all("utf" in name.lower() for name in (locale, stream.encoding or ""))


def _visible(section: Section) -> Section:
    """Nothing in it moves the cursor."""
    return Section(
        visible(section.title),
        tuple(map(visible, section.notes)),
        tuple([tuple(map(visible, row)) for row in rows] for rows in section.tables),
        tuple(map(visible, section.lines)),
    )


def _parts(section: Section, terminal: _Terminal, verdict: bool) -> list[RenderableType]:
    width = terminal.width
    if not section and section.title:  # what follows is of another run
        rest = ("─" if terminal.unicode else "-") * (width - cell_len(section.title) - 1)
        return [Text.assemble((section.title, "bold"), (f" {rest}" if rest else "", "dim"))]
    parts: list[RenderableType] = []
    if section.title:
        parts.append(_coloured(wrap(section.title, width), "bold"))
    parts += [Text(wrap(note, width), "dim") for note in section.notes]
    for number, rows in enumerate(section.tables):
        parts += [Text()] if number else []
        parts += _table(rows, terminal)
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


def _table(rows: Rows, terminal: _Terminal) -> list[RenderableType]:
    fitted = fit(rows, terminal.width)
    if not fitted:
        return _records(rows, terminal.width)
    said = ", ".join(f"{head} {value}" for head, value in fitted.shared)
    return [*([Text(wrap(said, terminal.width))] if said else []), _grid(fitted, terminal)]


def _grid(fitted: Fitted, terminal: _Terminal) -> Table:
    table = Table(
        box=_LINE if terminal.unicode else _ASCII,
        safe_box=False,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        collapse_padding=True,
        header_style="bold",
        border_style="dim",
    )
    head, *body = fitted.rows
    for name, right in zip(head, fitted.right, strict=True):
        table.add_column(
            Text(name), justify="right" if right else "left", vertical="top", no_wrap=True
        )
    names = head.index("method") if "method" in head else 0
    before: Sequence[str] = ()
    for row in body:
        texts = [_cell(each, value) for each, value in zip(head, row, strict=True)]
        for i in range(names):  # what is as in the row above leads the eye nowhere
            if [*before[: i + 1]] == [*row[: i + 1]]:
                texts[i].stylize("dim")
        if not any(row[1:]):  # the name of a group
            texts[0].stylize("bold")
        table.add_row(*texts)
        before = row
    return table


def _cell(head: str, value: str) -> Text:
    text = _coloured(value, "yellow" if value.startswith("~") else "")
    if head == "ratio" and _RATIO.fullmatch(value):
        text.stylize("bold green" if float(value[:-1]) >= SMALL_WIN else "bold yellow")
    return text


def _records(rows: Rows, width: int) -> list[RenderableType]:
    """A line for each figure, below the name of its row: for a terminal of few columns."""
    parts: list[RenderableType] = []
    for name, values in records(rows):
        parts.append(Text(wrap(name, width, 2), "bold"))
        longest = max((len(head) for head, _ in values), default=0)
        for head, value in values:
            lead = f"  {head:<{longest}}  "
            text = Text(lead, "dim")
            room = max(width - len(lead), 1)
            text.append_text(_cell(head, wrap(value, room).replace("\n", "\n" + " " * len(lead))))
            parts.append(text)
    return parts
