# SPDX-License-Identifier: GPL-2.0-only
"""Stored runs as one table of samples, for pandas: what CSV, plots and notebooks are made from."""

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.model.cell import Clock, Sample
from bench.report.table.labels import labels
from bench.report.table.ticks import phase_ticks
from bench.results.writer import Run

_T = TypeVar("_T", bound=Hashable)
_NO_REP = "missing: "  # what the status of a planned cell without any line begins with


def frame(*runs: Run) -> pd.DataFrame:
    """One row a sample, in the order of the runs and of their lines; ValueError for no run.

    Columns: ``run``, the cell's factors as the stored lines spell them (sizes in bytes),
    ``rep``, ``boot``, ``clock``, ``unit``, ``status``; ``pause`` and each phase in that unit;
    ``pinned`` and ``window`` in bytes, ``runs`` (pieces of memory); ``counter_NAME`` for what
    was counted beside the clock. Numbers are whole, and NA where there is none: a cell
    without a rep, a phase that the experiment has not, and runs that only root can tell.
    A planned cell that left no line has a row too, whose status begins with ``missing: ``.
    """
    if not runs:
        raise ValueError("a frame takes a run")
    rows = [[*run.samples, *_missing(run)] for run in runs]
    samples = [*chain.from_iterable(rows)]
    index = np.repeat(np.arange(len(runs)), [len(part) for part in rows])
    columns: dict[str, object] = {
        "run": _categories(index, labels(runs)),
        **_factors(samples),
        **_identity(samples, index, [run.clock for run in runs]),
    }
    columns |= _ticks(samples) | _memory(samples) | _counters(samples)
    return pd.DataFrame(columns, copy=False)


def _missing(run: Run) -> Iterable[Sample]:
    clock = run.clock
    return (Sample(cell, clock, 0, f"{_NO_REP}{why}") for cell, why in run.missing.items())


def _factors(samples: Sequence[Sample]) -> dict[str, object]:
    """Columns of the cells' factors: text as categories, of which there are few."""
    codes, cells = _codes([sample.cell for sample in samples])
    factors = [cell.factors() for cell in cells]
    columns: dict[str, object] = {}
    for name in factors[0] if factors else ():
        values = [row[name] for row in factors]
        if isinstance(values[0], int):
            columns[name] = np.array(values, dtype=np.int64)[codes]
        else:
            columns[name] = _categories(codes, values)
    return columns


def _codes(values: Sequence[_T]) -> tuple[NDArray[np.int64], list[_T]]:
    """Numbers for values, and what each of them stands for.

    A value that is the very same object is hashed once: a cell's hash takes microseconds,
    and a million samples share a few hundred cells.
    """
    same: dict[int, int] = {}
    known: dict[_T, int] = {}
    codes = np.empty(len(values), dtype=np.int64)
    for number, value in enumerate(values):
        code = same.get(id(value))
        if code is None:
            code = same[id(value)] = known.setdefault(value, len(known))
        codes[number] = code
    return codes, [*known]


def _categories(codes: NDArray[np.int64], values: Sequence[object]) -> object:
    """Of texts that may repeat: several cells have one device."""
    distinct = [*dict.fromkeys(map(str, values))]
    places = np.array([distinct.index(str(value)) for value in values], dtype=np.int64)
    return pd.Categorical.from_codes(places[codes], categories=pd.Index(distinct))


def _identity(
    samples: Sequence[Sample], index: NDArray[np.int64], clocks: Sequence[Clock]
) -> dict[str, object]:
    """``index`` is the run of each sample, ``clocks`` that of each run."""
    status, texts = _codes([sample.status for sample in samples])
    return {
        "rep": _whole([sample.rep for sample in samples]),
        "boot": _known(np.array([sample.boot for sample in samples], dtype=np.int64)),
        "clock": _categories(index, [clock.value for clock in clocks]),
        "unit": _categories(index, [clock.unit for clock in clocks]),
        "status": _categories(status, texts),
    }


def _ticks(samples: Sequence[Sample]) -> dict[str, object]:
    """The pause, and the phases that any sample has."""
    columns: dict[str, object] = {"pause": _whole([sample.pause for sample in samples])}
    for phase, (values, unknown) in phase_ticks(samples).items():
        columns[phase.value] = pd.arrays.IntegerArray(values, unknown)
    return columns


def _memory(samples: Sequence[Sample]) -> dict[str, object]:
    """What a rep found; one that was not measured found nothing, which is not 0."""
    nothing = np.array([sample.rep is None for sample in samples], dtype=bool)
    pinned = np.array([sample.pinned for sample in samples], dtype=np.int64)
    window = np.array([sample.window for sample in samples], dtype=np.int64)
    return {
        "pinned": pd.arrays.IntegerArray(pinned, nothing),
        "runs": _known(np.array([sample.runs for sample in samples], dtype=np.int64)),
        "window": pd.arrays.IntegerArray(window, nothing.copy()),
    }


def _counters(samples: Sequence[Sample]) -> dict[str, object]:
    names = sorted({*chain.from_iterable(s.counters for s in samples if s.counters)})
    return {
        f"counter_{name}": _whole([sample.counters.get(name) for sample in samples])
        for name in names
    }


def _known(values: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Numbers that begin at 1: 0 is none."""
    return pd.arrays.IntegerArray(values, values == 0)


def _whole(values: Sequence[int | None]) -> pd.arrays.IntegerArray:
    """Integers of 64 bits that need not be there: no float that would round them."""
    if None not in values:
        return pd.arrays.IntegerArray(np.array(values, dtype=np.int64), np.zeros(len(values), bool))
    unknown = np.array([value is None for value in values], dtype=bool)
    return pd.arrays.IntegerArray(np.array([v or 0 for v in values], dtype=np.int64), unknown)
