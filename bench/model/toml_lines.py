# SPDX-License-Identifier: GPL-2.0-only
"""Find the line of a key in a TOML file, or of what is no TOML: the library keeps none.

Each statement of a file is TOML by itself, and no part of one is: lines are taken together until
the library can read them. What a key is, is left to it.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_LONGEST = 100  # lines of a statement
TomlPath = tuple[str | int, ...]  # keys, and indexes of lists


def no_toml(path: Path, text: str, error: ValueError | RecursionError) -> str:
    """Say where a file ceases to be TOML, and why."""
    why, line = str(error), 0
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        why = f"byte {error.object[error.start]:#04x} is not UTF-8"
    elif match := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", why, re.DOTALL):
        line, why = int(match[2]), f"{match[1]}, at column {match[3]}"
    elif why.endswith(" (at end of document)"):
        line, why = len(text.splitlines()), f"{why.rpartition(' (')[0]}, at the end"
    if (begun := _begun(text, line)) < line:
        return f"{path}:{begun}: not TOML: what begins here is not ended by line {line}: {why}"
    return f"{path}:{line}: not TOML: {why}" if line else f"{path}: not TOML: {why}"


def _begun(text: str, line: int) -> int:
    """Return the line in which the statement begins that ``line`` breaks, as an open bracket does.

    It is ``line`` itself where that statement would be longer than any that is written by hand.
    """
    lines = text.split("\n")
    for count in range(line - 1, max(-1, line - _LONGEST), -1):
        if _parsed(lines[:count]) is not None:
            rest = enumerate(map(str.strip, lines[count:line]), count + 1)
            return next((number for number, each in rest if each and each[0] != "#"), line)
    return line


def line_of(text: str, path: TomlPath) -> int:
    """Return the line, from 1, that sets what is at ``path``; 0 for what the file does not set.

    Of a list that takes several lines it is the line of the element. ``text`` has to be TOML.
    """
    header: TomlPath = ()
    tables: dict[TomlPath, int] = {}  # lists of tables: how many there are by now
    found, depth = 0, 0  # the deepest statement that has a part of it
    for line, statement in _statements(text):
        made = _parsed(statement)
        if made is None:
            continue
        if statement[0].lstrip().startswith("["):
            where = header = _numbered(_path(made), tables)
        else:
            where = header + _path(made)
        shared = _shared(where, path)
        if shared == len(path) and not found:  # the table or the list that is asked for
            return line
        if shared == len(where) and shared > depth:
            found, depth = line + _element(statement, path[shared:]), shared
    return found


def _statements(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each statement that sets something: the number of its first line, and its lines."""
    begun: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not begun and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begun.append(line)
        if _parsed(begun) is not None:
            yield number + 1 - len(begun), begun
            begun = []


def _parsed(lines: Sequence[str]) -> dict[str, Any] | None:
    """Read lines as TOML; None for what is none by itself."""
    try:
        return tomllib.loads("\n".join(lines))
    except (ValueError, RecursionError):
        return None


def _path(made: Any) -> TomlPath:
    """Return the keys of a statement, down to its value; 0 stands for the table of a list."""
    keys: list[str | int] = []
    while isinstance(made, dict) and len(made) == 1:
        key = next(iter(made))
        keys.append(key)
        made = made[key]
    return (*keys, 0) if made == [{}] else tuple(keys)


def _numbered(path: TomlPath, tables: dict[TomlPath, int]) -> TomlPath:
    """Give a header the number of the table that it begins or belongs to, by those before it."""
    begins = path[-1] == 0  # [[...]]
    keys = path[:-1] if begins else path
    found: TomlPath = ()
    for at, key in enumerate(keys, 1):
        found = (*found, key)
        if begins and at == len(keys):
            tables[found] = tables.get(found, 0) + 1
        if found in tables:
            found = (*found, tables[found] - 1)
    return found


def _shared(one: TomlPath, other: TomlPath) -> int:
    """Count the keys with which both begin."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _element(statement: Sequence[str], rest: TomlPath) -> int:
    """Count the lines of a list before the one with the element that ``rest`` begins with."""
    if not rest or not isinstance(rest[0], int):
        return 0
    for count in range(1, len(statement)):
        made = _parsed([*statement[:count], "]"])
        while isinstance(made, dict) and made:
            made = next(iter(made.values()))
        if isinstance(made, list) and len(made) > rest[0]:
            return count - 1
    return len(statement) - 1
