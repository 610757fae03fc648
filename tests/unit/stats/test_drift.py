# SPDX-License-Identifier: GPL-2.0-only
"""Trends over boots and within them: against scipy and statistics of one's own, and by chance."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, kendalltau, norm, theilslopes

from bench.stats.drift import Drift, drift, drifting
from bench.stats.samples import Samples, from_boots

Floats = NDArray[np.float64]


def of_one_boot(values: ArrayLike) -> Samples:
    return from_boots([values])


def test_a_trend_of_one_boot_is_found_with_its_size() -> None:
    rng = np.random.default_rng(1)
    values = 100 + np.linspace(0, 10, 40) + rng.normal(0, 1, 40)
    found = drift(of_one_boot(values))
    assert found.p < 1e-6 and found.where == "over the run"
    assert found.change == pytest.approx(theilslopes(values)[0] * 39 / np.median(values))
    assert found.change == pytest.approx(0.095, abs=0.03)
    down = drift(of_one_boot(values[::-1]))
    assert (down.p, down.change) == pytest.approx((found.p, -found.change))


def test_a_trend_over_boots_is_that_of_their_medians() -> None:
    medians = [10.0, 11.0, 13.0, 12.0, 15.0, 16.0, 18.0, 17.0]
    found = drift(from_boots([[median] for median in medians]))
    assert found.p == pytest.approx(kendalltau(range(8), medians).pvalue)
    change = theilslopes(medians)[0] * 7 / np.median(medians)
    assert found.change == pytest.approx(change) and not found.within
    both = drift(from_boots([[median - 1, median, median + 1][::-1] for median in medians]))
    assert both.where == "within each boot"  # where each falls by more than chance has it


def test_a_trend_within_boots_adds_what_each_has() -> None:
    """Hirsch, Slack and Smith's statistic by counting pairs, of reps that are not alike."""
    rng = np.random.default_rng(3)
    boots = [level + np.linspace(0, 2, 6) + rng.normal(0, 1, 6) for level in (10, 50, 30)]
    pairs = [np.sign(b[j] - b[i]) for b in boots for i in range(6) for j in range(i + 1, 6)]
    z = (abs(sum(pairs)) - 1) / np.sqrt(3 * 6 * 5 * 17 / 18)
    slopes = [(b[j] - b[i]) / (j - i) for b in boots for i in range(6) for j in range(i + 1, 6)]
    found = drift(from_boots(boots))
    assert found.p >= 2 * norm.sf(z) * (1 - 1e-12)  # neighbours that are alike widen it
    assert found.change == pytest.approx(5 * np.median(slopes) / np.median(np.concatenate(boots)))
    assert found.within


def noise(
    rng: np.random.Generator, boots: int, reps: int, between: float, alike: float = 0.0
) -> Floats:
    """Boots that differ by a share, reps by 1 %, neighbours in a boot correlated."""
    found = rng.normal(0, 1, (boots, reps))
    for rep in range(1, reps):
        found[:, rep] += alike * found[:, rep - 1] - (1 - np.sqrt(1 - alike**2)) * found[:, rep]
    return np.asarray(1 + rng.normal(0, between, (boots, 1)) + 0.01 * found)


def alarms(series: Sequence[Floats]) -> int:
    return sum(drift(from_boots([*each])).p < 0.01 for each in series)


@pytest.mark.parametrize("boots, reps", [(10, 2), (5, 20), (1, 50), (20, 5), (30, 1)])
def test_boots_that_differ_are_no_drift(boots: int, reps: int) -> None:
    """Alarms at 1 % come once in a hundred series; of all reps in a row, in up to 60."""
    rng = np.random.default_rng(2)
    series = [noise(rng, boots, reps, 0.02 * (boots > 1)) for _ in range(400)]
    most = binom.ppf(1 - 1e-3, 400, 0.01)
    assert alarms(series) <= most
    if boots * reps == 100:
        in_a_row = [kendalltau(range(100), each.ravel()).pvalue for each in series]
        assert np.count_nonzero(np.array(in_a_row) < 0.01) > 5 * most


@pytest.mark.parametrize("boots, reps", [(5, 20), (1, 50)])
def test_neighbours_that_are_alike_are_no_drift(boots: int, reps: int) -> None:
    rng = np.random.default_rng(4)
    series = [noise(rng, boots, reps, 0.0, alike=0.5) for _ in range(300)]
    assert alarms(series) <= binom.ppf(1 - 1e-3, 300, 0.015)


@pytest.mark.parametrize("boots, reps, slope", [(10, 2, 0.2), (20, 5, 0.1), (1, 50, 0.03)])
def test_a_real_drift_is_found(boots: int, reps: int, slope: float) -> None:
    rng = np.random.default_rng(5)
    rise = np.linspace(0, slope, boots * reps).reshape(boots, reps)
    series = [noise(rng, boots, reps, 0.02 * (boots > 1)) + rise for _ in range(100)]
    assert alarms(series) >= 90


def test_what_rises_in_each_boot_is_found_over_none() -> None:
    rng = np.random.default_rng(6)
    rise = np.linspace(0, 0.03, 20)
    found = drift(from_boots([*(noise(rng, 5, 20, 0.05) + rise)]))
    assert found.p < 0.01 and found.within and found.change == pytest.approx(0.03, abs=0.015)


@pytest.mark.parametrize(
    "boots", [[], [[1.0]], [[1.0, 2.0]], [[5.0] * 30], [[1.0]] * 9, [[1.0], [2.0], [3.0], [4.0]]]
)
def test_of_few_or_equal_values_there_is_no_drift(boots: list[list[float]]) -> None:
    assert drift(from_boots(boots)) == Drift(1.0, 0.0)


def test_boots_of_unequal_length_are_taken_together() -> None:
    boots = [np.linspace(1, 2, n) for n in (3, 5, 5, 9, 1)]
    found = drift(from_boots(boots))
    assert found.p < 0.01 and found.within


def test_long_series_and_medians_of_zero_have_a_drift() -> None:
    long = drift(of_one_boot(np.linspace(1, 2, 200_000)))
    assert long.change == pytest.approx(2 / 3, rel=0.01) and long.p < 1e-9
    assert drift(of_one_boot([-1.0, 0.0, 1.0])).change == float("inf")


def test_of_many_cells_those_that_drift_by_more_than_chance_are_named() -> None:
    rng = np.random.default_rng(7)
    cells = {n: from_boots([*noise(rng, 5, 100, 0.02)]) for n in range(50)}
    cells[7] = from_boots([*(noise(rng, 5, 100, 0.02) + np.linspace(0, 0.05, 100))])
    found = drifting(cells)
    assert [*found] == [7] and found[7].change == pytest.approx(0.05, abs=0.01)
