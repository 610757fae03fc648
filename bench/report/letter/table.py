# SPDX-License-Identifier: GPL-2.0-only
"""Columns with a head of one or two lines, in groups of rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.letter.factors import GAP


@dataclass(frozen=True)
class Column:
    head: tuple[str, ...]  # one line, or a second with its unit
    values: tuple[str, ...]
    left: bool = False

    @property
    def width(self) -> int:
        return max(map(len, (*self.head, *self.values)))

    def shown(self, text: str) -> str:
        return text.ljust(self.width) if self.left else text.rjust(self.width)


def lines_of(columns: Sequence[Column], groups: Sequence[tuple[str, list[int]]]) -> list[str]:
    """Heads, then each group: its name, where it has one, and its rows."""
    depth = max(len(column.head) for column in columns)
    heads = [(*column.head, *("",) * (depth - len(column.head))) for column in columns]
    lines = [_line(columns, [head[level] for head in heads]) for level in range(depth)]
    for number, (name, places) in enumerate(groups):
        if name:
            lines += [*([""] if number else []), f"{name}:"]
        lines += [_line(columns, [column.values[at] for column in columns]) for at in places]
    return lines


def _line(columns: Sequence[Column], texts: Sequence[str]) -> str:
    cells = (column.shown(text) for column, text in zip(columns, texts, strict=True))
    return (" " * GAP).join(cells).rstrip()
