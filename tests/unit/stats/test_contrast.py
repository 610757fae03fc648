# SPDX-License-Identifier: GPL-2.0-only
"""Cells of one gate share their spread, but for those that have one of their own."""

import numpy as np
import pytest
from scipy.stats import binom, ttest_ind

from bench.stats.contrast import LEAST_CELLS, Contrast, moderated

Variances = list[float]


def contrasts(variances: Variances, freedom: float = 8) -> list[Contrast]:
    return [Contrast(0.01, variance, freedom, 0.4) for variance in variances]


def drawn(rng: np.random.Generator, cells: int, spread: float = 0.0) -> Variances:
    """Estimates of variances with 8 degrees of freedom; ``spread`` is of the true ones."""
    true = np.exp(rng.normal(0, spread, cells))
    return [*(true * rng.chisquare(8, cells) / 8)]


def test_the_p_is_that_of_students_test() -> None:
    rng = np.random.default_rng(1)
    base, new = rng.normal(0, 1, (2, 5))
    variance = float(base.var(ddof=1) + new.var(ddof=1)) / 2
    found = Contrast(float(new.mean() - base.mean()), variance, 8, 2 / 5)
    said = ttest_ind(new, base)
    assert found.p == pytest.approx(said.pvalue)
    interval = said.confidence_interval(0.98)
    assert found.half(0.98) == pytest.approx((interval.high - interval.low) / 2)


def test_where_nothing_varies_any_change_is_one() -> None:
    assert Contrast(0.0, 0.0, 8, 0.4).p == 1
    assert (Contrast(1e-9, 0.0, 8, 0.4).p, Contrast(1e-9, 0.0, 8, 0.4).half(0.98)) == (0, 0)


def test_what_lies_between_sessions_decides_where_it_is_more() -> None:
    alone = Contrast(0.05, 1e-4, 18, 0.2)
    apart = Contrast(0.05, 1e-4, 18, 0.2, between=0.03, between_freedom=5)
    assert apart.p > 0.05 > alone.p
    assert apart.half(0.98) == pytest.approx(3.365 * 0.03, rel=1e-3)
    assert apart.detectable(0.02, 0.02) > alone.detectable(0.02, 0.02)


def test_cells_of_one_spread_gain_what_the_others_know() -> None:
    """The spread comes to that of all, with nearly all of their degrees of freedom."""
    found = moderated(contrasts(drawn(np.random.default_rng(2), 50)))
    assert np.median([each.variance for each in found]) == pytest.approx(1, abs=0.15)
    assert np.median([each.freedom for each in found]) > 50
    assert all(each.freedom <= 400 for each in found)


def test_a_noisy_cell_among_quiet_ones_keeps_its_own() -> None:
    variances = [*drawn(np.random.default_rng(3), 20), 100.0]
    noisy = moderated(contrasts(variances))[-1]
    assert (noisy.variance, noisy.freedom) == (100.0, 8)


def test_cells_that_differ_much_share_little() -> None:
    found = moderated(contrasts(drawn(np.random.default_rng(4), 50, spread=3.0)))
    assert max(each.freedom for each in found) < 12


@pytest.mark.parametrize("variances", [[], [1.0], [1.0] * (LEAST_CELLS - 1), [0.0] * 10])
def test_few_cells_and_such_as_do_not_vary_share_nothing(variances: Variances) -> None:
    assert moderated(contrasts(variances)) == contrasts(variances)


def test_equal_variances_are_one() -> None:
    found = moderated(contrasts([2.0] * 10))
    assert all(each.variance == pytest.approx(found[0].variance) for each in found)
    assert all(each.freedom == pytest.approx(80) for each in found)


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.5])
@pytest.mark.parametrize("cells", [6, 12, 50])
def test_no_more_alarms_than_said(cells: int, spread: float) -> None:
    """Nothing changed: one in fifty cells has a p of 2 %, with shared spreads as without."""
    rng, trials = np.random.default_rng(cells), 200
    alarms = 0
    for _ in range(trials):
        true = np.exp(rng.normal(0, spread, cells))
        estimates = rng.normal(0, np.sqrt(true * 0.4))
        variances = true * rng.chisquare(8, cells) / 8
        made = [
            Contrast(float(e), float(v), 8, 0.4) for e, v in zip(estimates, variances, strict=True)
        ]
        alarms += sum(each.p <= 0.02 for each in moderated(made))
    assert alarms <= binom.ppf(1 - 1e-3, trials * cells, 0.025)
