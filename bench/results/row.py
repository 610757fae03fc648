# SPDX-License-Identifier: GPL-2.0-only
"""Read and write a line of samples.jsonl: JSON with strict types, and a CRC as its last key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import astuple

from bench.model.cell import Cell, Clock, Sample
from bench.model.method import Experiment
from bench.model.typed import complaint, typed
from bench.results.crc import add_crc

_MOST = (1 << 63) - 1  # statistics compute with 64 bits
Count = Annotated[int, Meta(ge=0, le=_MOST)]
Size = Annotated[int, Meta(ge=1, le=_MOST)]
Text = Annotated[str, Meta(min_length=1)]


class Row(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A line beside the factors of its cell. `ticks_of` reads ``phases``."""

    rep: Count | None
    boot: Count
    clock: Clock
    unit: str
    pause: Count | None
    phases: Raw
    pinned: Count
    extents: Count
    status: Text
    window: Count = 0
    settle: Count = 0
    after_pause: Count = 0
    counters: dict[str, Count] = {}


class _RowBefore3(Row, kw_only=True, forbid_unknown_fields=True, gc=False):
    extents: Count = msgspec.field(name="runs")


def _factor_fields() -> list[tuple[str, Any] | tuple[str, Any, Any]]:
    """Return the fields of Cell with its defaults; numbers are sizes and counts, 1 at least."""
    types: Mapping[Any, Any] = {int: Size, str: Text}
    found: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for each in fields(Cell):
        kind = types.get(each.type, each.type)
        default = () if each.default is MISSING else (each.default,)
        found.append((each.name, kind, *default))
    return found


def _with_factors(name: str, base: type[Struct]) -> type[Struct]:
    return msgspec.defstruct(
        name,
        _factor_fields(),
        bases=(base,),
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )


_CELL = _with_factors("CellRow", Struct)
_ROWS = {base: msgspec.json.Decoder(_with_factors("LineRow", base)) for base in (Row, _RowBefore3)}
_PHASES = {
    each: msgspec.json.Decoder(
        msgspec.defstruct(
            "Phases",
            [(phase.value, Count) for phase in each.phases],
            forbid_unknown_fields=True,
            gc=False,
        )
    )
    for each in Experiment
}

# The factors of a row, in the order of Cell's fields.
factors_of: Callable[[Struct], tuple[Any, ...]] = attrgetter(*(f.name for f in fields(Cell)))


def row_decoder(version: int) -> Callable[[bytes], Row]:
    """Return the decoder for lines of a format of run.json; `plainly` translates what it raises."""
    base = Row if version >= 3 else _RowBefore3
    return cast(Callable[[bytes], Row], _ROWS[base].decode)


def ticks_of(row: Row, experiment: Experiment) -> tuple[int, ...]:
    """Return the ticks of the experiment's phases, in their order; none if nothing was measured.

    ValueError if a phase is missing or strange, or if they do not add up to the pause.
    """
    if row.pause is None and row.status != "ok":
        if msgspec.json.decode(row.phases) != {}:
            raise ValueError("it has phases, but no pause")
        return ()
    if row.rep is None:
        raise ValueError("its rep is missing")
    ticks: tuple[int, ...] = astuple(_PHASES[experiment].decode(row.phases))
    if sum(ticks) != row.pause:
        raise ValueError("its phases do not add up to its pause")
    return ticks


def read_cell(factors: object) -> Cell:
    """Make a cell of a table of factors as `Cell.factors` spells them; ValueError if it is none."""
    return Cell(*factors_of(typed(factors, _CELL)))


def plainly(error: Exception) -> ValueError:
    """Turn an error of a decoder into one with a line of printable text of bounded length."""
    if isinstance(error, RecursionError):
        return ValueError("it is nested too deeply")
    return ValueError("it is no text" if isinstance(error, UnicodeError) else complaint(error))


def row_text(sample: Sample) -> str:
    """Return the line of a sample, with its CRC and its end."""
    row = {
        **sample.cell.factors(),
        "rep": sample.rep,
        "boot": sample.boot,
        "clock": sample.clock.value,
        "unit": sample.clock.unit,
        "pause": sample.pause,
        "phases": {phase.value: ticks for phase, ticks in sample.phases.items()},
        "pinned": sample.pinned,
        "extents": sample.extents,
        "window": sample.window,
        "settle": sample.settle,
        "after_pause": sample.after_pause,
        "counters": dict(sample.counters),
        "status": sample.status,
    }
    return add_crc(json.dumps(row)) + "\n"
