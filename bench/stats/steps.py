# SPDX-License-Identifier: GPL-2.0-only
"""Find where the level of a series changes, in the presence of stray values.

The cost of a segmentation is that of Fearnhead and Rigaill ("Changepoint detection in the
presence of outliers", 2019): squares of what is left of each value over its segment's level, each
cut off at K^2 (Tukey's biweight), and a penalty a change. No value counts for more than K^2 = 9,
so that with a penalty of more than 18 two stray values are no change, whatever they are, and three
alike are one. The least cost is found by dynamic programming over a grid of levels, and each
change is then held against the cost without it (Hunter's second step: Fleming et al. 2023).

The scale is that of differences of neighbours (Rice 1984), which neither steps nor creep change,
by their 75 % quantile; correlation with the run before by the ratio of such scales at lag 2 and 1
(Chakar et al. 2017). A penalty under correlation grows by (1 + r) / (1 - r) (Lavielle and
Moulines 2000). Constants are chosen by simulation: tests/quality/histories.py.

All rows are series of one length: finite values first, in their order, then NaN.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.stats.samples import Floats

Places = NDArray[np.intp]
Fit = tuple[float, float]  # the level of a segment, and its cost in variances

# Points that a regime must have for a verdict: three on either side of a change.
LEAST_POINTS = 6
_CUT = 3.0  # K: standard deviations from which on a value is a stray one
_PENALTY = 20.0  # of a change, in variances
_QUANTILE = 0.75
_NORMAL = 1.1503493803760079  # that quantile of the size of a standard normal value
_FEW = 4.0  # by which part of 1/n the scale of few values is widened
_SURE = 1.5  # by which part of 1/sqrt(n) a correlation has to exceed zero
_MOST_CORRELATED = 0.9
_STEPS = 4  # of the grid of levels, in a standard deviation
_FLOOR = 5.0  # the least change is so many standard deviations at least
_ROUNDS = 5  # of the mean of what is near, which is fixed after two or three


@dataclass(frozen=True, eq=False)
class NoiseOfRows:
    """The standard deviation and the correlation of neighbours, a number a row."""

    scale: Floats
    correlation: Floats

    @property
    def inflation(self) -> Floats:
        """Return by how much a mean's variance is larger than of values that are independent."""
        return np.asarray((1 + self.correlation) / (1 - self.correlation))


@dataclass(frozen=True)
class Change:
    """A change of level: ``at`` is the place of the first value of the new one."""

    at: int
    before: float
    after: float

    @property
    def size(self) -> float:
        return self.after - self.before


@dataclass(frozen=True)
class Levels:
    """A series cut into segments: where each begins, the first one at 0, and its level."""

    starts: tuple[int, ...]
    levels: tuple[float, ...]
    scale: float
    inflation: float  # of the variance of a mean

    @property
    def changes(self) -> list[Change]:
        """List the changes in their order."""
        steps = zip(self.starts[1:], self.levels, self.levels[1:], strict=False)
        return [Change(at, before, after) for at, before, after in steps]

    def segment_of(self, place: int) -> int:
        """Return the number of the segment in which a value lies."""
        return int(np.searchsorted(self.starts, place, side="right")) - 1


def noise_of(rows: Floats, least: float) -> NoiseOfRows:
    """Estimate the noise of each row; a scale is never below a fifth of the ``least`` change."""
    counts = np.isfinite(rows).sum(axis=1)
    near, far = _scale(rows, 1), _scale(rows, 2)
    floor = least / _FLOOR
    ratio = np.divide(far, near, out=np.ones_like(near), where=near > floor)
    sure = ratio**2 - 1 - _SURE / np.sqrt(np.maximum(counts, 1))
    correlation = np.clip(sure, 0.0, _MOST_CORRELATED)
    scale = near * (1 + _FEW / np.maximum(counts, 1)) / np.sqrt(1 - correlation)
    return NoiseOfRows(np.maximum(scale, floor), correlation)


def _scale(rows: Floats, lag: int) -> Floats:
    """Return the scale of differences at a lag; 0 for a row without any."""
    if rows.shape[1] <= lag:
        return np.zeros(len(rows))
    ordered = np.sort(np.abs(rows[:, lag:] - rows[:, :-lag]), axis=1)
    counts = np.isfinite(ordered).sum(axis=1)
    place = np.maximum(np.ceil(_QUANTILE * counts).astype(np.intp) - 1, 0)
    found = np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
    return np.asarray(np.nan_to_num(found) / (_NORMAL * np.sqrt(2)))


def levels_of(rows: Floats, least: float) -> list[Levels]:
    """Cut each row into segments whose levels differ by ``least`` or more.

    A row needs one finite value.
    """
    noise = noise_of(rows, least)
    starts = _optimal_starts(rows, noise)
    lengths = np.isfinite(rows).sum(axis=1)
    return [
        _levels(rows[at, : lengths[at]], _walk_back(starts[at], lengths[at]), noise, at, least)
        for at in range(len(rows))
    ]


def latest_starts(rows: Floats, least: float) -> Places:
    """Return where the last segment of each row begins, before weak changes are merged."""
    starts = _optimal_starts(rows, noise_of(rows, least))
    last = np.isfinite(rows).sum(axis=1) - 1
    return np.asarray(np.take_along_axis(starts, last[:, None], axis=1)[:, 0])


def _optimal_starts(rows: Floats, noise: NoiseOfRows) -> Places:
    """Compute for each place of a row where the last segment begins of what ends there."""
    scaled = rows / noise.scale[:, None]
    grid, counts = _grid(scaled)
    found = np.zeros(rows.shape, dtype=np.intp)
    penalty = _PENALTY * noise.inflation
    buckets = np.ceil(np.log2(counts)).astype(int)  # rows of a grid of about one size together
    for bucket in np.unique(buckets):
        at = np.flatnonzero(buckets == bucket)
        found[at] = _programme(scaled[at], grid[at, : counts[at].max()], penalty[at])
    return found


def _grid(scaled: Floats) -> tuple[Floats, Places]:
    """Return the levels that may be for each row, padded with infinity, and how many.

    The centres of quarters of a standard deviation in which any value lies.
    """
    bins = np.sort(np.floor(scaled * _STEPS), axis=1)
    bins[:, 1:][bins[:, 1:] == bins[:, :-1]] = np.inf
    bins = np.sort(np.nan_to_num(bins, nan=np.inf, posinf=np.inf), axis=1)
    counts = np.maximum(np.isfinite(bins).sum(axis=1), 1)
    return (bins[:, : counts.max()] + 0.5) / _STEPS, counts


def _programme(scaled: Floats, grid: Floats, penalty: Floats) -> Places:
    """Run the dynamic programme: least cost by level of the last segment, place after place."""
    each = np.arange(len(scaled))
    found = np.zeros(scaled.shape, dtype=np.intp)
    cost = _loss(scaled[:, :1], grid)
    start = np.zeros(grid.shape, dtype=np.intp)
    for place in range(1, scaled.shape[1]):
        best = cost.argmin(axis=1)
        found[:, place - 1] = start[each, best]
        changed = (cost[each, best] + penalty)[:, None]
        better = changed < cost
        np.minimum(cost, changed, out=cost)
        start[better] = place
        cost += _loss(scaled[:, place : place + 1], grid)
    found[:, -1] = start[each, cost.argmin(axis=1)]
    return found


def _loss(values: Floats, levels: Floats) -> Floats:
    """Return the biweight loss; a value that is missing costs nothing."""
    left = values - levels
    return np.asarray(np.nan_to_num(np.minimum(left * left, _CUT * _CUT), copy=False))


def _walk_back(starts: Places, length: int) -> list[int]:
    """Return where segments begin, in order, but for the first one."""
    found: list[int] = []
    end = length - 1
    while (start := int(starts[end])) > 0:
        found.append(start)
        end = start - 1
    return found[::-1]


def _levels(values: Floats, starts: list[int], noise: NoiseOfRows, at: int, least: float) -> Levels:
    """Drop the weakest change while it is worth less than its penalty, or less than ``least``."""
    scale, inflation = float(noise.scale[at]), float(noise.inflation[at])
    cuts = [0, *starts, len(values)]
    parts = [_fit(values[a:b], scale) for a, b in pairwise(cuts)]

    def gain(i: int) -> float:
        return _gain(values[cuts[i] : cuts[i + 2]], (parts[i], parts[i + 1]), scale, least)

    gains = [gain(i) for i in range(len(parts) - 1)]
    while gains and min(gains) <= _PENALTY * inflation:
        weakest = int(np.argmin(gains))
        del cuts[weakest + 1], gains[weakest]
        parts[weakest : weakest + 2] = [_fit(values[cuts[weakest] : cuts[weakest + 1]], scale)]
        for i in {weakest - 1, weakest} & {*range(len(gains))}:
            gains[i] = gain(i)
    return Levels(tuple(cuts[:-1]), tuple(level for level, _ in parts), scale, inflation)


def _gain(joined: Floats, parts: tuple[Fit, Fit], scale: float, least: float) -> float:
    """Return what a change saves, in variances; less than nothing for one below ``least``."""
    left, right = parts
    size = abs(left[0] - right[0])
    if size < least:
        return size / least - 1
    tries = [_cost(joined, level, scale) for level in (left[0], right[0])]
    return min(*tries, _fit(joined, scale)[1]) - left[1] - right[1]


def _fit(values: Floats, scale: float) -> Fit:
    """Return the level of a segment, the mean of the values near it, and its cost."""
    level = float(np.median(values))
    for _ in range(_ROUNDS):
        near = values[np.abs(values - level) < _CUT * scale]
        level = float(near.mean()) if len(near) else level
    return level, _cost(values, level, scale)


def _cost(values: Floats, level: float, scale: float) -> float:
    return float(np.minimum(((values - level) / scale) ** 2, _CUT * _CUT).sum())
