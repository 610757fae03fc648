# SPDX-License-Identifier: GPL-2.0-only
"""Text from data on a terminal, which would obey what it reads there."""


def visible(text: str) -> str:
    """One line in which control characters, ends of lines and what is no Unicode are spelled."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def visible_lines(text: str) -> str:
    """The same of each line: of a text whose ends of lines are meant."""
    return "\n".join(map(visible, text.split("\n")))
