# SPDX-License-Identifier: GPL-2.0-only
"""Say what is wrong with a scenario file: the line, the key, what is wrong and what to do."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.model.cell import VARIANTS
from bench.model.limits import BOOTS, SEED
from bench.model.near import near
from bench.model.toml_lines import TomlPath, line_of

_KNOWN = "known are "  # of bench.model.near
_LIMITS = {"boots": BOOTS, "seed": SEED}
_WANTED = {
    "name": "a name: letters, digits and _.+-, at most 61, as of a file",
    "budget": "a time above zero: seconds, or text as in 10m",
    **dict.fromkeys(("device", "method", "mem", "pages", "kernel", *VARIANTS), "text or a list"),
}


def place(path: Path, text: str, where: TomlPath) -> str:
    """Name the file, the line and the key of what stands at a place of it."""
    line = line_of(text, where)
    key = ".".join(part for part in where if isinstance(part, str)) or "file"
    return f"{path}:{line}: {key}" if line else f"{path}: {key}"


def all_wrong(
    errors: Sequence[Mapping[str, Any]], keys_at: Callable[[TomlPath], Sequence[str]]
) -> list[tuple[TomlPath, str]]:
    """Say what is wrong with each place; what is missing comes last.

    ``errors`` are those of a ValidationError. A key that a misspelt one was meant to be is not
    missing, and what is known is listed once.
    """
    found: dict[TomlPath, str] = {}
    said: set[str] = set()
    for error in sorted(errors, key=lambda each: each["type"] == "missing"):
        where = error["loc"]
        wrong, known, names = what_is_wrong(error, keys_at(where)).partition(_KNOWN)
        meant = f"did you mean {where[-1]}?" if where else ""
        if error["type"] == "missing" and any(meant in each for each in found.values()):
            continue
        found.setdefault(where, wrong.rstrip(": ") if names in said else wrong + known + names)
        said |= {names} - {""}
    return [*found.items()]


def what_is_wrong(error: Mapping[str, Any], names: Sequence[str]) -> str:
    """Say what is wrong, in our words where the library's are its own.

    ``error`` is one of a ValidationError, ``names`` are the keys that can stand in its place.
    """
    kind, given = error["type"], error["input"]
    key = str(next((part for part in reversed(error["loc"]) if isinstance(part, str)), ""))
    if kind == "missing":
        return "it is missing"
    if kind == "extra_forbidden":
        return f"no such key: {near(key, names)}"
    if kind == "enum":
        expected = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        return f"'{given}' is unknown: {near(str(given), expected)}"
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if kind in ("too_short", "string_too_short"):
        return "it is empty: name one at least"
    if key == "also":
        return "a table of it has mem, pages or both, as the scenario has them"
    if key in _LIMITS:
        return f"{given!r} is not a whole number {_LIMITS[key]}"
    return f"{given!r} is not {_WANTED.get(key, 'text')}"
