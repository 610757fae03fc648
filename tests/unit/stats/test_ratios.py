# SPDX-License-Identifier: GPL-2.0-only
"""The interval of a ratio of pauses: how wide, when there is none, and that it covers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from bench.stats.ratios import ratio_interval
from tests.unit.runs import from_boots

PAUSES = st.lists(st.integers(1, 10**12), min_size=4, max_size=12)


@given(base=PAUSES, new=PAUSES, factor=st.integers(2, 1000))
def test_it_is_that_of_a_ratio(base: list[int], new: list[int], factor: int) -> None:
    """The unit does not matter, a base of twice the length doubles it, and turning turns it."""
    one, other = from_boots([base]), from_boots([new])
    low, high = ratio_interval(one, other) or pytest.fail("no interval of four reps a side")
    assert 0 < low <= high
    larger = ratio_interval(from_boots([np.multiply(base, factor)]), other)
    assert larger == pytest.approx((low * factor, high * factor))
    assert ratio_interval(other, one) == pytest.approx((1 / high, 1 / low))


@given(base=PAUSES, new=PAUSES)
def test_its_ends_are_ratios_of_reps(base: list[int], new: list[int]) -> None:
    found = ratio_interval(from_boots([base]), from_boots([new]))
    ratios = np.divide.outer(np.array(base, float), np.array(new, float)).ravel()
    for end in found or ():
        assert np.isclose(ratios, end, rtol=1e-9).any()


def test_it_inverts_the_rank_test() -> None:
    """By scipy: a base divided by a ratio inside of it could be that of the method."""
    rng = np.random.default_rng(1)
    base, new = rng.lognormal(3, 0.1, 9), rng.lognormal(0, 0.1, 8)
    low, high = ratio_interval(from_boots([base]), from_boots([new])) or (0, 0)
    inside, outside = (low * 1.001, high / 1.001), (low / 1.001, high * 1.001)
    assert all(mannwhitneyu(base / r, new).pvalue > 0.05 for r in inside)
    assert all(mannwhitneyu(base / r, new).pvalue <= 0.05 for r in outside)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_reps_have_none(count: int) -> None:
    few, many = from_boots([[*range(1, count + 1)]]), from_boots([[*range(1, 10)]])
    assert ratio_interval(few, few) is None
    assert count == 3 or ratio_interval(few, many) is None


def test_reps_of_few_boots_do_not_make_up_for_boots() -> None:
    reps = [*range(100, 120)]
    assert ratio_interval(from_boots([reps]), from_boots([reps]))
    assert ratio_interval(from_boots([reps, reps]), from_boots([reps, reps])) is None
    assert ratio_interval(from_boots([reps] * 4), from_boots([reps] * 4)) == (1, 1)


def test_nothing_has_no_logarithm() -> None:
    assert ratio_interval(from_boots([[0, 1, 2, 3]]), from_boots([[1, 2, 3, 4]])) is None
