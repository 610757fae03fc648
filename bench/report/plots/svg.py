# SPDX-License-Identifier: GPL-2.0-only
"""Turn an SVG file into an element of an HTML page that may hold several, light or dark."""

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
# As attributes: a style sheet of the page has the last word. Text is as wide as it was laid
# out: without geometricPrecision a browser rounds each letter's width to whole pixels.
_ROOT = (
    'font-family="sans-serif" text-rendering="geometricPrecision"'
    ' stroke-linejoin="round" stroke-linecap="butt"'
)


def element(text: str, name: str) -> str:
    """Cut the ``<svg>`` out of a file: its ids begin with ``name``, and it has no size of its own.

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
    """Rewrite one tag. Text between tags comes from data and is left as it is."""
    for ink, of_the_page in _OF_THE_PAGE.items():
        tag = tag.replace(ink, of_the_page)
    tag = _UPRIGHT.sub("", _FONT.sub("", " ".join(tag.split())))
    tag = _ID.sub(lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", tag)
    tag = _USE.sub(lambda m: f"{m[1]}{name}-{m[2]}", tag)
    return _NUMBER.sub(lambda m: f"{float(m[1]):.2f}".rstrip("0").rstrip("."), tag)
