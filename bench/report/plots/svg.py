# SPDX-License-Identifier: GPL-2.0-only
"""An SVG file made into an element of a page, light or dark, that holds several of them."""

import re

from bench.report.plots.styles import GRID, INK, MUTED

# Where the page says nothing its text is black, as in a file of its own.
_OF_THE_PAGE = {
    INK: "currentColor",
    MUTED: f"var(--plot-muted, {MUTED})",
    GRID: "var(--plot-grid, rgba(128, 128, 128, 0.35))",
}
_TAG = re.compile(r"<[^>]*>")
_FONT = re.compile(r" ?font-family: [^;\"]*;?")
_UPRIGHT = re.compile(r' transform="rotate\(-0 [^"]*"')
_NUMBER = re.compile(r"(?<![\w#.-])(-?\d+\.\d{3,})")
_ID = re.compile(r' id="([^"]*)"')
_USE = re.compile(r'(href="#|url\(#)([^")]*)')
# As attributes: a style sheet of the page has the last word.
_ROOT = 'font-family="sans-serif" stroke-linejoin="round" stroke-linecap="butt"'


def element(text: str, name: str) -> str:
    """The ``<svg>`` of a file: its ids begin with ``name``, its width is that of its place.

    Fonts, text and grid are those of the page (``currentColor``, ``--plot-muted``,
    ``--plot-grid``). Coordinates have two decimals: a hundredth of a point.
    """
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    # A style sheet would hold for the whole page; inherited, it holds for the figure.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, flags=re.DOTALL)
    used = {match[2] for match in _USE.finditer(text)}
    text = _TAG.sub(lambda match: _tag(match[0], name, used), text)
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    text = text.replace("<svg ", f"<svg {_ROOT} ", 1)
    return re.sub(r"\n\s*", "\n", text).strip() + "\n"


def _tag(tag: str, name: str, used: set[str]) -> str:
    """Text of people stands between tags: nothing here touches it."""
    for ink, of_the_page in _OF_THE_PAGE.items():
        tag = tag.replace(ink, of_the_page)
    tag = _UPRIGHT.sub("", _FONT.sub("", " ".join(tag.split())))
    tag = _ID.sub(lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", tag)
    tag = _USE.sub(lambda m: f"{m[1]}{name}-{m[2]}", tag)
    return _NUMBER.sub(lambda m: f"{float(m[1]):.2f}".rstrip("0").rstrip("."), tag)
