# SPDX-License-Identifier: GPL-2.0-only
"""The phases of many samples as arrays."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bench.model import Phase, Sample


def phase_ticks(
    samples: Sequence[Sample],
) -> dict[Phase, tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Of each phase that any sample has, in their order: the ticks, and where there are none.

    Both arrays are as long as ``samples``; ticks that are not there are 0.
    """
    found: dict[Phase, tuple[NDArray[np.int64], NDArray[np.bool_]]] = {}
    for phases, rows in _by_phases(samples):
        ticks = chain.from_iterable(samples[row].phases.values() for row in rows)
        table = np.fromiter(ticks, np.int64, len(rows) * len(phases))
        places = np.array(rows)
        for number, phase in enumerate(phases):
            if phase not in found:
                found[phase] = np.zeros(len(samples), np.int64), np.ones(len(samples), np.bool_)
            values, unknown = found[phase]
            values[places] = table[number :: len(phases)]
            unknown[places] = False
    return {phase: found[phase] for phase in Phase if phase in found}


def _by_phases(samples: Sequence[Sample]) -> list[tuple[list[Phase], list[int]]]:
    """The rows of samples whose phases stand in one order.

    Their ticks are read as they stand: nine look-ups by an enum, a million times, take far
    longer.
    """
    found: list[tuple[list[Phase], list[int]]] = []
    last: list[Phase] = []
    rows: list[int] = []
    for number, sample in enumerate(samples):
        phases = [*sample.phases]
        if not phases:
            continue
        if phases != last:
            last = phases
            rows = next((known for order, known in found if order == phases), [])
            found += [] if rows else [(phases, rows)]
        rows.append(number)
    return found
