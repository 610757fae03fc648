# SPDX-License-Identifier: GPL-2.0-only
"""Write and read what our pyperf files say in metadata, which holds scalars only."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bench.model.cell import Cell
from bench.results.row import read_cell
from bench.sides.names import cell_name
from bench.sides.side import Key

FORMAT: Final = 1
FORMAT_KEY = "bench_format"
BOOT = "bench_boot"  # of a pyperf.Run: which boot its values are from
ZEROS = "bench_zeros"  # places of values that were 0, which pyperf does not take: "0,7"
LEFT_OUT = "bench_values_left_out"  # how many those are
DAMAGE = "bench_damage"  # what is wrong with the run that the file was made from
_CELL, _FACT, _WITHOUT = "bench_cell_", "bench_fact_", "bench_not_measured_"

NS = 1_000_000_000

Metadata = Mapping[str, Any]


def cell_metadata(cell: Cell) -> dict[str, str | int]:
    return {f"{_CELL}{name}": value for name, value in cell.factors().items()}


def cell_of(metadata: Metadata) -> Cell:
    """Read the cell of a benchmark; ValueError if its factors are not those of one."""
    return _cell(_part(metadata, _CELL))


def facts_metadata(facts: Mapping[str, str]) -> dict[str, str]:
    return {f"{_FACT}{name}": text for name, text in facts.items()}


def facts_in(metadata: Metadata) -> dict[str, str]:
    facts = _part(metadata, _FACT)
    wrong = next((name for name, text in facts.items() if not isinstance(text, str)), None)
    if wrong is not None:
        raise ValueError(f"{_FACT}{wrong} is no text")
    return facts


def without_metadata(without: Iterable[tuple[Cell, str]]) -> dict[str, str]:
    """Return a numbered key for each cell without a figure: its name, why, and its factors."""
    rows = ({"name": cell_name(cell), "why": why, "cell": cell.factors()} for cell, why in without)
    return {f"{_WITHOUT}{number:04}": json.dumps(row) for number, row in enumerate(rows, 1)}


def without_in(metadata: Metadata) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for name, text in _part(metadata, _WITHOUT).items():
        try:
            row = json.loads(text)
            found[_cell(row["cell"])] = str(row["why"])
        except (TypeError, KeyError, RecursionError):
            raise ValueError(f"{_WITHOUT}{name} is no cell with a reason") from None
    return found


def _part(metadata: Metadata, prefix: str) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in metadata.items() if k.startswith(prefix)}


def _cell(factors: object) -> Cell:
    try:
        return read_cell(factors)
    except ValueError as error:
        raise ValueError(f"not a cell: {error}") from None
