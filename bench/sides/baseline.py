# SPDX-License-Identifier: GPL-2.0-only
"""Write and read a baseline to keep in git: a side as text, a line a cell, sorted."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from msgspec import Meta, Struct

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Cell, Clock
from bench.model.typed import typed
from bench.profile.functions import CellFunctions, PhaseFunctions
from bench.results.row import Count, Text, read_cell
from bench.sides.names import cell_name
from bench.sides.side import CellValues, Key, Side, series

FORMAT: Final = 1
PROFILED: Final = 2  # the same with functions of cells: only where there are some
MARK = "bench_baseline"  # the key by which such a file is known; its value is the format

_Boot = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,17})\Z")]

_Values = Annotated[list[Count], Meta(min_length=1)]


class _Phase(Struct, forbid_unknown_fields=True):
    """A phase of a profile: its ticks, its largest functions, and the sum of the others."""

    ticks: Count
    own: dict[Text, Count]
    others: Count


class _Row(Struct, forbid_unknown_fields=True):
    """A cell with the raw values of each boot, or the reason why it has none.

    Of a cell with a profile ``functions`` has the phases of the pause.
    """

    cell: dict[str, Any]
    values: dict[_Boot, _Values] = {}
    without: str = ""
    functions: dict[Text, _Phase] = {}


class _File(Struct, forbid_unknown_fields=True):
    bench_baseline: Literal[1, 2]
    facts: dict[str, Text]
    cells: Annotated[list[_Row], Meta(min_length=1)]


def write_baseline(side: Side, path: Path) -> None:
    """Write a side to a file.

    UsageError for a side that is not of our own cells, or a file that cannot be written.
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
    """Return a fact a line and a cell a line, sorted, so that git shows what changed."""
    rows = [
        {"values": each.lists(), **_functions(side, key), **_named(side, key)}
        for key, each in side.cells.items()
    ]
    rows += [{"without": why, **_named(side, key)} for key, why in side.without.items()]
    rows.sort(key=lambda row: json.dumps(row["cell"]))
    facts = json.dumps(dict(sorted(side.facts.items())), indent=1)
    version = PROFILED if any("functions" in row for row in rows) else FORMAT
    cells = ",\n".join(json.dumps({"cell": row.pop("cell"), **row}) for row in rows)
    return f'{{"{MARK}": {version},\n"facts": {facts},\n"cells": [\n{cells}\n]}}\n'


def _named(side: Side, key: Key) -> dict[str, Any]:
    if not isinstance(key, Cell):
        raise UsageError(
            f"{side.name}: '{key}' is not a cell of bench", "a pyperf file is its own baseline"
        )
    return {"cell": key.factors()}


def _functions(side: Side, key: Key) -> dict[str, Any]:
    """Return what is kept of a cell's profile; nothing of a cell without."""
    found = side.functions(key)
    return {"functions": {n: asdict(p) for n, p in found.compact().phases.items()}} if found else {}


def side_of_baseline(whole: Mapping[str, Any], name: str) -> Side:
    """Make a side of the JSON of a baseline; UsageError says what in it is wrong."""
    if whole.get(MARK) not in (FORMAT, PROFILED) or isinstance(whole[MARK], bool | float):
        shown = repr(whole.get(MARK))[:20]
        reads = f"{FORMAT} and {PROFILED}"
        raise UsageError(f"{name}: baseline format {shown}: this version of bench reads {reads}")
    try:
        return _side(typed(whole, _File), name)
    except ValueError as error:
        raise UsageError(f"{name}: not a baseline: {error}") from None


def _side(file: _File, name: str) -> Side:
    if (file.facts.get("clock"), file.facts.get("unit")) not in [(c.value, c.unit) for c in Clock]:
        raise ValueError("its facts do not say clock and unit")
    if not all(word.isprintable() for pair in file.facts.items() for word in pair):
        raise ValueError("a fact in it is no line of text")
    found: dict[Key, CellValues] = {}
    without: dict[Key, str] = {}
    profiles: dict[Key, CellFunctions] = {}
    for row in file.cells:
        cell = read_cell(row.cell)
        if cell in found or cell in without:
            raise ValueError(f"{cell_name(cell)} stands in it twice")
        if bool(row.values) == bool(row.without):
            raise ValueError(f"{cell_name(cell)} has neither values nor a reason, or both")
        if row.values:
            boots = {int(boot): values for boot, values in row.values.items()}
            found[cell] = series(boots, np.int64)
        else:
            without[cell] = row.without
        if row.functions:
            profiles[cell] = _kept(row.functions)
    return Side(name, file.facts, found, without, profiles=profiles)


def _kept(phases: Mapping[str, _Phase]) -> CellFunctions:
    return CellFunctions(
        {name: PhaseFunctions(each.ticks, each.own, each.others) for name, each in phases.items()}
    )
