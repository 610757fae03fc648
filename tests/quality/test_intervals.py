# SPDX-License-Identifier: GPL-2.0-only
"""Intervals that cover, and trends that are there, on few trials.

``python -m tests.quality.coverage`` has many. Each bound is where a right rule falls once in 1000
draws; the seed is fixed. The rules before are held to the same bounds, and have to fail them.
"""

import numpy as np
import pytest
from scipy.stats import binom

from tests.quality.intervals import (
    boots_coverage,
    drift_alarms,
    holds,
    line_coverage,
    mover_interval,
    ratio_coverage,
)
from tests.quality.shapes import PAIRS, Growth, Shape, levels

TRIALS = 200
COVERED, RARE = 0.93, 0.01


def covers(share: float, trials: int = TRIALS) -> bool:
    """95 % within two points."""
    return round(share * trials) >= binom.ppf(1e-3, trials, COVERED)


@pytest.mark.parametrize("counts", [(5, 5), (6, 6), (10, 10), (20, 20), (5, 20)], ids=str)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}, {pair[1].name}")
def test_a_ratio_is_in_its_interval(pair: tuple[Shape, Shape], counts: tuple[int, int]) -> None:
    assert covers(ratio_coverage(*pair, counts, TRIALS, seed=1)[1])


def test_the_shift_of_unlike_shapes_is_not() -> None:
    before, ours = ratio_coverage(levels(0.7), levels(0.3), (20, 20), TRIALS, seed=2)
    assert covers(ours) and not covers(before)


def test_adding_squares_of_margins_loses_two_sides_of_two_levels() -> None:
    """Why the interval is as wide as both margins together."""
    rng, (one, other) = np.random.default_rng(7), (levels(0.51), levels(0.49))
    truth = one.median / other.median
    drawn = [(one.draw(rng, 10), other.draw(rng, 10)) for _ in range(TRIALS)]
    assert sum(holds(mover_interval(*sides), truth) for sides in drawn) < 0.75 * TRIALS


def test_two_single_boots_have_no_interval_and_several_one_that_covers() -> None:
    before, ours = boots_coverage(1, 20, 0.02, TRIALS, seed=3)
    assert ours is None and before < 0.5
    for boots, reps in ((5, 4), (10, 2)):
        _, share = boots_coverage(boots, reps, 0.02, TRIALS, seed=3)
        assert share is not None and covers(share)


@pytest.mark.parametrize("noise", [Growth(of_size=0.01), Growth(of_rep=0.01)], ids=["size", "rep"])
@pytest.mark.parametrize("bend", [0.0, 0.003, 0.01, 0.03])
@pytest.mark.parametrize("sizes", [3, 4, 6])
def test_an_extrapolation_has_the_truth_or_is_refused(
    noise: Growth, bend: float, sizes: int
) -> None:
    growth = Growth(bend, 20, noise.of_size, noise.of_rep)
    assert covers(line_coverage(growth, sizes, 16, 100, seed=4)[1], 100)


def test_the_line_through_reps_has_it_less_often_than_it_says() -> None:
    shared, bent = Growth(of_size=0.01), Growth(bend=0.01, of_rep=1e-4)
    assert not covers(line_coverage(shared, 5, 4, TRIALS, seed=5)[0])
    assert not covers(line_coverage(bent, 5, 4, TRIALS, seed=5)[0])


@pytest.mark.parametrize("boots, reps", [(10, 2), (5, 20), (1, 50), (20, 5)])
def test_boots_that_differ_do_not_drift(boots: int, reps: int) -> None:
    before, ours = drift_alarms(boots, reps, 0.02 * (boots > 1), TRIALS, seed=6)
    most = binom.ppf(1 - 1e-3, TRIALS, RARE)
    assert round(ours * TRIALS) <= most
    assert boots * reps < 100 or round(before * TRIALS) > 2 * most
