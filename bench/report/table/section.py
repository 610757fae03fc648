# SPDX-License-Identifier: GPL-2.0-only
"""A part of a report, before anybody knows whether it becomes text, a terminal's or a page's."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.table.columns import columns

Rows = Sequence[Sequence[str]]  # the first is the head


@dataclass(frozen=True)
class Section:
    """What is in it comes in this order; a part that is empty has nothing to say."""

    title: str = ""
    notes: tuple[str, ...] = ()  # what qualifies the title: units, words
    tables: tuple[Rows, ...] = ()
    lines: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tables or self.lines)


def plain(section: Section) -> str:
    """Without the end of its last line."""
    parts = [*section.notes, *map(columns, section.tables), *section.lines]
    return "\n".join([section.title, *parts] if section.title else parts)
