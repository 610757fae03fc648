# SPDX-License-Identifier: GPL-2.0-only
"""Pieces of text in a window: boxes in CSS pixels from its upper left corner."""

from dataclasses import dataclass

Box = tuple[float, float, float, float]  # left, top, right, bottom

SLACK = 1.0  # pixels: boxes that touch do not overlap, and layout rounds
CONTRAST = 4.5  # WCAG 2, 1.4.3


@dataclass(frozen=True)
class Text:
    """A piece of SVG text; ``svg`` is the outermost one that it is in.

    ``contrast`` with what is painted below it is NaN where that has no one colour.
    """

    text: str
    box: Box
    svg: Box
    contrast: float

    def __str__(self) -> str:
        return repr(self.text)

    def overlaps(self, other: "Text") -> bool:
        """By more than the slack in both directions."""
        left, top, right, bottom = self.box
        other_left, other_top, other_right, other_bottom = other.box
        wide = min(right, other_right) - max(left, other_left)
        high = min(bottom, other_bottom) - max(top, other_top)
        return wide > SLACK and high > SLACK

    def is_outside(self) -> bool:
        """Wholly or in part."""
        left, top, right, bottom = self.box
        svg_left, svg_top, svg_right, svg_bottom = self.svg
        beyond = (svg_left - left, svg_top - top, right - svg_right, bottom - svg_bottom)
        return max(beyond) > SLACK

    def is_faint(self) -> bool:
        """An unknown contrast is one that nobody has seen to."""
        return not self.contrast >= CONTRAST
