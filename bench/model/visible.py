# SPDX-License-Identifier: GPL-2.0-only
"""Text from data on a terminal, which would obey what it reads there."""


def visible(text: str) -> str:
    """Escape control characters, ends of lines and what is no Unicode: the result is one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def visible_lines(text: str) -> str:
    """Escape each line of a text as `visible` does, and keep its ends of lines."""
    return "\n".join(map(visible, text.split("\n")))
