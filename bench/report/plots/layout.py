# SPDX-License-Identifier: GPL-2.0-only
"""Where the parts of a figure stand: measures in inches, places as parts of the figure."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 9.0
_TITLE, _KEY_ROW, _FOOT_ROW = 0.5, 0.2, 0.15
_AROUND = 0.65  # a row's titles and tick labels
_LINE = 125  # characters of a note


@dataclass(frozen=True)
class Layout:
    """Panels of one size below a title and keys, above notes."""

    panels: int
    keys: int
    notes: Sequence[str]
    most_columns: int = 2
    height: float = 2.1  # of what is within the axes
    left: float = 0.75
    right: float = 1.4
    per_row: int = 6  # keys

    @property
    def columns(self) -> int:
        return min(self.most_columns, max(self.panels, 1))

    @property
    def foot(self) -> list[str]:
        return [line for note in self.notes for line in textwrap.wrap(note, _LINE)]

    @property
    def top(self) -> float:
        return _TITLE + _KEY_ROW * math.ceil(self.keys / self.per_row)

    @property
    def total(self) -> float:
        rows = math.ceil(self.panels / self.columns)
        return self.top + rows * (self.height + _AROUND) + _FOOT_ROW * len(self.foot) + 0.1

    @property
    def inner(self) -> float:
        return WIDTH / self.columns - self.left - self.right

    @property
    def key_place(self) -> float:
        """The lower edge of the legend."""
        return self.down(self.top - 0.08)

    def down(self, inches: float) -> float:
        """A place so far below the upper edge."""
        return 1 - inches / self.total

    def place(self, panel: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a panel's axes."""
        row, column = divmod(panel, self.columns)
        x = column * WIDTH / self.columns + self.left
        y = self.down(self.top + row * (self.height + _AROUND) + 0.3 + self.height)
        return x / WIDTH, y, self.inner / WIDTH, self.height / self.total
