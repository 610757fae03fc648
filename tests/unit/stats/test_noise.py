# SPDX-License-Identifier: GPL-2.0-only
"""Noise, drift, families: against scipy and statsmodels."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, theilslopes
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower

from bench.stats.decide import holm
from bench.stats.drift import Drift, drift
from bench.stats.noise import minimum_detectable_effect, noise_floor

chances = st.lists(st.floats(0, 1), min_size=1, max_size=25)


def test_a_floor_is_as_far_down_as_up() -> None:
    assert noise_floor([1.0, 1.0]) == 0
    assert noise_floor([1 / 1.04, 1.01]) == pytest.approx(0.04)
    assert noise_floor([1.03, 0.99]) == pytest.approx(noise_floor([1 / 1.03, 1 / 0.99]))
    hundred = [1 + part / 1000 for part in range(1, 101)]
    assert noise_floor(hundred) == pytest.approx(0.096)  # never rounded down to the 95th
    for nothing in ([0.0], []):
        with pytest.raises(ValueError, match="above zero"):
            noise_floor(nothing)


@pytest.mark.parametrize("boots", [5, 10, 20])
@pytest.mark.parametrize("power", [0.8, 0.95])
def test_what_can_be_seen_is_what_statsmodels_says(boots: int, power: float) -> None:
    """By the noncentral t; ours adds two quantiles of t, which is within 5 % of it."""
    size = TTestIndPower().solve_power(
        nobs1=boots, alpha=0.01, power=power, ratio=1.0, alternative="larger"
    )
    effect = minimum_detectable_effect((boots, boots), 0.02, power=power)
    assert np.log1p(effect) == pytest.approx(size * 0.02, rel=0.05)


def test_more_boots_see_more_and_one_sees_nothing() -> None:
    effects = [minimum_detectable_effect((n, n), 0.02) for n in (2, 5, 10, 20)]
    assert effects == sorted(effects, reverse=True)
    assert minimum_detectable_effect((1, 9), 0.02) == float("inf")
    assert minimum_detectable_effect((10, 10), 0.0, limit=0.02) == pytest.approx(0.02)


@given(chances)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    with patch("gc.collect"):  # of all that pytest has loaded, in every call: a third of a second
        expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected)


def test_holm_of_one_and_of_none() -> None:
    assert holm([0.03]).tolist() == [0.03]
    assert holm([]).tolist() == []


def test_a_trend_is_found_with_its_size() -> None:
    rng = np.random.default_rng(1)
    values = 100 + np.linspace(0, 10, 40) + rng.normal(0, 1, 40)
    found = drift(values)
    assert found.p < 1e-6
    assert found.change == pytest.approx(theilslopes(values)[0] * 39 / np.median(values))
    assert found.change == pytest.approx(0.095, abs=0.03)
    down = drift(values[::-1])
    assert (down.p, down.change) == pytest.approx((found.p, -found.change))


def test_what_stays_is_no_drift() -> None:
    """Alarms at 1 % come once in a hundred series."""
    rng = np.random.default_rng(2)
    found = [drift(rng.lognormal(0, 0.5, 20)) for _ in range(1000)]
    assert sum(one.p < 0.01 for one in found) <= binom.ppf(1 - 1e-4, 1000, 0.01)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [5.0] * 30])
def test_of_few_or_equal_values_there_is_no_drift(values: list[float]) -> None:
    assert drift(values) == Drift(1.0, 0.0)


def test_long_series_and_medians_of_zero_have_a_drift() -> None:
    long = drift(np.linspace(1, 2, 200_000))
    assert long.change == pytest.approx(2 / 3, rel=0.01)
    assert drift([-1.0, 0.0, 1.0]).change == float("inf")
