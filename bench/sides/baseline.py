# SPDX-License-Identifier: GPL-2.0-only
"""A baseline to keep in git: a side as text, one line a cell, the same text for the same side."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field, ValidationError

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Cell, Clock
from bench.results.row import CellRow, Count, Strict, Text, reason
from bench.sides.names import cell_name
from bench.sides.side import CellValues, Key, Side, series

FORMAT: Final = 1
MARK = "bench_baseline"  # the key by which such a file is known; its value is the format

_Boot = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,17})$")]

_Values = Annotated[list[Count], Field(min_length=1)]


class _Row(Strict):
    """Of a cell: the raw values of each boot, or why it has none."""

    cell: CellRow
    values: dict[_Boot, _Values] = Field(default={})
    without: str = ""


class _File(Strict):
    bench_baseline: Literal[1]
    facts: dict[str, Text]
    cells: Annotated[list[_Row], Field(min_length=1)]


def write_baseline(side: Side, path: Path) -> None:
    """UsageError for a side that is not of our own cells, or a file that cannot be written.

    CannotJudge for a damaged one: the file could not say so to those who compare with it.
    """
    if side.damage:
        raise CannotJudge(f"{side.name} is damaged: {side.damage[0]}", "measure it again")
    text = baseline_text(side)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a file that can be written") from None


def baseline_text(side: Side) -> str:
    """A fact a line and a cell a line, sorted, so that git shows what changed."""
    rows = [{"values": each.lists(), **_named(side, key)} for key, each in side.cells.items()]
    rows += [{"without": why, **_named(side, key)} for key, why in side.without.items()]
    rows.sort(key=lambda row: json.dumps(row["cell"]))
    facts = json.dumps(dict(sorted(side.facts.items())), indent=1)
    cells = ",\n".join(json.dumps({"cell": row.pop("cell"), **row}) for row in rows)
    return f'{{"{MARK}": {FORMAT},\n"facts": {facts},\n"cells": [\n{cells}\n]}}\n'


def _named(side: Side, key: Key) -> dict[str, Any]:
    if not isinstance(key, Cell):
        raise UsageError(
            f"{side.name}: '{key}' is not a cell of bench", "a pyperf file is its own baseline"
        )
    return {"cell": key.factors()}


def side_of_baseline(whole: Mapping[str, Any], name: str) -> Side:
    """From the JSON of a baseline; UsageError says what in it is wrong."""
    if whole.get(MARK) != FORMAT or isinstance(whole[MARK], bool | float):
        shown = repr(whole.get(MARK))[:20]
        raise UsageError(f"{name}: baseline format {shown}: this version of bench reads {FORMAT}")
    try:
        return _side(_File.model_validate(whole), name)
    except ValidationError as error:
        raise UsageError(f"{name}: not a baseline: {reason(error)}") from None
    except ValueError as error:
        raise UsageError(f"{name}: not a baseline: {error}") from None


def _side(file: _File, name: str) -> Side:
    if (file.facts.get("clock"), file.facts.get("unit")) not in [(c.value, c.unit) for c in Clock]:
        raise ValueError("its facts do not say clock and unit")
    if not all(word.isprintable() for pair in file.facts.items() for word in pair):
        raise ValueError("a fact in it is no line of text")
    found: dict[Key, CellValues] = {}
    without: dict[Key, str] = {}
    for row in file.cells:
        cell = row.cell.cell()
        if cell in found or cell in without:
            raise ValueError(f"{cell_name(cell)} stands in it twice")
        if bool(row.values) == bool(row.without):
            raise ValueError(f"{cell_name(cell)} has neither values nor a reason, or both")
        if row.values:
            boots = {int(boot): values for boot, values in row.values.items()}
            found[cell] = series(boots, np.int64)
        else:
            without[cell] = row.without
    return Side(name, file.facts, found, without)
