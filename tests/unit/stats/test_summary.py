# SPDX-License-Identifier: GPL-2.0-only
"""Summaries against numpy and against themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.least import LEAST_OF_MEDIAN
from bench.stats.summary import Summary, median_interval, ratio, summarize

ticks = st.lists(st.integers(0, 2**52), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("values", "summary"),
    [
        ([7], Summary(1, 7, 7, 7)),
        ([3, 1, 2], Summary(3, 2, 1, 3)),
        ([4, 1, 2, 3], Summary(4, 2.5, 1, 4)),
        ([5, 5, 5, 1000], Summary(4, 5, 5, 1000)),
    ],
)
def test_a_summary(values: list[int], summary: Summary) -> None:
    assert summarize(values) == summary


def test_nothing_has_no_summary() -> None:
    with pytest.raises(ValueError, match="no value"):
        summarize([])


@given(ticks)
def test_a_summary_agrees_with_numpy(values: list[int]) -> None:
    array = np.array(values, dtype=np.float64)
    median, low, high = (float(np.quantile(array, q)) for q in (0.5, 0, 1))
    found = summarize(values)
    assert (found.n, found.low, found.high) == (len(values), low, high)
    assert found.median == pytest.approx(median, rel=1e-12)


def test_a_ratio_says_how_many_times_new_fits() -> None:
    assert ratio(summarize([6]), summarize([2])) == 3
    assert ratio(summarize([0]), summarize([2])) == 0
    assert ratio(summarize([6]), summarize([0])) == float("inf")


@given(ticks, ticks)
def test_a_ratio_of_the_swapped_sides_is_the_inverse(base: list[int], new: list[int]) -> None:
    sides = summarize([value + 1 for value in base]), summarize([value + 1 for value in new])
    expected = np.median(np.array(base) + 1) / np.median(np.array(new) + 1)
    assert ratio(*sides) == pytest.approx(expected)
    assert ratio(*sides) * ratio(*reversed(sides)) == pytest.approx(1)


def test_the_median_of_several_boots_is_that_of_their_medians() -> None:
    values, boots = np.array([1, 2, 3, 50, 70]), np.array([1, 1, 1, 2, 3])
    assert summarize(values, boots) == Summary(5, 50, 1, 70)
    assert summarize(values, boots * 0) == summarize(values) == Summary(5, 3, 1, 70)
    six = summarize(np.arange(1, 13), np.arange(12) // 2)
    assert (six.n, six.median, six.interval) == (12, 6.5, (1.5, 11.5))


def test_the_least_values_of_an_interval() -> None:
    assert median_interval(range(LEAST_OF_MEDIAN)) is not None
    assert median_interval(range(LEAST_OF_MEDIAN - 1)) is None
