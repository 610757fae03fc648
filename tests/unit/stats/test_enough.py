# SPDX-License-Identifier: GPL-2.0-only
"""When a block has been measured often enough: a matter of its reps, and of nothing else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.method import Method
from bench.model.order import PRECISION, median_is_known
from bench.plan.matrix import balanced_order
from bench.stats.enough import ranks, reps_due
from bench.stats.summary import median_interval, rank_of_ends

METHODS = (Method.NEW_OWNER, Method.RESET_OWNER, Method.REOPEN)
LEVEL = 1_000_000

# Some so close that they are enough at once, others not in 20 rounds.
SPREADS = st.sampled_from([0, 100, 990, 1100, 3000, 50_000])
CASES = st.tuples(st.integers(1, 3), st.integers(1, 20), SPREADS, st.randoms(use_true_random=False))


def order_of(count: int, rng: random.Random) -> tuple[Method, ...]:
    methods = METHODS[:count]
    return (methods[0], *balanced_order(methods, 20, rng))


def is_known(values: list[int]) -> bool:
    return median_is_known(values, rank_of_ends(len(values)))


def noisy(length: int, spread: int, rng: random.Random) -> list[int]:
    return [LEVEL + rng.randint(-spread, spread) for _ in range(length)]


def by_method(order: tuple[Method, ...], pauses: list[int], end: int) -> list[list[int]]:
    """The reps of each method up to an end, without the warm-up."""
    reps = [*zip(order[1:end], pauses[1:end], strict=True)]
    return [[p for m, p in reps if m is method] for method in {*order}]


@given(CASES)
def test_a_block_ends_at_the_first_round_that_is_enough(
    case: tuple[int, int, int, random.Random],
) -> None:
    count, least, spread, rng = case
    order = order_of(count, rng)
    pauses = noisy(len(order), spread, rng)
    due = reps_due(order, least, pauses)
    assert (due - 1) % count == 0
    assert 1 + least * count <= due <= len(order)
    ends = range(1 + least * count, due, count)
    assert [e for e in ends if all(map(is_known, by_method(order, pauses, e)))] == []
    if due < len(order):
        assert all(map(is_known, by_method(order, pauses, due)))


@given(CASES, st.integers(0, 61))
def test_what_comes_behind_the_end_is_of_no_account(
    case: tuple[int, int, int, random.Random], at: int
) -> None:
    """So an end is the same to who measures and to who reads; and none is seen too early."""
    count, least, spread, rng = case
    order = order_of(count, rng)
    pauses = noisy(len(order), spread, rng)
    due = reps_due(order, least, pauses)
    assert reps_due(order, least, pauses[:due]) == due
    early = reps_due(order, least, pauses[: min(at, due - 1)])
    assert min(at, due - 1) < early <= due
    assert reps_due(order, least, [*pauses[:due], *noisy(9, LEVEL, rng)][: len(order)]) == due


@given(st.integers(1, 3), st.integers(1, 20), st.randoms(use_true_random=False))
def test_the_warmup_and_equal_reps(count: int, least: int, rng: random.Random) -> None:
    order = order_of(count, rng)
    due = reps_due(order, least, [9 * LEVEL] + [LEVEL] * (len(order) - 1))
    assert due == 1 + max(least, 2) * count


def test_no_method_has_no_reps() -> None:
    assert reps_due((), 3, []) == 0


@given(st.lists(st.integers(0, 2 * LEVEL), min_size=2, max_size=40))
def test_a_known_median_has_its_interval_around_it(values: list[int]) -> None:
    low, high = median_interval(values) or (min(values), max(values))
    median = sorted([*values, *values])[len(values) - 1 : len(values) + 1]
    middle = sum(median) / 2
    near = middle * (1 - PRECISION) <= low and high <= middle * (1 + PRECISION)
    assert is_known(values) == near


@pytest.mark.parametrize(
    ("values", "known"),
    [
        ([LEVEL, LEVEL + 1000, LEVEL - 1000], True),
        ([LEVEL, LEVEL + 1001, LEVEL], False),
        ([LEVEL, LEVEL - 1001, LEVEL], False),
        ([LEVEL] * 7 + [2 * LEVEL], False),  # 8 reps: from the least to the greatest but one ...
        ([LEVEL] * 8 + [2 * LEVEL], True),  # 9: without the least and the greatest
        ([LEVEL] * 7 + [1, 2 * LEVEL], True),
        ([0, 0, 0], True),
        ([LEVEL, LEVEL], True),
        ([LEVEL], False),
    ],
)
def test_known_cases(values: list[int], known: bool) -> None:
    assert is_known(values) == known


def test_ranks_are_those_of_intervals() -> None:
    assert ranks(12) == (0, *(rank_of_ends(n) for n in range(1, 13)))
    assert ranks(12)[5:10] == (0, 1, 1, 1, 2)
