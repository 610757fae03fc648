# SPDX-License-Identifier: GPL-2.0-only
"""Sections as Markdown of GitHub's flavour: the same that a terminal shows."""

import re
from collections.abc import Iterable

from bench.report.table.section import Entry, EntryKind, Section, Table

# What Markdown, and the HTML that it lets through, would take for its own: anywhere in a
# line, and at the begin of an item only.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$]|^[-+])")


def markdown_section(section: Section) -> str:
    """Write a section of a report, with the end of its last line.

    Its title is a size smaller than those of runs.
    """
    parts = (
        f"#### {escape(section.title)}" if section.title else "",
        _items(section.notes),
        *map(markdown_table, section.tables),
        _items(section.lines),
    )
    return "\n\n".join(filter(None, parts)) + "\n"


def markdown_table(table: Table) -> str:
    """Write a table, figures to the right; without the end of its last line."""
    marks = ["---:" if column.right else "---" for column in table.columns]
    rows = (map(_entry, row) for row in table.rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in (map(escape, table.heads), marks, *rows))


def escape(text: str) -> str:
    """Write text from data on one line, as it is: nothing in it is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _entry(entry: Entry) -> str:
    """Write a cell, in bold where it is a reason instead of a measurement."""
    return f"**{escape(entry.text)}**" if entry.kind is EntryKind.REASON else escape(entry.text)


def _items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)
