# SPDX-License-Identifier: GPL-2.0-only
"""Turn parsed JSON into types and back, and say in one line what does not fit."""

import json
import math
import re
from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert, to_builtins

from bench.model.visible import visible

_LONGEST = 120  # characters of a complaint
_MESSAGE = re.compile(
    r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$\.?(?P<where>[^`]*)`)?", re.DOTALL
)

T = TypeVar("T")


def typed(value: Any, kind: type[T], name: str = "") -> T:
    """Convert parsed JSON to ``kind``; nothing is coerced, unknown keys are ignored.

    ValueError names the first place that does not fit, below ``name``:
    "machine.cpus: expected int, got str".
    """
    try:
        return convert(value, kind, str_keys=True)
    except ValidationError as error:
        raise ValueError(complaint(error, name)) from None


def plain(value: Struct) -> dict[str, Any]:
    """Return a struct as JSON's own types, in the order of its fields."""
    whole: dict[str, Any] = json.loads(json.dumps(to_builtins(value, str_keys=True)))
    return whole


def finite(value: Any) -> Any:
    """Replace infinity and NaN, which JSON does not have, by None in tables and lists."""
    if isinstance(value, dict):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def complaint(error: Exception, name: str = "") -> str:
    """Spell an error of msgspec as a place and what is wrong there, in one printable line."""
    found = _MESSAGE.fullmatch(str(error))
    where, what = (found["where"] or "", found["what"]) if found else ("", str(error))
    what = what.replace("`", "").replace(" | null", "")
    what += " as a key" if found and found["key"] else ""
    place = ".".join(part for part in (name, where) if part)
    text = f"{place}: {what[:1].lower()}{what[1:]}" if place else what
    return visible(text)[:_LONGEST]
