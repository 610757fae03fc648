# SPDX-License-Identifier: GPL-2.0-only
"""Hold the latest level of a series against a reference that is kept.

A gate that compares neighbours never sees creep: fifteen steps of 0.4 % are 6.2 %. Here the
median of the latest values stands against that of the values at the reference. It is beyond the
limit when the estimate is, and when it exceeds 3.5 standard errors: of medians, which have pi/2
times the variance of means. The level is looked at in every run, so
that the rate of false alarms is simulated and not that of one test: tests/quality/histories.py.
"""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from bench.stats.samples import Floats
from bench.stats.steps import Levels, median_of

_SURE = 3.5  # standard errors
_LEAST, _MOST = 5, 20  # values of a window: two stray ones of five do not move its median


@dataclass(frozen=True)
class Standing:
    """Where a series stands: its level at the reference and at the end, and what is sure.

    ``beyond`` is 1 above the limit, -1 below it, 0 within it or not sure; ``since`` is the place
    of the value at which the level came to be beyond it, for good. ``unsure``: the estimate is
    beyond the limit but within the noise.
    """

    reference: float
    latest: float
    error: float  # standard error of their difference
    beyond: int = 0
    since: int | None = None
    unsure: bool = False

    @property
    def change(self) -> float:
        return self.latest - self.reference


def standing(
    values: Floats, levels: Levels, reference: int, limit: float, date: bool = True
) -> Standing:
    """Hold the end of a series against the values at the place of its reference.

    Values and ``limit`` are of one scale, as logarithms. Without ``date`` nothing is said of
    since when.
    """
    window = _window(levels, limit)
    kept = _at_reference(values, levels, reference, window)
    base = median_of(kept)
    now, error = _at(values, levels, len(values) - 1, window, len(kept))
    beyond = _beyond(now - base, error, limit)
    unsure = not beyond and abs(now - base) > limit
    if not (beyond and date):
        return Standing(base, now, error, beyond, None, unsure)
    since = _since(values, levels, (base, len(kept)), window, limit, beyond)
    return Standing(base, now, error, beyond, since, unsure)


def _window(levels: Levels, limit: float) -> int:
    """Return how many values it takes for the limit to be sure, from 5 to 20."""
    noise = _SURE * levels.scale * sqrt(pi / 2 * 2)
    return int(np.clip(np.ceil((noise / limit) ** 2), _LEAST, _MOST))


def _at_reference(values: Floats, levels: Levels, place: int, window: int) -> Floats:
    """Return the values at a place: of its segment, those from there on, else before it too."""
    number = levels.segment_of(place)
    ends = [*levels.starts[1:], len(values)]
    end = min(place + window, ends[number])
    start = max(min(place, end - window), levels.starts[number])
    return values[start:end]


def _at(values: Floats, levels: Levels, place: int, window: int, kept: int) -> tuple[float, float]:
    """Return the level at a place, of it and values before it, and the standard error."""
    start = max(place + 1 - window, levels.starts[levels.segment_of(place)])
    found = values[start : place + 1]
    error = levels.scale * sqrt(pi / 2 * (1 / len(found) + 1 / kept))
    return median_of(found), error


def _beyond(change: float, error: float, limit: float) -> int:
    return int(np.sign(change)) if abs(change) > max(limit, _SURE * error) else 0


def _since(
    values: Floats,
    levels: Levels,
    kept: tuple[float, int],
    window: int,
    limit: float,
    beyond: int,
) -> int:
    """Walk back to the first place from which on the level has always been beyond the limit."""
    base, count = kept
    for place in range(len(values) - 2, -1, -1):
        now, error = _at(values, levels, place, window, count)
        if _beyond(now - base, error, limit) != beyond:
            return place + 1
    return 0
