# SPDX-License-Identifier: GPL-2.0-only
"""The line through cost against size: against scipy, against exact lines, against noise."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from bench.stats.scaling import LEAST_SIZES, fit, why_not_a_line

SIZES = [1.0, 4.0, 16.0, 64.0]
REPS = 3  # of the shipped scenario

sizes = st.lists(st.integers(1, 2**28), min_size=3, max_size=12, unique=True)
ticks = st.integers(0, 2**40)
points = sizes.flatmap(
    lambda xs: st.tuples(st.just(xs), st.lists(ticks, min_size=len(xs), max_size=len(xs)))
)
Points = tuple[list[int], list[int]]


@given(points)
def test_a_fit_agrees_with_scipy(data: Points) -> None:
    """In its slopes; it goes through the median of what is left at no size."""
    xs, ys = data
    line = fit(xs, ys)
    expected = theilslopes(ys, xs, alpha=0.95)
    assert (line.slope, line.low, line.high) == (expected[0], expected[2], expected[3])
    assert line.at == np.median(xs)
    assert line.intercept == np.median(np.array(ys) - line.slope * np.array(xs))
    off = np.abs(np.array(ys) - (line.intercept + line.slope * np.array(xs)))
    assert line.spread == pytest.approx(off.max())


@given(sizes, st.integers(0, 10_000), st.integers(0, 2**40), st.integers(1, 2**30))
def test_an_exact_line_is_found(xs: list[int], slope: int, fixed: int, size: int) -> None:
    line = fit(xs, [fixed + slope * x for x in xs])
    assert (line.slope, line.low, line.high) == pytest.approx((slope, slope, slope))
    assert line.intercept == pytest.approx(fixed, abs=1)
    assert line.spread == pytest.approx(0, abs=1)
    for value in line.predict(size):
        assert value == pytest.approx(fixed + slope * size, rel=1e-9, abs=4)


@given(points, st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(data: Points, rng: np.random.Generator) -> None:
    shuffled = [*zip(*data, strict=True)]
    rng.shuffle(shuffled)
    xs, ys = [x for x, _ in shuffled], [y for _, y in shuffled]
    assert fit(xs, ys) == fit(*data)
    assert why_not_a_line(xs, ys) == why_not_a_line(*data)


@pytest.mark.parametrize("xs", [[], [4.0], [4.0, 4.0, 4.0]])
def test_one_size_has_no_line(xs: list[float]) -> None:
    with pytest.raises(ValueError, match="two sizes"):
        fit(xs, xs)


@pytest.mark.parametrize("value", [0, 5])
def test_reps_that_are_all_equal_have_an_interval(value: int) -> None:
    """Instruction counts repeat: nothing then is no number."""
    xs = [size for size in SIZES for _ in range(REPS)]
    line = fit(xs, [value] * len(xs))
    assert (line.slope, line.low, line.high, line.intercept) == (0, 0, 0, value)


def test_an_interval_is_of_numbers_when_nearly_all_reps_are_equal() -> None:
    xs = [size for size in SIZES[:3] for _ in range(20)]
    line = fit(xs, [5.0] * 59 + [6.0])
    assert line.low <= line.slope <= line.high


@given(points, st.integers(1, 2**32))
@example(([1, 4, 16], [100, 98, 92]), 256)  # a line that falls below zero
def test_an_interval_contains_its_value_and_nothing_below_zero(data: Points, size: int) -> None:
    value, low, high = fit(*data).predict(size)
    room = 1e-9 * max(abs(value), abs(high), 1)
    assert 0 <= low <= value + room
    assert value <= high + room


def coverage(xs: list[float], noise: float, *, relative: bool) -> float:
    """How often the interval at four times the largest size has the truth, or is refused."""
    rng = np.random.default_rng(1)
    truth = 1000 + 300 * np.array(xs)
    size = 4 * max(xs)
    hits = 0
    rounds = 400
    for _ in range(rounds):
        scale = truth if relative else 1.0
        ys = truth + scale * rng.normal(0, noise, len(xs))
        _, low, high = fit(xs, [*ys]).predict(size)
        refused = bool(why_not_a_line(xs, [*ys]))
        hits += refused or low <= 1000 + 300 * size <= high
    return hits / rounds


@pytest.mark.parametrize("count", [3, pytest.param(4, marks=pytest.mark.slow), 6])
@pytest.mark.parametrize(("noise", "relative"), [(20.0, False), (0.01, True)])
def test_the_interval_has_the_truth_as_often_as_it_says(
    count: int, noise: float, relative: bool
) -> None:
    xs = [4.0**power for power in range(count) for _ in range(REPS)]
    assert coverage(xs, noise, relative=relative) >= 0.93  # 95 % and the chance of 400 rounds


@pytest.mark.parametrize("count", [3, 4])
def test_too_few_reps_for_an_interval_are_refused(count: int) -> None:
    """Of three points in a row by chance there are too many for 95 %: 2 of 6 orders."""
    assert coverage([4.0**power for power in range(count)], 0.01, relative=True) >= 0.93


def repeated(values: list[float], jitter: float = 0.0) -> tuple[list[float], list[float]]:
    """Three reps at each size, the outer ones a part of the value off."""
    xs = [size for size in SIZES[: len(values)] for _ in range(REPS)]
    steps = (1 - jitter, 1.0, 1 + jitter)
    return xs, [value * step for value in values for step in steps]


@pytest.mark.parametrize("count", [1, 2])
def test_two_sizes_show_no_line(count: int) -> None:
    why = why_not_a_line(*repeated([100.0, 400.0][:count]))
    assert why == f"{count} sizes were measured, a line takes {LEAST_SIZES}"


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
    assert why_not_a_line(*repeated(values, 0.002)) == ""


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
    why = why_not_a_line(*repeated(values, 0.002))
    assert why.endswith("this does not grow like a line")
    assert "nan" not in why
