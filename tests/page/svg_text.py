# SPDX-License-Identifier: GPL-2.0-only
"""Pieces of SVG text, with boxes in CSS pixels from the upper left corner of the window."""

from dataclasses import dataclass

Box = tuple[float, float, float, float]  # left, top, right, bottom

SLACK = 1.0  # pixels: boxes that touch do not overlap, and layout rounds
CONTRAST = 4.5  # WCAG 2, 1.4.3


@dataclass(frozen=True)
class Text:
    """A piece of SVG text; ``svg`` is the box of the outermost svg around it.

    ``contrast`` is that with what is painted below it (WCAG 2.2, 1 to 21); NaN where that is
    a gradient or a pattern.
    """

    text: str
    box: Box
    svg: Box
    contrast: float

    def __str__(self) -> str:
        return repr(self.text)

    def overlaps(self, other: "Text") -> bool:
        """Tell whether the boxes overlap by more than SLACK, across and down."""
        left, top, right, bottom = self.box
        other_left, other_top, other_right, other_bottom = other.box
        wide = min(right, other_right) - max(left, other_left)
        high = min(bottom, other_bottom) - max(top, other_top)
        return wide > SLACK and high > SLACK

    def is_outside(self) -> bool:
        """Tell whether any part is more than SLACK outside the svg."""
        left, top, right, bottom = self.box
        svg_left, svg_top, svg_right, svg_bottom = self.svg
        beyond = (svg_left - left, svg_top - top, right - svg_right, bottom - svg_bottom)
        return max(beyond) > SLACK

    def is_faint(self) -> bool:
        """Tell whether the contrast is too low; an unknown one counts as too low."""
        return not self.contrast >= CONTRAST
