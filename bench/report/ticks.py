# SPDX-License-Identifier: GPL-2.0-only
"""The phases of many samples as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
    for alike in _by_phases(samples):
        table = np.array(alike.ticks, dtype=np.int64).reshape(len(alike.rows), len(alike.phases))
        for place, phase in enumerate(alike.phases):
            if phase not in found:
                found[phase] = np.zeros(len(samples), np.int64), np.ones(len(samples), np.bool_)
            values, unknown = found[phase]
            values[alike.rows] = table[:, place]
            unknown[alike.rows] = False
    return {phase: found[phase] for phase in Phase if phase in found}


@dataclass(frozen=True)
class _Alike:
    """Samples whose phases stand in one order: their rows, and their ticks one after another."""

    phases: list[Phase]
    rows: list[int] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)


def _by_phases(samples: Sequence[Sample]) -> list[_Alike]:
    """The ticks as they stand: nine look-ups by an enum, a million times, take far longer."""
    found: list[_Alike] = []
    last = _Alike([])
    for number, sample in enumerate(samples):
        phases = [*sample.phases]
        if not phases:
            continue
        if phases != last.phases:
            last = next((alike for alike in found if alike.phases == phases), _Alike(phases))
            found += [last] if not last.rows else []
        last.rows.append(number)
        last.ticks.extend(sample.phases.values())
    return found
