# SPDX-License-Identifier: GPL-2.0-only
"""Noise, and what can be seen through it: against scipy and statsmodels."""

import numpy as np
import pytest
from scipy.stats import binom, norm, t
from statsmodels.stats.power import TTestIndPower

from bench.stats.noise import (
    Noise,
    detectable,
    noise_floor,
    noise_of_floor,
    noise_of_levels,
    seen_at,
)


def test_a_floor_is_as_far_down_as_up() -> None:
    assert noise_floor([1.0, 1.0]) == 0
    assert noise_floor([1 / 1.04, 1.01]) == pytest.approx(0.04)
    assert noise_floor([1.03, 0.99]) == pytest.approx(noise_floor([1 / 1.03, 1 / 0.99]))
    hundred = [1 + part / 1000 for part in range(1, 101)]
    assert noise_floor(hundred) == pytest.approx(0.096)  # never rounded down to the 95th
    for nothing in ([0.0], []):
        with pytest.raises(ValueError, match="above zero"):
            noise_floor(nothing)


def test_noise_is_the_greater_of_two_estimates() -> None:
    """Levels that wander lie further from their mean than from one another, and the reverse."""
    wander = np.exp(np.linspace(0, 0.1, 11))
    found = noise_of_levels([*wander])
    assert found.sd == pytest.approx(np.log(wander).std(ddof=1))
    assert found.freedom == 10
    turns = np.exp([0.0, 0.02] * 5)
    assert noise_of_levels([*turns]).sd == pytest.approx(0.02 / 2**0.5)
    assert noise_of_levels([3.0, 3.0, 3.0]) == Noise(0.0, 2)
    for nothing in ([], [1.0], [0.0, 1.0], [1.0, float("inf")], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="two levels"):
            noise_of_levels(nothing)


def test_noise_of_a_ratio_is_less_for_more_sessions() -> None:
    noise = Noise(0.02, 5)
    assert noise.of_ratio(1, 1) == pytest.approx(0.02 * 2**0.5)
    assert noise.of_ratio(4, 4) == pytest.approx(noise.of_ratio(1, 1) / 2)
    named = noise_of_floor(0.05)
    assert norm.sf(np.log(1.05) / named.of_ratio(1, 1)) == pytest.approx(0.025, rel=1e-3)


@pytest.mark.parametrize("freedom", [8, 18, 38])
@pytest.mark.parametrize("power", [0.8, 0.95])
def test_what_is_seen_of_a_known_spread_is_what_statsmodels_says(
    freedom: int, power: float
) -> None:
    """By the noncentral t: the forecast knows the spread, the test has to estimate it."""
    boots = freedom // 2 + 1
    size = TTestIndPower().solve_power(
        nobs1=boots, alpha=0.01, power=power, ratio=1.0, alternative="larger"
    )
    critical = float(t.isf(0.01, freedom))
    found = seen_at(freedom, critical, power, known=float("inf"))
    assert found == pytest.approx(size / (2 / boots) ** 0.5, rel=0.005)


@pytest.mark.parametrize("boots", [3, 5, 10])
def test_a_forecast_is_right_as_often_as_it_says(boots: int) -> None:
    """By forecasts from one measurement, each tried on another: 19 of 20 are found.

    This was 44 to 52 % for counts, whose forecast took the spread of reps for that of boots.
    """
    rng, trials, freedom = np.random.default_rng(boots), 20_000, 2 * boots - 2
    critical, scale = float(t.isf(0.01, freedom)), (2 / boots) ** 0.5
    forecast, tried = np.sqrt(rng.chisquare(freedom, (2, trials)) / freedom)
    change = seen_at(freedom, critical) * forecast * scale
    estimate = change + rng.normal(0, scale, trials)
    found = np.count_nonzero(estimate > critical * tried * scale)
    assert binom.ppf(1e-3, trials, 0.945) <= found <= binom.ppf(1 - 1e-3, trials, 0.955)


def test_what_is_detectable_exceeds_the_limit() -> None:
    assert detectable(0.0, 8, 3.0, limit=np.log(1.02)) == pytest.approx(0.02)
    assert detectable(0.01, 8, 3.0, limit=0.5) == pytest.approx(
        np.expm1(0.5 + 0.01 * t.ppf(0.95, 8))
    )
    assert detectable(0.01, 8, 3.0) < detectable(0.02, 8, 3.0) < detectable(0.02, 4, 3.0)
    assert detectable(0.01, float("inf"), 2.0) == pytest.approx(
        np.expm1(0.01 * (2 + 1.645)), rel=1e-3
    )
