# SPDX-License-Identifier: GPL-2.0-only
"""The line through cost against size: against statsmodels, exact lines, noise, and bends."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from bench.stats.scaling import (
    LEAST_BEND,
    LEAST_SIZES,
    FittedLine,
    fit,
    why_not_a_line,
    why_not_extrapolated,
)

SIZES = [1.0, 4.0, 16.0, 64.0, 256.0]
REAL = 262144.0 * np.array([1, 4, 16, 64, 256])  # pages of 1 GiB to 256 GiB

sizes = st.lists(st.integers(1, 2**28), min_size=3, max_size=12, unique=True)
ticks = st.integers(0, 2**40)
points = sizes.flatmap(
    lambda xs: st.tuples(st.just(xs), st.lists(ticks, min_size=len(xs), max_size=len(xs)))
)
Points = tuple[list[int], list[int]]


def noisy_line(seed: int, count: int, noise: float) -> tuple[list[float], list[float]]:
    rng = np.random.default_rng(seed)
    xs = SIZES[:count]
    return xs, [*(1000 + 300 * np.array(xs)) * (1 + noise * rng.normal(size=count))]


@pytest.mark.parametrize("count", [3, 4, 5])
def test_the_line_is_that_of_statsmodels(count: int) -> None:
    """Its slope and interval, and the interval of one more size, of weighted least squares."""
    xs, ys = noisy_line(1, count, 0.01)
    line, terms = fit(xs, ys), sm.add_constant(np.array(xs))
    expected = sm.WLS(ys, terms, weights=1 / np.square(ys)).fit()
    assert (line.intercept, line.slope) == pytest.approx(expected.params)
    assert (line.low, line.high) == pytest.approx(expected.conf_int()[1])
    value = line.value(1000)
    there = expected.get_prediction([[1, 1000]], weights=1 / value**2)
    ends = there.summary_frame(alpha=0.05)[["obs_ci_lower", "obs_ci_upper"]].iloc[0]
    low, high = line.predict(1000)[1:]
    assert low <= max(ends.iloc[0], 0) * (1 + 1e-9) and high >= ends.iloc[1] * (1 - 1e-9)
    if count < 4:  # no curve to hold
        assert (low, high) == pytest.approx((max(ends.iloc[0], 0), ends.iloc[1]))


@given(sizes, st.integers(0, 10_000), st.integers(0, 2**40), st.integers(1, 2**30))
def test_an_exact_line_is_found(xs: list[int], slope: int, fixed: int, size: int) -> None:
    line = fit(xs, [fixed + slope * x for x in xs])
    top = fixed + slope * max(xs)
    near = 1e-6 * top / max(xs) + 1e-9
    assert (line.slope, line.low, line.high) == pytest.approx((slope,) * 3, rel=1e-6, abs=near)
    assert line.intercept == pytest.approx(fixed, rel=1e-6, abs=1e-6 * top + 1e-9)
    assert why_not_a_line(xs, [fixed + slope * x for x in xs]) == ""
    if size < 64 * max(xs):
        for value in line.predict(size):
            assert value == pytest.approx(fixed + slope * size, rel=1e-3, abs=1e-3 * top + 1e-9)


@given(points, st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(data: Points, rng: np.random.Generator) -> None:
    shuffled = [*zip(*data, strict=True)]
    rng.shuffle(shuffled)
    xs, ys = [x for x, _ in shuffled], [y for _, y in shuffled]
    one, other = fit(xs, ys), fit(*data)
    assert (one.slope, one.low, one.bends) == (other.slope, other.low, other.bends)
    assert bool(why_not_a_line(xs, ys)) == bool(why_not_a_line(*data))


@pytest.mark.parametrize("xs", [[], [4.0], [4.0, 4.0, 4.0]])
def test_one_size_has_no_line(xs: list[float]) -> None:
    with pytest.raises(ValueError, match="two sizes"):
        fit(xs, xs)


@pytest.mark.parametrize("value", [0, 5])
def test_costs_that_are_all_equal_have_an_interval(value: int) -> None:
    """Instruction counts repeat: nothing then is no number."""
    line = fit(SIZES, [value] * len(SIZES))
    found = (line.slope, line.low, line.high, line.intercept)
    assert found == pytest.approx((0, 0, 0, value), abs=1e-12)
    assert line.predict(1000) == pytest.approx((value,) * 3, abs=1e-9)


@given(points, st.integers(1, 2**32))
@example(([1, 4, 16], [100, 98, 92]), 256)  # a line that falls below zero
def test_an_interval_contains_its_value_and_nothing_below_zero(data: Points, size: int) -> None:
    value, low, high = fit(*data).predict(size)
    assert 0 <= low <= value <= high


def bent(xs: NDArray[np.float64], bend: float, fixed: float = 0.0) -> NDArray[np.float64]:
    """A cost that grows by ``bend`` more than a line for each 64 times the size."""
    return np.asarray(fixed + xs ** (1 + np.log1p(bend) / np.log(64)))


def covered(count: int, reach: float, bend: float, noise: float, fixed: float) -> tuple[int, int]:
    """How many intervals of 200 have the truth, or are refused; and how many are refused.

    The noise is that of a size, which all of its reps share.
    """
    rng = np.random.default_rng(1)
    xs = np.array(4.0 ** np.arange(count))
    size, hits, refused = reach * xs[-1], 0, 0
    truth = bent(np.array([size]), bend, fixed)[0]
    for _ in range(200):
        ys = bent(xs, bend, fixed) * (1 + noise * rng.normal(size=count))
        if why_not_extrapolated([*xs], [*ys], size):
            refused += 1
            continue
        _, low, high = fit([*xs], [*ys]).predict(size)
        hits += low <= truth <= high
    return hits + refused, refused


LEAST = int(binom.ppf(1e-3, 200, 0.95))


@pytest.mark.parametrize("count", [4, 6])
@pytest.mark.parametrize("reach", [4.0, 16.0])
@pytest.mark.parametrize("bend", [0.0, 0.003, 0.03])
@pytest.mark.parametrize("noise", [1e-4, 3e-3])
def test_the_interval_has_the_truth_or_is_refused(
    count: int, reach: float, bend: float, noise: float
) -> None:
    for fixed in (0.0, 50.0):
        assert covered(count, reach, bend, noise, fixed)[0] >= LEAST


def test_a_line_is_seldom_refused_and_a_slight_bend_without_noise_is() -> None:
    assert covered(5, 4, 0.0, 3e-3, 50)[1] <= binom.ppf(1 - 1e-3, 200, 0.01)
    assert covered(5, 4, 0.003, 1e-5, 0)[1] == 200
    assert covered(5, 4, -0.01, 1e-4, 0)[1] >= 190


def test_it_widens_with_the_reach_and_with_the_lack_of_fit() -> None:
    def width(line: FittedLine, size: float) -> float:
        value, low, high = line.predict(size)
        return (high - low) / value

    line, noisier = fit(*noisy_line(2, 5, 1e-3)), fit(*noisy_line(2, 5, 1e-2))
    assert width(line, 512) < width(line, 1024) < width(line, 4096)
    assert width(noisier, 1024) > 5 * width(line, 1024)


@pytest.mark.parametrize("count", [1, 2])
def test_two_sizes_show_no_line(count: int) -> None:
    why = why_not_a_line(SIZES[:count], [100.0, 400.0][:count])
    assert why == f"{count} sizes were measured, a line takes {LEAST_SIZES}"


def test_three_sizes_show_a_line_but_not_whether_it_bends() -> None:
    assert why_not_a_line(SIZES[:3], [100.0, 400.0, 1600.0]) == ""
    why = why_not_extrapolated(SIZES[:3], [100.0, 400.0, 1600.0], 64)
    assert why == "3 sizes were measured, to see a line bend takes 4"


def test_an_interval_that_says_nothing_is_refused() -> None:
    why = why_not_extrapolated(SIZES[:4], [100.0, 420.0, 1500.0, 6800.0], 4096)
    assert why == "the sizes measured allow for costs that differ by more than twice"


@pytest.mark.parametrize(
    "values",
    [
        [100.0, 400.0, 1600.0],
        [1000.0, 1003.0, 1015.0, 1063.0],
        [100.0, 100.2, 99.9, 100.1],
        [0.0, 0.0, 0.0],
    ],
    ids=["proportional", "mostly fixed", "flat", "zero"],
)
def test_a_line_is_a_line(values: list[float]) -> None:
    assert why_not_a_line(SIZES[: len(values)], values) == ""


@pytest.mark.parametrize(
    "values",
    [
        [size**2 for size in SIZES],
        [size**2 for size in SIZES[:3]],
        [100.0, 100.0, 150.0, 100.0],
        [0.0, 0.0, 1.0],
        [size * np.log2(size) for size in SIZES],
    ],
    ids=["quadratic", "quadratic of three", "a step", "zero but one", "n log n"],
)
def test_what_is_no_line_is_refused(values: list[float]) -> None:
    why = why_not_a_line(SIZES[: len(values)], values)
    assert "this does not grow like a line" in why
    assert "nan" not in why


def test_a_bend_is_named_and_its_size_is_that_of_64_times() -> None:
    why = why_not_a_line(SIZES, [*bent(np.array(SIZES), 0.01)])
    assert why == "this does not grow like a line: it bends by +1.0% per 64x"
    line = fit(SIZES, [*bent(np.array(SIZES), -0.03)])
    assert line.bend == pytest.approx(-0.03, abs=0.002)


def test_counts_with_small_steps_are_a_line() -> None:
    """Medians of a real run: a page table level more changes the cost of a page by 0.01 %."""
    for counts in (
        [57392951.5, 226525546.0, 903577289.0, 3612553440.0, 14456450500.0],
        [1184780.5, 2038771.5, 5453048.0, 19080870.0, 73718320.0],
    ):
        assert why_not_extrapolated([*REAL], counts, 4 * REAL[-1]) == ""
        value, low, high = fit([*REAL], counts).predict(4 * REAL[-1])
        assert 0 < abs(fit([*REAL], counts).bend) < LEAST_BEND
        assert low < value < high < 1.02 * low
