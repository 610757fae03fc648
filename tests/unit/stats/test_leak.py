# SPDX-License-Identifier: GPL-2.0-only
"""What is a leak and what is not: planted growth, one step, noise, a sawtooth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.leak import BOUND, LEAST_CHECKPOINTS, growth

HANDOVERS = np.arange(1, 22) * 480  # 10,080 of them at 21 checkpoints
rng = np.random.default_rng(1)


@given(st.integers(1, 1000), st.integers(0, 10**9))
def test_what_each_handover_leaves_is_found(per_hundred: int, first: int) -> None:
    found = growth(HANDOVERS, first + HANDOVERS * (per_hundred + 1) / 100)
    assert found.slope == pytest.approx((per_hundred + 1) / 100, rel=1e-3)
    assert found.leaks


def test_a_leak_is_found_in_noise() -> None:
    """A object every other handover, in a cache that goes up and down by two slabs."""
    found = growth(HANDOVERS, HANDOVERS // 2 + rng.integers(0, 128, 21))
    assert found.leaks
    assert found.slope == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("seed", range(50))
def test_noise_is_no_leak(seed: int) -> None:
    assert growth(HANDOVERS, np.random.default_rng(seed).integers(0, 10_000, 21)).leaks is False


@pytest.mark.parametrize("at", range(1, 21))
def test_one_step_is_no_leak(at: int) -> None:
    """A cache that fills once, whenever it does."""
    used = np.where(np.arange(21) < at, 100, 100_000)
    assert growth(HANDOVERS, used).leaks is False


def test_what_fills_up_and_stays_is_no_leak() -> None:
    assert growth(HANDOVERS, np.minimum(HANDOVERS, 4000)).leaks is False


def test_what_is_given_back_is_no_leak() -> None:
    """Freed when there is enough of it, with less than all given back: still a sawtooth."""
    assert growth(HANDOVERS, HANDOVERS % 2000).leaks is False


def test_the_bound_is_of_the_unit() -> None:
    """A page of 4 KiB in 200 handovers is below it, one in 50 above."""
    used = HANDOVERS * 4 / 200
    assert growth(HANDOVERS, used, unit=4).leaks is False
    assert growth(HANDOVERS, used, unit=1).leaks is True
    assert growth(HANDOVERS, HANDOVERS * BOUND * 4.1, unit=4).leaks is True


def test_less_and_less_is_no_leak() -> None:
    assert growth(HANDOVERS, -HANDOVERS).leaks is False


def test_too_few_checkpoints_tell_nothing() -> None:
    for count in range(1, LEAST_CHECKPOINTS):
        assert growth(HANDOVERS[:count], HANDOVERS[:count]).leaks is None
    assert growth(HANDOVERS[:LEAST_CHECKPOINTS], HANDOVERS[:LEAST_CHECKPOINTS]).leaks is True
    with pytest.raises(ValueError, match="a checkpoint"):
        growth([], [])
