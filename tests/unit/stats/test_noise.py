# SPDX-License-Identifier: GPL-2.0-only
"""Noise and families: against scipy and statsmodels."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower

from bench.stats.decide import holm
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
