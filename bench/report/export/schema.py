# SPDX-License-Identifier: GPL-2.0-only
"""Describe the JSON and CSV of a report, for programs that read them."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bench.errors import UsageError
from bench.model.cell import FACTORS, Cell, Clock
from bench.model.cell_state import CellState
from bench.model.method import Phase
from bench.model.near import near

JSON_FORMAT = 1
# Tokens of the column `status`: of a rep, and of a cell that has none.
SAMPLE_STATUSES = ("ok", "warmup", "failed", "skipped", "missing")

_TEXT, _NUMBER, _COUNT = {"type": "string"}, {"type": "number"}, {"type": "integer"}
_NUMBERS = tuple(each.name for each in fields(Cell) if each.type is int)  # factors, not texts
_PAIR = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}


def report_schema(kind: str) -> str:
    """Write the schema of ``json`` (JSON Schema) or ``csv`` (a Table Schema of Frictionless Data).

    UsageError for another format.
    """
    known = {"json": json_schema_of_reports, "csv": csv_schema}
    if kind not in known:
        raise UsageError(f"--schema: '{kind}' has none", near(kind, known))
    return json.dumps(known[kind](), indent=1)


def json_schema_of_reports() -> dict[str, Any]:
    """Return the schema of ``bench report --format json``."""
    run = {
        "name": _TEXT,
        "path": _TEXT,
        "clock": {"enum": [clock.value for clock in Clock]},
        "unit": {"enum": [clock.unit for clock in Clock]},
        "damage": {"type": "array", "items": _TEXT},
        "intervals": _TEXT,
        "cells": {"type": "array", "items": _object(_cell())},
        "environment": {"type": "object"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bench report --format json",
        "description": "Figures are in the unit of their run: ns, or instructions, never a time.",
        **_object(
            {
                "format": {"const": JSON_FORMAT},
                "runs": {"type": "array", "minItems": 1, "items": _object(run)},
                "overview": {"type": "object"},  # of several runs: changes from the first one
            },
            may=("overview",),
        ),
    }


def _cell() -> dict[str, Any]:
    pause = {
        "n": {**_COUNT, "minimum": 1},
        "boots": {**_COUNT, "minimum": 1},
        **dict.fromkeys(("median", "min", "max"), _NUMBER),
        "interval": _or_null(_PAIR),
    }
    estimate = {"value": _NUMBER, "interval": _PAIR}
    phases = {"propertyNames": {"enum": [phase.value for phase in Phase]}}
    by_name = {"type": "object", "additionalProperties": _NUMBER}
    return {
        "name": _TEXT,
        **{name: _COUNT if name in _NUMBERS else _TEXT for name in FACTORS},
        "status": {"enum": [state.value for state in CellState]},
        "reason": _TEXT,
        "pause": _or_null(_object(pause)),
        "extrapolated": _or_null(_object(estimate)),
        "phases": {**by_name, **phases},
        "counters": by_name,
        "own": _or_null(_NUMBER),
        "ratio": _or_null(_NUMBER),
        "ratio_interval": _or_null({**_PAIR, "items": _or_null(_NUMBER)}),
        "base": _or_null(_TEXT),
        "profile": _or_null({"type": "object"}),
    }


def _object(known: Mapping[str, Any], may: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in known if name not in may]
    return {
        "type": "object",
        "properties": dict(known),
        "required": required,
        "additionalProperties": False,
    }


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), {"type": "null"}]}


def csv_schema() -> dict[str, Any]:
    """Return the columns of ``bench report --format csv``, in their order.

    A phase that no line has is no column; behind all others stand counters, ``counter_NAME``.
    """
    enums = {
        "clock": [clock.value for clock in Clock],
        "unit": [clock.unit for clock in Clock],
        "status": [*SAMPLE_STATUSES],
    }
    texts = ("run", *(name for name in FACTORS if name not in _NUMBERS), *enums, "reason")
    names = ("run", *FACTORS, "rep", "boot", "clock", "unit", "status", "reason", "pause")
    behind = ("pinned", "extents", "window", "settle", "after_pause")
    columns = []
    for name in (*names, *(phase.value for phase in Phase), *behind):
        constraints: dict[str, Any] = {"enum": enums[name]} if name in enums else {}
        constraints |= {"required": True} if name in ("run", "status") else {}
        kind = "string" if name in texts else "integer"
        columns.append({"name": name, "type": kind, "constraints": constraints})
    return {"fields": columns, "missingValues": [""], "otherFields": "^counter_"}
