# SPDX-License-Identifier: GPL-2.0-only
"""How often intervals have the truth and drifts are none: the rule of today beside that before.

Every function returns shares of trials, the older rule first.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import kendalltau, theilslopes

from bench.stats.compare import shifts
from bench.stats.drift import drift
from bench.stats.ratios import ratio_interval
from bench.stats.samples import Floats, Samples, from_boots
from bench.stats.scaling import fit, why_not_extrapolated
from bench.stats.summary import median_interval
from tests.quality.shapes import Growth, Shape, boots_of

CONFIDENCE, RARE = 0.95, 0.01
Ends = tuple[float, float] | None


def holds(ends: Ends, truth: float) -> bool:
    return ends is not None and ends[0] <= truth <= ends[1]


def shift_interval(base: Floats, new: Floats) -> Ends:
    """Hodges and Lehmann's of logarithms: right for sides of one shape."""
    found = shifts(np.log(new), np.log(base), [CONFIDENCE])[0]
    return (float(np.exp(found.low)), float(np.exp(found.high))) if found.bounded else None


def mover_interval(base: Floats, new: Floats) -> Ends:
    """Zou and Donner's (2008): squares of both medians' margins are added, of logarithms."""
    (a, low, high), (b, least, most) = (
        (np.median(np.log(side)), *np.log(median_interval(side.tolist()) or (np.nan, np.nan)))
        for side in (base, new)
    )
    down, up = np.hypot(a - low, most - b), np.hypot(high - a, b - least)
    return float(np.exp(a - b - down)), float(np.exp(a - b + up))


def ratio_coverage(
    base: Shape, new: Shape, counts: tuple[int, int], trials: int, seed: int
) -> tuple[float, float]:
    """How often the interval of a ratio of medians has it, with so many values a side."""
    rng, truth = np.random.default_rng(seed), base.median / new.median
    hits = np.zeros(2)
    for _ in range(trials):
        a, b = base.draw(rng, counts[0]), new.draw(rng, counts[1])
        ours = ratio_interval(from_boots([a]), from_boots([b]))
        hits += holds(shift_interval(a, b), truth), holds(ours, truth)
    return float(hits[0] / trials), float(hits[1] / trials)


def boots_coverage(
    boots: int, reps: int, between: float, trials: int, seed: int
) -> tuple[float, float | None]:
    """The same of two kernels that do not differ, by the clock; None where none is printed."""
    rng = np.random.default_rng(seed)
    hits, printed = np.zeros(2), 0
    for _ in range(trials):
        sides = [boots_of(rng, boots, reps, between) for _ in range(2)]
        values = [np.median(side, axis=1) if boots > 1 else side[0] for side in sides]
        ours = ratio_interval(*(from_boots([*side]) for side in sides), one_boot_is_enough=False)
        printed += ours is not None
        hits += holds(shift_interval(*values), 1.0), holds(ours, 1.0)
    return float(hits[0] / trials), float(hits[1] / printed) if printed else None


def line_of_reps(sizes: Floats, reps: Floats, size: float) -> Ends:
    """Theil and Sen's line through all reps, with the slopes' interval and the largest distance."""
    x = np.repeat(sizes, reps.shape[1])
    slope, _, low, high = theilslopes(reps.ravel(), x, alpha=CONFIDENCE)
    fixed = float(np.median(reps.ravel() - slope * x))
    spread = float(np.max(np.abs(reps.ravel() - (fixed + slope * x))))
    middle, span = float(np.median(x)), size - float(np.median(x))
    ends = sorted((fixed + slope * middle + low * span, fixed + slope * middle + high * span))
    return ends[0] - spread, ends[1] + spread


def line_coverage(
    growth: Growth, sizes: int, reach: float, trials: int, seed: int, reps: int = 5
) -> tuple[float, float, float]:
    """How often an extrapolation has the truth or is refused, and how often ours is refused."""
    rng, x = np.random.default_rng(seed), np.array([4.0**n for n in range(sizes)])
    size = float(reach * x[-1])
    truth = float(growth.cost(size))
    hits, refused = np.zeros(2), 0
    for _ in range(trials):
        y = growth.draw(rng, x, reps)
        medians = np.median(y, axis=1).tolist()
        none = bool(why_not_extrapolated(x.tolist(), medians, size))
        ours = none or holds(fit(x.tolist(), medians).predict(size)[1:], truth)
        refused += none
        hits += holds(line_of_reps(x, y, size), truth), ours
    return float(hits[0] / trials), float(hits[1] / trials), refused / trials


def alarms(series: Sequence[Samples]) -> tuple[float, float]:
    """Shares of series with a drift: of all reps in a row, and over and within boots."""
    before = [kendalltau(range(len(s.values)), s.values).pvalue < RARE for s in series]
    return float(np.mean(before)), float(np.mean([drift(s).p < RARE for s in series]))


def drift_alarms(
    boots: int,
    reps: int,
    between: float,
    trials: int,
    seed: int,
    *,
    alike: float = 0,
    rise: float = 0,
) -> tuple[float, float]:
    """The same of boots that differ by a share, with a rise from the first rep to the last."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0, rise, boots * reps).reshape(boots, reps)
    made = (boots_of(rng, boots, reps, between, alike) + slope for _ in range(trials))
    return alarms([from_boots([*each]) for each in made])
