# SPDX-License-Identifier: GPL-2.0-only
"""Find out whether values depend on when they were measured.

Reps of one boot share its level, so that a row of all reps seems to have a trend wherever boots
differ. A trend is therefore looked for over boots, by their medians, and within boots.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.special import ndtr
from scipy.stats import kendalltau

from bench.stats.samples import Floats, Samples, samples_of

_Key = TypeVar("_Key", bound=Hashable)

# Slopes are of all pairs: of longer series medians of so many neighbourhoods are taken.
MOST_POINTS = 1000
# Of many cells: more than chance gives one run in a hundred, and more than counts ever do.
_RARE = 0.01
_NOTICEABLE = 0.01
_ENOUGH = 200  # of each to see a trend, evenly: the slopes of all pairs of many take minutes
_LEAST_BOOTS = 6  # five in a row are no rare chance, of two tests: 4 orders of 5!
_LEAST_REPS = 3
_LIKELY = 0.05
_LEAST_OF_LAG = 4  # reps of a boot that say how much neighbours are alike
_MOST_ALIKE = 0.95


@dataclass(frozen=True)
class Drift:
    """``p`` of no trend, ``change`` from first to last as a part of the median.

    ``within``: from the first rep of a boot to its last, in all of several boots alike.
    """

    p: float
    change: float
    within: bool = False

    @property
    def where(self) -> str:
        """Say what the change is from the first to the last of."""
        return "within each boot" if self.within else "over the run"


def drift(samples: Samples) -> Drift:
    """Find the trend of values, which stand in the order in which they were measured.

    Over boots it is Mann-Kendall's (Mann 1945: Kendall's tau of median and time), within them the
    seasonal Kendall test (Hirsch, Slack and Smith 1982: the statistics and variances of boots are
    added), with Theil and Sen's slopes. Of both the rarer one is taken, at twice its p
    (Bonferroni). Few values, or all equal: no drift, p = 1.
    """
    boots = _by_boot(samples)
    most = max(MOST_POINTS // max(len(boots), 1), 2)
    within = _alike([_thinned(boot, most) for boot in boots])
    over = [_thinned(samples.medians, MOST_POINTS)[None]] if len(boots) >= _LEAST_BOOTS else []
    tests = [(p, over, False) for p in _p_over(over)]
    tests += [(p, within, len(boots) > 1) for p in _p_within(within)]
    if not tests:
        return Drift(1.0, 0.0)
    p, values, inside = min(tests, key=lambda test: test[0])
    change = _part(_slope(values), abs(float(np.median(samples.values))))
    return Drift(min(len(tests) * p, 1.0), change, inside)


def drifting(cells: Mapping[_Key, Samples]) -> dict[_Key, Drift]:
    """Return the drift of those cells whose values depend on when they were measured."""
    found = {key: drift(_some(samples)) for key, samples in cells.items()}
    return {
        key: trend
        for key, trend in found.items()
        if trend.p * len(found) < _RARE and abs(trend.change) > _NOTICEABLE
    }


def _part(change: float, middle: float) -> float:
    if middle:
        return change / middle
    return float(np.copysign(np.inf, change)) if change else 0.0


def _by_boot(samples: Samples) -> list[Floats]:
    order = np.argsort(samples.boots, kind="stable")
    _, counts = np.unique(samples.boots, return_counts=True)
    return np.split(samples.values[order], np.cumsum(counts)[:-1]) if len(counts) else []


def _alike(boots: Sequence[Floats]) -> list[Floats]:
    """Make a block of all boots with equally many reps, a row each; those of one rep are left."""
    sizes = sorted({len(boot) for boot in boots} - {1})
    return [np.stack([boot for boot in boots if len(boot) == size]) for size in sizes]


def _p_over(medians: Sequence[Floats]) -> list[float]:
    """Return the p of no trend over boots; nothing where all are equal, or where none are."""
    found = []
    for row in (row for block in medians for row in block if np.ptp(row)):
        p = _p_normal(*_kendall(row[None]))
        # The exact p, of values without ties, takes ten times as long, and only a rare one matters.
        found.append(float(kendalltau(np.arange(len(row)), row).pvalue) if p < _LIKELY else p)
    return found


def _p_within(blocks: Sequence[Floats]) -> list[float]:
    """Return the p of no trend that boots have in common; nothing where there can be none."""
    parts = [_kendall(block) for block in blocks]
    score, variance = sum(part[0] for part in parts), sum(part[1] for part in parts)
    if variance <= 0 or sum(block.size for block in blocks) < _LEAST_REPS:
        return []
    return [_p_normal(score, variance * _inflation(blocks))]


def _p_normal(score: float, variance: float) -> float:
    """Return the two-sided p of Kendall's S, by the normal distribution, continuity corrected."""
    return min(2 * float(ndtr(-max(abs(score) - 1, 0) / variance**0.5)), 1.0)


def _kendall(block: Floats) -> tuple[float, float]:
    """Sum Kendall's S and its variance, with ties, over boots of equally many reps, a row each."""
    n = block.shape[1]
    signs = np.sign(block[:, None, :] - block[:, :, None])
    score = float(np.triu(signs).sum())
    equal = (signs == 0).sum(axis=2)
    ties = ((equal - 1) * (2 * equal + 5)).sum()  # t (t - 1) (2 t + 5) of each group of t
    return score, float(len(block) * n * (n - 1) * (2 * n + 5) - ties) / 18


def _inflation(blocks: Sequence[Floats]) -> float:
    """Return by how much neighbours that are alike widen the variance; 1 where they are not.

    Bayley and Hammersley 1946, as Hamed and Rao (1998) use it for Kendall's S, with the correlation
    of neighbours in all boots after each boot's line is taken away, and its bias (Kendall 1954).
    """
    long = [block for block in blocks if block.shape[1] >= _LEAST_OF_LAG]
    rests = [_without_line(block) for block in long]
    squares = sum(float((rest**2).sum()) for rest in rests)
    if not squares:
        return 1.0
    alike = sum(float((rest[:, 1:] * rest[:, :-1]).sum()) for rest in rests) / squares
    n = sum(block.size for block in long) / sum(map(len, long))
    if n > 2 * _LEAST_OF_LAG:
        alike = (alike + 2 / n) / (1 - 4 / n)
    alike = min(max(alike, 0.0), _MOST_ALIKE)
    lags = np.arange(1, int(n))
    return float(1 + 2 * ((1 - lags / n) * alike**lags).sum())


def _without_line(block: Floats) -> Floats:
    """Take away the least squares line of each row."""
    time = np.arange(block.shape[1]) - (block.shape[1] - 1) / 2
    rest = block - block.mean(axis=1, keepdims=True)
    return np.asarray(rest - np.outer(rest @ time / (time @ time), time))


def _slope(blocks: Sequence[Floats]) -> float:
    """Return the median slope of all pairs in a row (Theil and Sen), from its first to its last."""
    slopes = []
    for block in blocks:
        first, second = np.triu_indices(block.shape[1], 1)
        rise = block[:, second] - block[:, first]
        slopes.append((rise / (second - first) * (block.shape[1] - 1)).ravel())
    return float(np.median(np.concatenate(slopes)))


def _some(samples: Samples) -> Samples:
    """Take every second, third, ... rep of each boot, where there are more than enough."""
    step = -(-len(samples.values) // _ENOUGH)
    if step < 2:
        return samples
    boots = [boot[::step] for boot in _by_boot(samples)]
    ids = np.repeat(np.unique(samples.boots), [len(boot) for boot in boots])
    return samples_of(ids, np.concatenate(boots))


def _thinned(values: Floats, most: int) -> Floats:
    if len(values) <= most:
        return values
    return np.array([np.median(block) for block in np.array_split(values, most)])
