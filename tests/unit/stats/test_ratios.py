# SPDX-License-Identifier: GPL-2.0-only
"""The interval of a ratio of pauses: how wide, when there is none, and that it covers."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.ratios import LEAST_OF_RATIO, median_ratio, ratio_interval
from tests.unit.runs import from_boots

PAUSES = st.lists(st.integers(1, 10**12), min_size=LEAST_OF_RATIO, max_size=12)


@given(base=PAUSES, new=PAUSES, factor=st.integers(2, 1000))
def test_it_is_that_of_a_ratio(base: list[int], new: list[int], factor: int) -> None:
    """The unit does not matter, a base of twice the length doubles it, and turning turns it."""
    one, other = from_boots([base]), from_boots([new])
    low, high = ratio_interval(one, other) or pytest.fail("no interval of five reps a side")
    assert 0 < low <= high
    larger = ratio_interval(from_boots([np.multiply(base, factor)]), other)
    assert larger == pytest.approx((low * factor, high * factor))
    assert ratio_interval(other, one) == pytest.approx((1 / high, 1 / low))


@given(base=PAUSES, new=PAUSES)
def test_it_holds_the_ratio_that_is_printed(base: list[int], new: list[int]) -> None:
    """Its ends are ratios of reps."""
    sides = from_boots([base]), from_boots([new])
    low, high = ratio_interval(*sides) or pytest.fail("no interval of five reps a side")
    assert low * (1 - 1e-12) <= median_ratio(*sides) <= high * (1 + 1e-12)
    ratios = np.divide.outer(np.array(base, float), np.array(new, float)).ravel()
    assert all(np.isclose(ratios, end, rtol=1e-9).any() for end in (low, high))


@pytest.mark.parametrize("n", range(LEAST_OF_RATIO, 60))
def test_each_side_has_its_median_as_often_as_95_percent(n: int) -> None:
    """By counting coins: of a side that has no noise nothing is left but the other's interval."""
    values = [*range(1, n + 1)]
    low, high = ratio_interval(from_boots([values]), from_boots([[1] * n])) or (0, 0)
    below, above = round(low), n + 1 - round(high)  # which values are the ends, from outside
    covered = 1 - sum(comb(n, k) for side in (below, above) for k in range(side)) / 2**n
    assert covered >= (0.95 if n > LEAST_OF_RATIO else 0.93)
    narrower = 1 - 2 * sum(comb(n, k) for k in range(below + 1)) / 2**n
    assert narrower < 0.95 and below == above


def test_counts_that_repeat_have_an_interval_without_width() -> None:
    sides = from_boots([[300] * 5]), from_boots([[100] * 7])
    assert ratio_interval(*sides) == (3, 3) == (median_ratio(*sides),) * 2


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_reps_have_none(count: int) -> None:
    few, many = from_boots([[*range(1, count + 1)]]), from_boots([[*range(1, 10)]])
    assert ratio_interval(few, few) is None
    assert ratio_interval(few, many) is ratio_interval(many, few) is None


def test_reps_of_few_boots_do_not_make_up_for_boots() -> None:
    reps = [*range(100, 120)]
    one, four, five = (from_boots([reps] * boots) for boots in (1, 4, 5))
    assert ratio_interval(one, one)
    assert ratio_interval(four, four) is ratio_interval(one, five) is None
    assert ratio_interval(five, five) == (1, 1)


def test_one_boot_a_side_says_nothing_of_boots_that_differ() -> None:
    one, five = (from_boots([[*range(100, 120)]] * boots) for boots in (1, 5))
    assert ratio_interval(one, one, one_boot_is_enough=False) is None
    assert ratio_interval(five, five, one_boot_is_enough=False) == (1, 1)


def test_a_ratio_is_of_boots_where_there_are_several() -> None:
    """As its interval is: a boot with many reps has no more say than another."""
    base, new = from_boots([[10] * 9, [20], [30]]), from_boots([[1], [2], [3] * 9])
    assert median_ratio(base, new) == 20 / 2
    assert median_ratio(from_boots([[10, 30, 20]]), from_boots([[0]])) == float("inf")


def test_nothing_has_no_ratio_to_it() -> None:
    assert ratio_interval(from_boots([[0, 1, 2, 3, 4]]), from_boots([[1, 2, 3, 4, 5]])) is None
