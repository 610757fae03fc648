# SPDX-License-Identifier: GPL-2.0-only
"""Spell symbols and shares, whatever a symbol table holds."""

from rich.cells import cell_len, set_cell_size

from bench.profile.profile import Function

LONGEST = 400  # cells of a name in what people read; the formats of programs have all of it
_IN_TABLE, _WORD = 60, 34  # cells of a name in a table, which is wrapped between its words only


def cut(text: str, most: int) -> str:
    """Cut a text to as many cells of a terminal, the last of them an ellipsis."""
    if cell_len(text) <= most:
        return text
    return set_cell_size(text, most - 1).rstrip() + "…" if most > 0 else ""


def short_label(function: Function) -> str:
    """Spell a function for a table that has to fit a terminal of 80 columns."""
    words = function.label.split(" ")
    return cut(" ".join(cut(word, _WORD) for word in words), _IN_TABLE)


def a_page(count: float) -> str:
    """Spell a count for each 4K page with four digits, never with an exponent."""
    if abs(count) >= 1000:
        return f"{count:.0f}"
    if 0 < abs(count) < 0.001:
        return f"{count:.3f}"
    return f"{count:.4g}"


def share(part: float, whole: float) -> str:
    """Spell a part of a whole in percent; nothing where there is no whole."""
    return f"{part / whole:.1%}" if whole else ""
