# SPDX-License-Identifier: GPL-2.0-only
"""Sections as plain text: for files, pipes and golden tests."""

from collections.abc import Iterable

from bench.report.table.section import Column, Section, Table

COLUMN_GAP = 2  # blanks between columns


def sections_text(sections: Iterable[Section]) -> str:
    """Write sections with a blank line between them, without the end of the last line."""
    return "\n\n".join(map(_section, sections))


def _section(section: Section) -> str:
    parts = [*section.notes, *map(table_text, section.tables), *section.lines]
    return "\n".join([section.title, *parts] if section.title else parts)


def table_text(table: Table) -> str:
    """Write a line of heads and a line a row, in columns as wide as their widest cell."""
    rows = [table.heads, *(tuple(entry.text for entry in row) for row in table.rows)]
    widths = [max(map(len, texts)) for texts in zip(*rows, strict=True)]
    aligned = [*zip(table.columns, widths, strict=True)]
    return "\n".join(_line(row, aligned) for row in rows)


def _line(texts: Iterable[str], aligned: Iterable[tuple[Column, int]]) -> str:
    cells = (
        text.rjust(width) if column.right else text.ljust(width)
        for text, (column, width) in zip(texts, aligned, strict=True)
    )
    return (" " * COLUMN_GAP).join(cells).rstrip()
