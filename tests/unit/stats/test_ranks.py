# SPDX-License-Identifier: GPL-2.0-only
"""Ranks: against scipy, against published tables, against counting all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, wilcoxon

from bench.stats.ranks import (
    cut_of_averages,
    cut_of_pairs,
    mann_whitney,
    signed_rank,
    slower_share,
    u_distribution,
    w_distribution,
)
from bench.stats.samples import Floats

small = st.lists(st.integers(-20, 20), min_size=1, max_size=12).map(lambda v: np.array(v, float))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 7), (5, 5), (10, 10), (8, 20)])
def test_the_distribution_of_u_is_that_of_scipy(n: int, m: int) -> None:
    base = np.arange(n, dtype=float)
    for place in range(m + 1):  # so many new values above all of base, the others below
        new = np.concatenate([np.arange(place) + 100.0, -np.arange(m - place) - 100.0])
        expected = mannwhitneyu(new, base, alternative="less", method="exact")
        assert u_distribution(n, m)[int(expected.statistic)] == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(
    ("n", "m", "critical"),
    [(4, 4, 0), (5, 5, 2), (6, 8, 8), (10, 10, 23), (15, 15, 64), (20, 20, 127), (9, 20, 48)],
)
def test_critical_values_of_u_are_the_published_ones(n: int, m: int, critical: int) -> None:
    """Two-sided 5 %, as in every table since Mann and Whitney: the largest U that is rare."""
    assert cut_of_pairs(n, m, 0.025) - 1 == critical


@pytest.mark.parametrize(
    ("n", "critical"), [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (15, 25), (20, 52), (25, 89)]
)
def test_critical_values_of_w_are_the_published_ones(n: int, critical: int) -> None:
    """Two-sided 5 % (Wilcoxon's own table)."""
    assert cut_of_averages(n, 0.025) - 1 == critical


@pytest.mark.parametrize("n", [1, 5, 12])
def test_the_distribution_of_w_is_that_of_all_signs(n: int) -> None:
    signs = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    sums = signs @ np.arange(1, n + 1)
    counts = np.bincount(sums, minlength=n * (n + 1) // 2 + 1)
    assert w_distribution(n) == pytest.approx(np.cumsum(counts) / 2**n)


def test_the_normal_form_takes_over_where_it_is_as_good() -> None:
    """31 a side are beyond the table; their cut lies between those around it."""
    assert cut_of_pairs(30, 30, 0.01) <= cut_of_pairs(31, 31, 0.01) <= cut_of_pairs(30, 30, 0.025)
    assert cut_of_averages(51, 0.01) - cut_of_averages(50, 0.01) in range(0, 30)
    exact = np.searchsorted(u_distribution(31, 31), 0.01, side="right")
    assert abs(cut_of_pairs(31, 31, 0.01) - exact) <= 2


@pytest.mark.parametrize(("n", "tail", "cut"), [(4, 0.01, 0), (5, 1 / 252, 1), (5, 0.01, 2)])
def test_too_few_values_cut_nothing(n: int, tail: float, cut: int) -> None:
    assert cut_of_pairs(n, n, tail) == cut


@given(small, small)
def test_pairs_are_counted(base: Floats, new: Floats) -> None:
    differences = np.subtract.outer(new, base)
    delta = np.sign(differences).mean()
    assert slower_share(base, new) == pytest.approx((delta + 1) / 2, abs=1e-12)


@given(small, small)
def test_swapped_sides_say_the_opposite(base: Floats, new: Floats) -> None:
    assert slower_share(base, new) == pytest.approx(1 - slower_share(new, base), abs=1e-12)
    assert mann_whitney(base, new) == pytest.approx(mann_whitney(new, base))
    assert 0 < mann_whitney(base, new) <= 1


@given(small, st.sampled_from([0.5, 3.0, 1024.0]), st.integers(-5, 5))
def test_ranks_know_no_unit(base: Floats, factor: float, offset: int) -> None:
    new = np.asarray(base[::-1] + 1.5)
    scaled = [values * factor + offset for values in (base, new)]
    assert slower_share(*scaled) == slower_share(base, new)
    assert mann_whitney(*scaled) == pytest.approx(mann_whitney(base, new))


def test_all_equal_is_no_difference() -> None:
    same = np.full(7, 3.0)
    assert (mann_whitney(same, same), slower_share(same, same)) == (1.0, 0.5)
    assert signed_rank(np.zeros(7)) == 1.0


def test_the_published_example_of_a_signed_rank() -> None:
    """Hollander and Wolfe, table 3.1: nine patients, one-sided p 0.0195, so two-sided 0.039."""
    before = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    after = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    assert signed_rank(after - before) == pytest.approx(2 * 0.01953125)


@given(st.lists(st.integers(-30, 30).filter(bool), min_size=2, max_size=15, unique_by=abs))
def test_a_signed_rank_is_that_of_scipy(values: list[int]) -> None:
    expected = wilcoxon(np.array(values, float), method="exact").pvalue
    assert signed_rank(np.array(values, float)) == pytest.approx(expected)
