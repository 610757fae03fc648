# SPDX-License-Identifier: GPL-2.0-only
"""Nanoseconds an instruction, and how well they foretell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.rates import Measured, Rate, predict, prediction_error, rate_of

COUNTS = st.integers(10**6, 10**10)


def linear(counts: list[int], ns: float, reps: int = 6) -> list[Measured]:
    return [Measured([c] * 3, [round(c * ns)] * reps) for c in counts]


@given(st.lists(COUNTS, min_size=2, max_size=4), st.floats(0.05, 5))
def test_a_rate_that_is_the_same_everywhere_is_found_and_foretells(
    counts: list[int], ns: float
) -> None:
    *known, largest = linear(counts, ns)
    rate = rate_of(known)
    assert rate.value == pytest.approx(ns, rel=1e-4)
    assert rate.low <= rate.value <= rate.high
    assert prediction_error(rate, largest) == pytest.approx(0, abs=1e-4)


def test_the_interval_is_that_of_the_median_of_all_boots() -> None:
    times = [100, 101, 102, 103, 104, 105, 1000]
    rate = rate_of([Measured([10, 11, 2], times)])
    assert (rate.value, rate.low, rate.high) == (10.3, 10.0, 100.0)


@pytest.mark.parametrize(("time", "error"), [(100, 0.0), (50, 1.0), (200, -0.5)])
def test_the_error_is_of_what_it_took(time: int, error: float) -> None:
    assert prediction_error(Rate(1, 1, 1), Measured([100], [time])) == error


def test_too_few_reps_have_no_interval() -> None:
    with pytest.raises(ValueError, match="no interval of 5 boots: it takes 6"):
        rate_of([Measured([10], [1, 2, 3]), Measured([20], [2, 4])])


@pytest.mark.parametrize("error", [0.1, -0.1])
def test_an_error_of_prediction_widens_both_ends(error: float) -> None:
    time = predict(Rate(2.0, 1.9, 2.2), 100, error)
    assert time.value == 200
    assert [time.low, time.high] == pytest.approx([190 / 1.1, 220 / 0.9])


@pytest.mark.parametrize("error", [0.3, -0.25, 0.05, -0.05])
def test_what_a_prediction_took_is_within_its_interval(error: float) -> None:
    """Whichever way it was off: what was foretold with that error took foretold / (1 + error)."""
    time = predict(Rate(1.0, 1.0, 1.0), 100, error)
    assert time.low <= 100 / (1 + error) * (1 + 1e-12)
    assert time.high >= 100 / (1 + error) * (1 - 1e-12)
