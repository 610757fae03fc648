# SPDX-License-Identifier: GPL-2.0-only
"""Find where the level of a series changes, in the presence of stray values.

The cost of a segmentation is that of Fearnhead and Rigaill ("Changepoint detection in the
presence of outliers", 2019): squares of what is left of each value over its segment's level, each
cut off at K^2 (Tukey's biweight), and a penalty a change. No value counts for more than K^2 = 9,
so that with a penalty of more than 18 two stray values are no change, whatever they are, and three
alike are one. The least cost is found by dynamic programming over a grid of levels, and each
change is then held against the cost without it (Hunter's second step: Fleming et al. 2023).

The scale is that of differences of neighbours (Rice 1984) by their 75 % quantile, which steps do
not change, and less their running median, without which creep would be noise. Neighbours of an
AR(1) process with a correlation r have differences whose correlation is -(1 - r) / 2: that is
estimated from winsorized differences, and the scale is that of means over many values, which is
sqrt((1 + r) / (1 - r)) times as large (as Lavielle and Moulines 2000 widen penalties). Constants
are chosen by simulation: tests/quality/histories.py.

All rows are series of one length: finite values first, in their order, then NaN.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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
_TREND = 10  # differences of a window: even, as the median of an odd one would be one of them
_FEW = 6.0  # by which part of 1/n the scale of few values is widened
_WINSORIZED = 2.5  # scales of differences, to which larger ones are cut for their correlation
_MOST_CORRELATED = 0.9
_STEPS = 4  # of the grid of levels, in a standard deviation
_FLOOR = 5.0  # the least change is so many standard deviations at least
_ROUNDS = 5  # of the mean of what is near, which is fixed after two or three


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

    @property
    def changes(self) -> list[Change]:
        """List the changes in their order."""
        steps = zip(self.starts[1:], self.levels, self.levels[1:], strict=False)
        return [Change(at, before, after) for at, before, after in steps]

    def segment_of(self, place: int) -> int:
        """Return the number of the segment in which a value lies."""
        return int(np.searchsorted(self.starts, place, side="right")) - 1


def noise_of(rows: Floats, least: float) -> Floats:
    """Estimate the scale of each row's noise: of means, times the root of their values' number.

    It is never below a fifth of the ``least`` change.
    """
    counts = np.maximum(np.isfinite(rows).sum(axis=1), 1)
    differences = _without_trend(np.diff(rows, axis=1))
    near = _scale(differences)
    floor = least / _FLOOR
    sure = np.where(near > floor, _correlation(differences, near), 0.0) - 1 / np.sqrt(counts)
    correlation = np.clip(sure, 0.0, _MOST_CORRELATED)
    scale = near * (1 + _FEW / counts) * np.sqrt(1 + correlation) / (1 - correlation)
    return np.asarray(np.maximum(scale, floor))


def _scale(differences: Floats) -> Floats:
    """Return the scale of values by that of their differences; 0 for a row without any."""
    if not differences.shape[1]:
        return np.zeros(len(differences))
    ordered = np.sort(np.abs(differences), axis=1)
    counts = np.isfinite(ordered).sum(axis=1)
    place = np.maximum(np.ceil(_QUANTILE * counts).astype(np.intp) - 1, 0)
    found = np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
    return np.asarray(np.nan_to_num(found) / (_NORMAL * np.sqrt(2)))


def _correlation(differences: Floats, scale: Floats) -> Floats:
    """Estimate the correlation of neighbours; 0 where differences have none."""
    limit = (_WINSORIZED * np.sqrt(2) * scale)[:, None]
    cut = np.nan_to_num(np.clip(differences, -limit, limit))
    counts = np.isfinite(differences).sum(axis=1)
    squares = (cut**2).sum(axis=1) / np.maximum(counts, 1)
    products = (cut[:, 1:] * cut[:, :-1]).sum(axis=1) / np.maximum(counts - 1, 1)
    shares = np.divide(products, squares, out=np.full_like(squares, -0.5), where=squares > 0)
    return np.asarray(1 + 2 * shares)


def _without_trend(differences: Floats) -> Floats:
    """Subtract the running median of differences, which is what creep adds to each of them.

    The ends have the nearest whole window's; fewer differences than a window have no trend.
    """
    counts = np.isfinite(differences).sum(axis=1)
    if differences.shape[1] < _TREND:
        return differences
    trend = np.median(sliding_window_view(differences, _TREND, axis=1), axis=2)
    places = np.arange(differences.shape[1]) - _TREND // 2
    last = np.maximum(counts - _TREND, 0)[:, None]
    found = np.take_along_axis(trend, np.clip(places, 0, last), axis=1)
    return np.asarray(differences - np.where(counts[:, None] < _TREND, 0.0, found))


def levels_of(rows: Floats, least: float) -> list[Levels]:
    """Cut each row into segments whose levels differ by ``least`` or more.

    A row needs one finite value.
    """
    scales = noise_of(rows, least)
    optima = _optima(rows, scales)
    lengths = np.isfinite(rows).sum(axis=1)
    return [
        _levels(rows[at, : lengths[at]], _walk_back(optima, at, lengths[at]), scales[at], least)
        for at in range(len(rows))
    ]


def latest_starts(rows: Floats, least: float) -> Places:
    """Return where the last segment of each row begins, before weak changes are merged."""
    starts = _optima(rows, noise_of(rows, least)).starts
    last = np.isfinite(rows).sum(axis=1) - 1
    return np.asarray(np.take_along_axis(starts, last[:, None], axis=1)[:, 0])


@dataclass(frozen=True, eq=False)
class _Optima:
    """For each place of a row: of the best cut of what ends there the last segment.

    ``starts`` says where it begins, ``levels`` its level.
    """

    starts: Places
    levels: Floats


def _optima(rows: Floats, scales: Floats) -> _Optima:
    """Run the dynamic programme for rows of a grid of about one size together."""
    scaled = rows / scales[:, None]
    grid, counts = _grid(scaled)
    found = _Optima(np.zeros(rows.shape, dtype=np.intp), np.zeros(rows.shape))
    buckets = np.ceil(np.log2(counts)).astype(int)
    for bucket in np.unique(buckets):
        at = np.flatnonzero(buckets == bucket)
        part = _programme(scaled[at], grid[at, : counts[at].max()])
        found.starts[at] = part.starts
        found.levels[at] = part.levels * scales[at, None]
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


def _programme(scaled: Floats, grid: Floats) -> _Optima:
    """Keep the least cost by level of the last segment, place after place."""
    each = np.arange(len(scaled))
    found = _Optima(np.zeros(scaled.shape, dtype=np.intp), np.zeros(scaled.shape))
    cost = np.zeros(grid.shape)
    start = np.zeros(grid.shape, dtype=np.intp)
    best = np.zeros(len(scaled), dtype=np.intp)
    for place in range(scaled.shape[1]):
        if place:
            changed = (cost[each, best] + _PENALTY)[:, None]
            start[changed < cost] = place
            np.minimum(cost, changed, out=cost)
        cost += _loss(scaled[:, place : place + 1], grid)
        best = cost.argmin(axis=1)
        found.starts[:, place] = start[each, best]
        found.levels[:, place] = grid[each, best]
    return found


def _loss(values: Floats, levels: Floats) -> Floats:
    """Return the biweight loss; a value that is missing costs nothing."""
    left = values - levels
    return np.asarray(np.nan_to_num(np.minimum(left * left, _CUT * _CUT), copy=False))


def _walk_back(optima: _Optima, at: int, length: int) -> list[tuple[int, float]]:
    """Return where the segments of a row begin, in order, the first one at 0, and their levels."""
    found: list[tuple[int, float]] = []
    end = length
    while end > 0:
        start = int(optima.starts[at, end - 1])
        found.append((start, float(optima.levels[at, end - 1])))
        end = start
    return found[::-1]


def _levels(values: Floats, found: list[tuple[int, float]], scale: float, least: float) -> Levels:
    """Drop the weakest change while it is worth less than its penalty, or less than ``least``."""
    cuts = [*(start for start, _ in found), len(values)]
    spans = zip(pairwise(cuts), found, strict=True)
    parts = [_fit(values[a:b], scale, level) for (a, b), (_, level) in spans]

    def joined(i: int) -> Fit:
        return _fit(values[cuts[i] : cuts[i + 2]], scale, parts[i][0], parts[i + 1][0])

    def gain(i: int) -> float:
        size = abs(parts[i][0] - parts[i + 1][0])
        saved = joined(i)[1] - parts[i][1] - parts[i + 1][1]
        return saved if size >= least else size / least - 1

    gains = [gain(i) for i in range(len(parts) - 1)]
    while gains and min(gains) <= _PENALTY:
        weakest = int(np.argmin(gains))
        parts[weakest : weakest + 2] = [joined(weakest)]
        del cuts[weakest + 1], gains[weakest]
        for i in {weakest - 1, weakest} & {*range(len(gains))}:
            gains[i] = gain(i)
    ends = zip(pairwise(cuts), parts, strict=True)
    middles = [_middle(values[a:b], level, scale) for (a, b), (level, _) in ends]
    return Levels(tuple(cuts[:-1]), tuple(middles), float(scale))


def _fit(values: Floats, scale: float, *guesses: float) -> Fit:
    """Return the level of a segment, a mean of what is near it, and its cost.

    The cost has several minima: the least is taken of those near the guesses and the median.
    """
    return min((_near(values, scale, guess) for guess in (*guesses, median_of(values))), key=_cost)


def _near(values: Floats, scale: float, guess: float) -> Fit:
    level = float(guess)
    for _ in range(_ROUNDS):
        near = values[np.abs(values - level) < _CUT * scale]
        before, level = level, float(near.sum() / len(near)) if len(near) else level
        if level == before:
            break
    return level, float(np.minimum(((values - level) / scale) ** 2, _CUT * _CUT).sum())


def _middle(values: Floats, level: float, scale: float) -> float:
    """Return the median of the values near a level, which lies among them."""
    near = values[np.abs(values - level) < _CUT * scale]
    return median_of(near) if len(near) else level


def median_of(values: Floats) -> float:
    """Return the median of at least one value: of few ones many times faster than numpy's."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _cost(fit: Fit) -> float:
    return fit[1]
