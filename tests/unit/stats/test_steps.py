# SPDX-License-Identifier: GPL-2.0-only
"""Change points: steps are found where they are, stray values and noise are none."""

import numpy as np
import pytest
from scipy.stats import binom

from bench.stats.samples import Floats
from bench.stats.steps import latest_starts, levels_of, noise_of

LEAST = 0.005
COUNTS, TIMES = 1e-4, 0.02  # spreads


def noise(spread: float, rows: int, points: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(0, spread, (rows, points))


@pytest.mark.parametrize(("spread", "size"), [(COUNTS, 0.006), (COUNTS, -0.03), (TIMES, 0.15)])
def test_a_step_is_found_where_it_is(spread: float, size: float) -> None:
    rows = noise(spread, 50, 60)
    rows[:, 40:] += size
    found = levels_of(rows, LEAST)
    changes = [each.changes[0] for each in found if len(each.changes) == 1]
    assert len(changes) >= 0.9 * len(found)
    assert np.median([change.at for change in changes]) == 40
    assert np.mean([change.size for change in changes]) == pytest.approx(size, rel=0.05)


def test_a_step_of_counts_is_found_with_its_third_point() -> None:
    rows = noise(COUNTS, 20, 33)
    rows[:, 30:] += 0.01
    assert not latest_starts(rows[:, :32], LEAST).any()
    assert (latest_starts(rows, LEAST) == 30).all()


def test_steps_up_and_down_are_two() -> None:
    rows = noise(COUNTS, 1, 60)
    rows[:, 20:40] += 0.01
    (found,) = levels_of(rows, LEAST)
    assert found.starts == (0, 20, 40)


@pytest.mark.parametrize("strays", [[10], [10, 11], [29], [28, 29], [5, 12, 20]])
def test_stray_points_are_no_change(strays: list[int]) -> None:
    rows = noise(COUNTS, 20, 30)
    rows[:, strays] += 3.0
    assert all(not each.changes for each in levels_of(rows, LEAST))


def test_a_change_below_the_least_is_none() -> None:
    rows = noise(COUNTS, 20, 60)
    rows[:, 30:] += 0.8 * LEAST
    assert all(not each.changes for each in levels_of(rows, LEAST))


@pytest.mark.parametrize("row", [[5.0], [5.0, 5.0], [1.0] * 50, [1.0, 2.0, 3.0]])
def test_few_or_equal_values_have_one_level(row: list[float]) -> None:
    (found,) = levels_of(np.array([row]), LEAST)
    assert found.starts == (0,)


def test_rows_of_several_lengths_are_what_each_is_alone() -> None:
    rows = noise(TIMES, 6, 50)
    rows[:, 25:] += 0.2
    for at, length in enumerate((10, 30, 31, 40, 49, 50)):
        rows[at, length:] = np.nan
    together = levels_of(rows, LEAST)
    for at, row in enumerate(rows):
        (alone,) = levels_of(row[np.isfinite(row)][None], LEAST)
        assert together[at].starts == alone.starts
        assert together[at].levels == pytest.approx(alone.levels)


def test_the_scale_is_that_of_the_noise_whatever_the_level_does() -> None:
    rows = noise(TIMES, 200, 100)
    rows[:, 30:] += 0.5  # a step
    rows += np.linspace(0, 0.4, 100)  # and creep
    rows[:, ::20] += 2.0  # and strays
    assert 0.9 * TIMES < np.median(noise_of(rows, LEAST)) < 1.6 * TIMES


def test_the_scale_of_correlated_values_is_that_of_their_means() -> None:
    rows = noise(1.0, 200, 1000)
    for at in range(1, 1000):
        rows[:, at] = 0.6 * rows[:, at - 1] + 0.8 * rows[:, at]
    assert np.median(noise_of(rows, LEAST)) == pytest.approx((1.6 / 0.4) ** 0.5, rel=0.15)


def test_a_quiet_series_has_less_than_one_false_change_in_a_thousand_points() -> None:
    """Analysed anew with every point; 0.1 in 1,000 are measured, the bound is for 1."""
    trials, points, first = 200, 50, 6
    rows = noise(TIMES, trials, points, seed=3)
    before = np.zeros(trials, dtype=np.intp)
    alarms = 0
    for end in range(first, points + 1):
        now = latest_starts(rows[:, :end], LEAST)
        alarms += int(((now > 0) & (now != before)).sum())
        before = now
    assert alarms <= binom.ppf(0.999, trials * (points - first + 1), 1e-3)
