# SPDX-License-Identifier: GPL-2.0-only
"""Shifts: published examples, all pairs made by hand, a million values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp, ttest_ind

from bench.stats import pairwise
from bench.stats.compare import (
    Shift,
    go_together,
    hodges_lehmann_paired,
    paired_t,
    shifts,
    welch,
)
from bench.stats.pairwise import kth_differences
from bench.stats.ranks import slower_share
from bench.stats.samples import Floats, group_medians, samples_of
from tests.unit.runs import from_boots

# Hollander and Wolfe, table 4.1: permeability of membranes, at term and at 12 to 26 weeks.
TERM = np.array([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46])
EARLY = np.array([1.15, 0.88, 0.90, 0.74, 1.21])

finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
rows = st.lists(finite, min_size=1, max_size=14).map(lambda v: np.array(v, float))


def hodges_lehmann(base: Floats, new: Floats, confidence: float = 0.95) -> Shift:
    """Estimate a shift with one interval."""
    return shifts(base, new, [confidence])[0]


def test_the_published_example_of_two_sides() -> None:
    """Their example 4.3: the shift is -0.305, the 96 % interval (-0.76, 0.15)."""
    shift = hodges_lehmann(TERM, EARLY, 0.96)
    assert shift.estimate == pytest.approx(-0.305)
    assert (shift.low, shift.high) == pytest.approx((-0.76, 0.15))


def test_the_published_example_of_pairs() -> None:
    """Their examples 3.3 and 3.4: -0.46, and (-0.786, -0.010) with 96 %."""
    before = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    after = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    shift = hodges_lehmann_paired(after - before, 0.96)
    assert shift.estimate == pytest.approx(-0.46)
    assert (shift.low, shift.high) == pytest.approx((-0.786, -0.010))


@given(rows, rows)
def test_swapped_sides_negate_a_shift(base: Floats, new: Floats) -> None:
    one, other = hodges_lehmann(base, new), hodges_lehmann(new, base)
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)
    assert one.low <= one.estimate <= one.high
    assert one.estimate == pytest.approx(np.median(np.subtract.outer(new, base)), abs=1e-9)


@given(rows, st.sampled_from([2.0, 0.25, 1024.0]))
def test_a_shift_has_the_unit_of_the_values(base: Floats, factor: float) -> None:
    new = base[::-1] * 1.5 + 1
    one, scaled = hodges_lehmann(base, new), hodges_lehmann(base * factor, new * factor)
    assert scaled.estimate == one.estimate * factor
    assert (scaled.low, scaled.high) == (one.low * factor, one.high * factor)


@given(rows)
def test_negated_differences_negate_a_paired_shift(differences: Floats) -> None:
    one, other = hodges_lehmann_paired(differences), hodges_lehmann_paired(-differences)
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)


def test_all_equal_has_no_width_and_few_have_no_ends() -> None:
    same = np.full(8, 3.0)
    assert hodges_lehmann(same, same, 0.98) == hodges_lehmann_paired(same - same, 0.98)
    assert hodges_lehmann(same, same, 0.98).low == hodges_lehmann(same, same, 0.98).high == 0
    assert not hodges_lehmann(same[:3], same[:3]).bounded
    assert not hodges_lehmann_paired(np.array([1.0])).bounded
    with pytest.raises(ValueError, match="2001 pairs"):
        hodges_lehmann_paired(np.zeros(2001))


RNG = np.random.default_rng(7)
SHAPES = {
    "lognormal": (RNG.lognormal(0, 0.5, 700), RNG.lognormal(0.02, 0.5, 900)),
    "few integers": (RNG.integers(0, 9, 800) * 1.0, RNG.integers(1, 9, 600) * 1.0),
    "all equal": (np.ones(700), np.ones(700)),
    "half equal": (np.where(RNG.random(800) < 0.5, 1, RNG.random(800)), np.ones(500)),
    "heavy tails": (RNG.standard_cauchy(700), RNG.standard_cauchy(700)),
    "few against many": (RNG.normal(0, 1, 3), RNG.normal(0, 1, 5000)),
    "far apart": (RNG.normal(0, 1, 500), RNG.normal(1e9, 1, 500)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_selection_is_that_of_the_whole_matrix(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, new = (np.sort(values) for values in SHAPES[name])
    everything = np.sort(np.subtract.outer(new, base).ravel())
    monkeypatch.setattr(pairwise, "SMALL", 1000)
    monkeypatch.setattr(pairwise, "THIN", 20)
    total = everything.size
    ranks = [1, 2, total // 20, total // 2, total // 2 + 1, 19 * total // 20, total]
    room = 1e-6 if name == "far apart" else 1e-12
    assert kth_differences(base, new, ranks) == pytest.approx(
        [everything[rank - 1] for rank in ranks], abs=room
    )


@pytest.mark.parametrize("draw", ["normal", "exponential", "uniform"])
@pytest.mark.parametrize("n", [5, 10, 20])
def test_an_interval_covers_as_often_as_it_says(n: int, draw: str) -> None:
    rng = np.random.default_rng(n)
    rounds = 1500
    hits = sum(
        shift.low <= 3 <= shift.high
        for shift in (
            hodges_lehmann(getattr(rng, draw)(size=n), 3 + getattr(rng, draw)(size=n), 0.98)
            for _ in range(rounds)
        )
    )
    assert hits >= binom.ppf(1e-4, rounds, 0.98)


spread = rows.filter(lambda v: len(v) > 1 and bool(np.ptp(v) > 1))


@given(spread, spread)
def test_t_tests_are_those_of_scipy(base: Floats, new: Floats) -> None:
    expected = ttest_ind(new, base, equal_var=False).pvalue
    assert welch(base, new) == pytest.approx(expected, rel=1e-6, abs=1e-300)
    assert paired_t(base) == pytest.approx(ttest_1samp(base, 0).pvalue, rel=1e-6, abs=1e-300)


def test_t_tests_of_values_without_spread() -> None:
    ones = np.ones(5)
    assert (welch(ones, ones), welch(ones, 2 * ones)) == (1.0, 0.0)
    assert (paired_t(0 * ones), paired_t(ones)) == (1.0, 0.0)


def test_sides_that_move_together() -> None:
    up = np.arange(10.0)
    assert go_together(up, up**3) == pytest.approx(1)
    assert go_together(up, -up) == pytest.approx(-1)
    assert go_together(up, np.ones(10)) == 0


@given(st.lists(st.tuples(st.integers(0, 4), finite), min_size=1, max_size=30))
def test_each_boot_has_its_median(pairs: list[tuple[int, float]]) -> None:
    ids, values = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    expected = [np.median(values[ids == one]) for one in np.unique(ids)]
    assert group_medians(ids, values) == pytest.approx(expected, abs=1e-9)


def test_sides_are_rows_of_one_length() -> None:
    assert from_boots([[1, 2], [5]]).medians.tolist() == [1.5, 5.0]
    assert from_boots([]).medians.tolist() == []
    with pytest.raises(ValueError, match="two equal rows"):
        samples_of([1, 2], [3.0])


@pytest.mark.slow
@pytest.mark.parametrize("values", ["lognormal", "ns"])
def test_a_million_values(values: str) -> None:
    rng = np.random.default_rng(1)
    drawn = rng.lognormal(0, 0.2, 1_000_000)
    if values == "ns":
        drawn = np.round(drawn * 10_000)
    base, new = drawn[:500_000], drawn[500_000:]
    shift = hodges_lehmann(base, new)
    share = slower_share(base, new)
    assert shift.low <= 0 <= shift.high
    assert share == pytest.approx(0.5, abs=0.002)
