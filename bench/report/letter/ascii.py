# SPDX-License-Identifier: GPL-2.0-only
"""Text that any mail program, `git am` and a list's archive leave as it is."""

import os
import re
import shlex
import textwrap
import unicodedata
from collections.abc import Iterable

MAIL_WIDTH = 75  # columns: Documentation/process/submitting-patches.rst

# What has no decomposition that begins with ASCII, in names of CPUs and in messages.
_LETTERS = str.maketrans(
    {
        "\u00ae": "(R)",
        "\u00a9": "(C)",
        "\u00b5": "u",
        "\u00b1": "+-",
        "\u00d7": "x",
        "\u00df": "ss",
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"),
        **dict.fromkeys("\u2018\u2019", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        "\u2122": "(TM)",
    }
)
# At the begin of a line these end the message, start a patch, a header or a comment.
_ENDS = re.compile(
    r">*From |diff |Index: |@@|-{2,3}\s|-{2,3}$|#|\.$|GIT:"
    r"|(?:From|Subject|Date|To|Cc|Message-Id|Content-[\w-]+|In-Reply-To|References):"
    r"|\[PATCH",
    re.IGNORECASE,
)
_PERFORATION = re.compile(r"[-\s<>8%]")  # a line with much of it is one to cut along
_SCISSORS = re.compile(r"8<|>8|%<|>%")


def ascii_line(text: object) -> str:
    """Transliterate a text to one line of printable ASCII; what cannot be is escaped."""
    marks = unicodedata.normalize("NFKD", str(text).translate(_LETTERS))
    bare = "".join(char for char in marks if not unicodedata.combining(char))
    escaped = " ".join(bare.split()).encode("ascii", "backslashreplace").decode()
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in escaped)


def wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Wrap a text into lines of ASCII, the first after ``first``, the others after ``rest``."""
    return textwrap.wrap(
        ascii_line(text),
        MAIL_WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_on_hyphens=False,
    )


def mailable(lines: Iterable[str]) -> str:
    """Join lines to a text in which mail programs and git take none for anything but text.

    Without the end of its last line, and with no two empty lines after each other.
    """
    found: list[str] = []
    for line in lines:
        for part in _harmless(line.rstrip()):
            if part or (found and found[-1]):
                found.append(part)
    return "\n".join(found).rstrip("\n")


def _harmless(line: str) -> list[str]:
    if _SCISSORS.search(line) and 3 * len(_PERFORATION.findall(line)) > len(line.strip()):
        line = _SCISSORS.sub(lambda found: f"{found[0][0]}.{found[0][1]}", line)
    if _ENDS.match(line):
        line = f" {line}"
    parts = [line[:MAIL_WIDTH].rstrip()]
    while line := line[MAIL_WIDTH:]:
        line = f"  {line}"
        parts.append(line[:MAIL_WIDTH].rstrip())
    return parts


def command(text: str, indent: str = "  ") -> list[str]:
    """Write a command line as a shell takes it, over as many lines as it needs."""
    try:
        words = shlex.split(text)
    except ValueError:  # of somebody else's making
        return wrapped(text, indent)
    lines = [f"{indent}$"]
    for word in words:
        shown = _word(word)
        if len(lines[-1]) + 1 + len(shown) > MAIL_WIDTH - 2:
            lines[-1] += " \\"
            lines.append(f"{indent}   ")
        if len(lines[-1]) + 1 + len(shown) <= MAIL_WIDTH - 2:
            lines[-1] += f" {shown}"
        else:
            lines.pop() if not lines[-1].strip() else None
            lines += _pieces(word)
    return lines


def _pieces(word: str) -> list[str]:
    """Split a word that fits into no line into quoted pieces that a shell joins again."""
    parts = [""]
    for char in word:
        if len(_word(parts[-1] + char, always=True)) > MAIL_WIDTH - 2:
            parts.append("")
        parts[-1] += char
    shown = [_word(part, always=True) for part in parts]
    return [*(f"{part}\\" for part in shown[:-1]), shown[-1]]


def _word(word: str, always: bool = False) -> str:
    if word.isascii() and word.isprintable():
        quoted = shlex.quote(word)
        return quoted if quoted != word or not always else f"'{word}'"
    return "$'" + "".join(map(_byte, os.fsencode(word))) + "'"


def _byte(value: int) -> str:
    char = chr(value)
    if char in "\\'":
        return f"\\{char}"
    return char if 32 <= value < 127 else f"\\x{value:02x}"
