# SPDX-License-Identifier: GPL-2.0-only
"""Keep a history in a directory: a file a point, so that two jobs or branches never conflict.

A file is named by date, commit and a digest of what was measured, is written under a temporary
name and renamed, and never changed. It has a baseline (bench.sides.baseline) of medians, one a
boot, beside it the medians of phases, and a crc over all.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from bench.errors import UsageError
from bench.history.point import (
    HistoryPoint,
    Medians,
    PointValue,
    facts_kept,
    parse_commit,
    parse_date,
    values_of,
)
from bench.model.cell import Cell
from bench.model.method import Phase
from bench.model.typed import typed
from bench.results.crc import add_crc, check_crc
from bench.results.whole_file import write_whole
from bench.sides import Side
from bench.sides.baseline import baseline_text, side_of_baseline
from bench.sides.side import CellValues, Key

FORMAT: Final = 1
MARK = "bench_history"  # the key by which such a file is known; its value is the format
_CRC = "crc"  # of a baseline, which the one over all stands for
_DIGITS = 12  # of a digest or a commit in a name
_LARGEST = 64 << 20  # bytes of a file that may be a point

_Ticks = Annotated[float, Meta(ge=0, le=2**63)]


class _StoredPoint(Struct, forbid_unknown_fields=True):
    bench_history: Literal[1]
    date: str
    commit: str
    digest: str
    baseline: dict[str, Any]
    phases: list[dict[Phase, list[_Ticks]]]  # of the cells that have values, in their order


def point_text(side: Side, date: datetime, commit: str, identity: str) -> str:
    """Return the file of a point.

    ``identity`` tells a measurement from another with the same values: when and where it ran.
    """
    baseline = json.loads(baseline_text(_medians(side)))
    baseline.pop(_CRC, None)
    known: dict[Key, PointValue] = dict(values_of(side)[0].items())
    cells = [known.get(key) for key in side_of_baseline(baseline, side.name).cells]
    phases = [{p.value: [*t] for p, t in each.phases.items()} if each else {} for each in cells]
    whole = json.dumps([identity, baseline, phases], sort_keys=True)
    head = {
        MARK: FORMAT,
        "date": date.isoformat(timespec="seconds"),
        "commit": commit,
        "digest": hashlib.sha256(whole.encode()).hexdigest(),
    }
    return add_crc(json.dumps({**head, "baseline": baseline, "phases": phases})) + "\n"


def _medians(side: Side) -> Side:
    """Keep one value a boot of each cell: boots are the sample."""

    def reduced(values: CellValues) -> CellValues:
        by_boot = values.by_boot()
        medians = [round(float(np.median(each))) for each in by_boot.values()]
        return CellValues(np.array([*by_boot], np.int64), np.array(medians, np.int64))

    cells: dict[Key, CellValues] = {key: reduced(each) for key, each in side.cells.items()}
    profiles = {key: f.compact() for key in cells if (f := side.functions(key))}
    return replace(side, cells=cells, runs=(), profiles=profiles)


def append(store: Path, text: str) -> tuple[Path, bool]:
    """Add a point to a store, which is made where it is not there; False if it was there.

    UsageError where it cannot be written, or is there with another commit.
    """
    head = json.loads(text)
    digest, commit = head["digest"], head["commit"]
    try:
        store.mkdir(parents=True, exist_ok=True)
        for known in sorted(store.glob(f"*-{digest[:_DIGITS]}.json")):
            if f"-{commit[:_DIGITS] or 'none'}-" not in known.name:
                raise UsageError(f"{known}: the same measurement is there, of another commit")
            return known, False
        date = parse_date(head["date"])
        name = f"{date:%Y%m%dT%H%M%SZ}-{commit[:_DIGITS] or 'none'}-{digest[:_DIGITS]}.json"
        scratch = store / f".{name}.{os.getpid()}.tmp"
        write_whole(store / name, text.encode(), scratch)
    except OSError as error:
        raise UsageError(f"{store}: {error.strerror}", "name a directory for a store") from None
    return store / name, True


def read_text(path: Path) -> bytes:
    """Read a file that may be a point; UsageError says why it cannot be read."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # would be waited for, or has no end
            raise UsageError(f"{path}: not a file")
        if found.st_size > _LARGEST:
            raise UsageError(f"{path}: too large for a point: {found.st_size >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def is_point(text: bytes) -> bool:
    """Tell whether a file is that of a point, whole or damaged."""
    return text.lstrip()[:40].startswith(f'{{"{MARK}"'.encode())


def stored_point(path: Path, text: bytes) -> HistoryPoint:
    """Read the file of a point; UsageError says what in it is wrong."""
    stored = _stored(path, text)
    side = side_of_baseline(stored.baseline, str(path))
    cells, strange = values_of(side)
    if len(stored.phases) != len(side.cells):
        raise UsageError(f"{path}: not a point: its phases are not those of its cells")
    for cell, phases in zip(side.cells, stored.phases, strict=True):
        if isinstance(cell, Cell) and (each := cells.get(cell)):
            cells[cell] = PointValue(each.boots, _phases(phases, len(each.boots), path))
    try:
        date = parse_date(stored.date)
        commit = parse_commit(stored.commit) if stored.commit else ""
    except ValueError as error:
        raise UsageError(f"{path}: not a point: {error}") from None
    profiles = (path,) if side.profiles else ()
    facts = facts_kept(side.facts)
    return HistoryPoint(path.stem, facts, cells, date, commit, profiles, left_out=strange)


def stored_side(path: Path, text: bytes) -> Side:
    """Read a point as a side, with its profiles."""
    return side_of_baseline(_stored(path, text).baseline, str(path))


def _phases(phases: Mapping[Phase, list[float]], boots: int, path: Path) -> Mapping[Phase, Medians]:
    if any(len(ticks) != boots for ticks in phases.values()):
        raise UsageError(f"{path}: not a point: phases of a cell are not of its {boots} boots")
    return {phase: tuple(ticks) for phase, ticks in phases.items()}


def _stored(path: Path, text: bytes) -> _StoredPoint:
    try:
        whole = msgspec.json.decode(check_crc(text))
        version = whole.get(MARK)
        if type(version) is not int or version != FORMAT:
            shown = repr(version)[:20]
            raise UsageError(f"{path}: history format {shown}: this version reads {FORMAT}")
        return typed(whole, _StoredPoint)
    except (ValueError, RecursionError, AttributeError) as error:
        raise UsageError(f"{path}: not a point: {error}") from None
