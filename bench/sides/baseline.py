# SPDX-License-Identifier: GPL-2.0-only
"""Write and read a baseline to keep in git: a side as text, a line a cell, sorted."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Cell, Clock
from bench.model.method import Phase
from bench.model.typed import typed
from bench.profile.functions import CellFunctions, PhaseFunctions
from bench.results.comparable import by_new_names
from bench.results.crc import CRC_GONE, add_crc, check_crc
from bench.results.row import Count, Size, Text, read_cell
from bench.sides.names import cell_name
from bench.sides.noise import session_noise
from bench.sides.side import CellValues, Key, SessionNoise, Side, series

# 2: functions of cells. 3: boots, phases, extents, noise and a crc.
FORMAT: Final = 3
_SEALED = 3  # the first format whose crc has to fit
MARK = "bench_baseline"  # the key by which such a file is known; its value is the format

_Boot = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,17})\Z")]

_Values = Annotated[list[Count], Meta(min_length=1)]
_Median = Annotated[float, Meta(ge=0, le=1e19)]


class _Phase(Struct, forbid_unknown_fields=True):
    """A phase of a profile: its ticks, its largest functions, and the sum of the others."""

    ticks: Count
    own: dict[Text, Count]
    others: Count


class _Noise(Struct, forbid_unknown_fields=True):
    sd: Annotated[float, Meta(ge=0, le=1e9)]
    sessions: Annotated[int, Meta(ge=2, le=1 << 40)]


class _Row(Struct, forbid_unknown_fields=True):
    """A cell with the raw values of each boot, or the reason why it has none.

    ``phases`` has the medians of each, by ascending boot; ``extents`` a number where all values
    of a boot have the same. Of a cell with a profile ``functions`` has the phases of the pause.
    """

    cell: dict[str, Any]
    values: dict[_Boot, _Values] = {}
    without: str = ""
    functions: dict[Text, _Phase] = {}
    phases: dict[Phase, list[_Median]] = {}
    extents: dict[_Boot, Size | list[Size]] = {}
    noise: _Noise | None = None


class _BootRow(Struct, forbid_unknown_fields=True):
    """What is known of a boot."""

    session: Count | None = None
    identity: str = ""
    began: str = ""


class _File(Struct, forbid_unknown_fields=True):
    bench_baseline: Literal[1, 2, 3]
    facts: dict[str, Text]
    cells: Annotated[list[_Row], Meta(min_length=1)]
    boots: dict[_Boot, _BootRow] = {}
    crc: Count | None = None


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
    """Return a fact, a boot and a cell a line, sorted, so that git shows what changed."""
    noise = session_noise(side)
    rows = [
        {**_values(each), **_functions(side, key), **_noise(noise.get(key)), **_named(side, key)}
        for key, each in side.cells.items()
    ]
    rows += [{"without": why, **_named(side, key)} for key, why in side.without.items()]
    rows.sort(key=lambda row: json.dumps(row["cell"]))
    facts = json.dumps(dict(sorted(side.facts.items())), indent=1)
    boots = ",\n".join(f'"{number}": {json.dumps(row)}' for number, row in _boots(side).items())
    cells = ",\n".join(json.dumps({"cell": row.pop("cell"), **row}) for row in rows)
    head = f'{{"{MARK}": {FORMAT},\n"facts": {facts},\n"boots": {{\n{boots}\n}},\n'
    return add_crc(f'{head}"cells": [\n{cells}\n]}}') + "\n"


def _boots(side: Side) -> dict[int, dict[str, Any]]:
    """Return what is known of each boot, by its number."""
    sessions: dict[int, int] = {}
    for each in side.cells.values():
        if each.sessions is not None:
            sessions |= dict(zip(each.boots.tolist(), each.sessions.tolist(), strict=True))
    columns = {"session": sessions, "identity": side.identities, "began": side.began}
    numbers = sorted({number for each in side.cells.values() for number in each.boots.tolist()})
    return {
        number: {name: known[number] for name, known in columns.items() if number in known}
        for number in numbers
    }


def _values(values: CellValues) -> dict[str, Any]:
    """Return what is kept of a cell's values."""
    found: dict[str, Any] = {"values": values.lists()}
    if phases := values.phases_by_boot():
        found["phases"] = {name.value: [*map(_plain, each)] for name, each in phases.items()}
    if values.extents is not None:
        whole = CellValues(values.boots, values.extents).lists()
        found["extents"] = {
            boot: each[0] if len({*each}) == 1 else each for boot, each in whole.items()
        }
    return found


def _plain(median: float) -> float | int:
    """Return a whole number as one."""
    return int(median) if float(median).is_integer() else float(median)


def _noise(noise: SessionNoise | None) -> dict[str, Any]:
    return {"noise": asdict(noise)} if noise else {}


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


def side_of_baseline(whole: Mapping[str, Any], name: str, text: str = "") -> Side:
    """Make a side of the JSON of a baseline; UsageError says what in it is wrong.

    Where the ``text`` is given that it was parsed from, its crc is checked: a side whose file was
    changed after it was written has damage.
    """
    version = whole.get(MARK)
    if type(version) is not int or not 1 <= version <= FORMAT:
        shown = repr(version)[:20]
        raise UsageError(
            f"{name}: baseline format {shown}: this version of bench reads 1 to {FORMAT}"
        )
    try:
        side = _side(typed(whole, _File), name)
    except ValueError as error:
        raise UsageError(f"{name}: not a baseline: {error}") from None
    return replace(side, damage=_damage(text)) if text and version >= _SEALED else side


def _damage(text: str) -> tuple[str, ...]:
    whole = text.rstrip().encode()
    try:
        return (CRC_GONE,) if check_crc(whole) is whole else ()
    except ValueError as error:
        return (str(error),)


def _side(file: _File, name: str) -> Side:
    _check(file)
    found: dict[Key, CellValues] = {}
    without: dict[Key, str] = {}
    profiles: dict[Key, CellFunctions] = {}
    noise: dict[Key, SessionNoise] = {}
    for row in file.cells:
        cell = read_cell(row.cell)
        if cell in found or cell in without:
            raise ValueError(f"{cell_name(cell)} stands in it twice")
        if bool(row.values) == bool(row.without):
            raise ValueError(f"{cell_name(cell)} has neither values nor a reason, or both")
        if row.values:
            found[cell] = _cell_values(cell, row, file.boots)
        else:
            without[cell] = row.without
        if row.functions:
            profiles[cell] = _kept(row.functions)
        if row.noise:
            noise[cell] = SessionNoise(row.noise.sd, row.noise.sessions)
    boots = {int(number): row for number, row in file.boots.items()}
    return Side(
        name,
        by_new_names(file.facts),
        found,
        without,
        profiles=profiles,
        identities={number: row.identity for number, row in boots.items() if row.identity},
        began={number: row.began for number, row in boots.items() if row.began},
        noise=noise,
    )


def _check(file: _File) -> None:
    """Raise ValueError for what cannot be: facts that say nothing, boots without a value."""
    if (file.facts.get("clock"), file.facts.get("unit")) not in [(c.value, c.unit) for c in Clock]:
        raise ValueError("its facts do not say clock and unit")
    words = [word for pair in file.facts.items() for word in pair]
    words += [word for boot in file.boots.values() for word in (boot.identity, boot.began)]
    if not all(word.isprintable() for word in words):
        raise ValueError("a fact in it is no line of text")
    new = file.boots or any(row.phases or row.extents or row.noise for row in file.cells)
    if file.bench_baseline < _SEALED and new:
        raise ValueError(f"it has what format {file.bench_baseline} has not")
    measured = {boot for row in file.cells for boot in row.values}
    if empty := next((boot for boot in file.boots if boot not in measured), None):
        raise ValueError(f"boot {empty} of it has no value")


def _cell_values(cell: Cell, row: _Row, boots: Mapping[str, _BootRow]) -> CellValues:
    """Make the values of a row; ValueError for columns that do not fit them."""
    values = series({int(boot): values for boot, values in row.values.items()}, np.int64)
    medians = {phase: np.array(each, np.float64) for phase, each in row.phases.items()}
    if not medians.keys() <= {*cell.method.experiment.phases}:
        raise ValueError(f"{cell_name(cell)} has a phase that it cannot have")
    if any(len(each) != len(row.values) for each in medians.values()):
        raise ValueError(f"{cell_name(cell)} has not one median of each phase a boot")
    numbers = {boot: boots[boot].session if boot in boots else None for boot in row.values}
    return replace(
        values,
        extents=_extents(cell, row),
        sessions=_each({b: n for b, n in numbers.items() if n is not None}, row),
        boot_phases=medians,
    )


def _extents(cell: Cell, row: _Row) -> NDArray[np.int64] | None:
    if not row.extents:
        return None
    if row.extents.keys() != row.values.keys() or any(
        len(each) != len(row.values[boot])
        for boot, each in row.extents.items()
        if isinstance(each, list)
    ):
        raise ValueError(f"{cell_name(cell)} has not one number of extents a value")
    return _each(row.extents, row)


def _each(numbers: Mapping[str, int | list[int]], row: _Row) -> NDArray[np.int64] | None:
    """Return a number for each value, given for each boot; None where a boot has none."""
    if numbers.keys() != row.values.keys():
        return None
    parts = [
        np.broadcast_to(np.array(numbers[boot], np.int64), len(row.values[boot]))
        for boot in sorted(row.values, key=int)
    ]
    return np.concatenate(parts)


def _kept(phases: Mapping[str, _Phase]) -> CellFunctions:
    return CellFunctions(
        {name: PhaseFunctions(each.ticks, each.own, each.others) for name, each in phases.items()}
    )
