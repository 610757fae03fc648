# SPDX-License-Identifier: GPL-2.0-only
"""The phases of many samples as arrays."""

from array import array
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.model.cell import Phase, Sample
from bench.results.canonical import Numbers


def phase_ticks(
    samples: Sequence[Sample],
) -> dict[Phase, tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Of each phase that any sample has, in their order: the ticks, and where there are none.

    Both arrays are as long as ``samples``; ticks that are not there are 0.
    """
    found: dict[Phase, tuple[NDArray[np.int64], NDArray[np.bool_]]] = {}
    for phases, rows in _by_phases(samples).items():
        ticks = b"".join(_numbers(samples[row].phases) for row in rows)
        table = np.frombuffer(ticks, np.int64)
        places = np.array(rows)
        for number, phase in enumerate(phases):
            if phase not in found:
                found[phase] = np.zeros(len(samples), np.int64), np.ones(len(samples), np.bool_)
            values, unknown = found[phase]
            values[places] = table[number :: len(phases)]
            unknown[places] = False
    return {phase: found[phase] for phase in Phase if phase in found}


def _numbers(phases: Mapping[Phase, int]) -> "array[int]":
    return phases.numbers if isinstance(phases, Numbers) else array("q", phases.values())


def _by_phases(samples: Sequence[Sample]) -> dict[tuple[Phase, ...], list[int]]:
    """The rows of samples whose phases stand in one order.

    Their ticks are read as they stand: nine look-ups by an enum, a million times, take far
    longer. So does the hash of a tuple of enums, which samples of one cell share.
    """
    found: dict[tuple[Phase, ...], list[int]] = {}
    last: tuple[Phase, ...] = ()
    rows: list[int] = []
    for number, sample in enumerate(samples):
        phases = sample.phases
        names = phases.names if isinstance(phases, Numbers) else tuple(phases)
        if names is not last and names:
            last, rows = names, found.setdefault(names, [])
        if names:
            rows.append(number)
    return found
