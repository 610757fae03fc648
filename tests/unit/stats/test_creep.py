# SPDX-License-Identifier: GPL-2.0-only
"""Creep: what is slower by less than a gate's threshold each time, against a kept reference."""

import numpy as np
import pytest
from scipy.stats import binom

from bench.stats.creep import Standing, standing
from bench.stats.samples import Floats
from bench.stats.steps import LEAST_POINTS, levels_of

LIMIT = float(np.log1p(0.02))
LEAST = float(np.log1p(0.005))
RAMP = np.log1p(0.004) * np.clip(np.arange(60) - 19, 0, 15)  # fifteen steps of 0.4 %


def at_the_end(row: Floats, reference: int = 0) -> Standing:
    (levels,) = levels_of(row[None], LEAST)
    return standing(row, levels, reference, LIMIT)


def noisy(spread: float, seed: int = 1, points: int = 60) -> Floats:
    return np.random.default_rng(seed).normal(0, spread, points)


@pytest.mark.parametrize("spread", [1e-4, 0.005, 0.01])
def test_creep_is_found_and_since_when(spread: float) -> None:
    found = at_the_end(noisy(spread) + RAMP)
    assert found.beyond == 1
    assert found.change == pytest.approx(15 * np.log1p(0.004), abs=2 * spread)
    assert found.since is not None
    assert 24 <= found.since <= 34


def test_creep_downward_is_no_regression() -> None:
    assert at_the_end(noisy(1e-4) - RAMP).beyond == -1


def test_the_estimate_and_its_error_both_have_to_be_beyond() -> None:
    """+2.5 % with a spread of 5 % is not sure, and is said to be that."""
    row = np.tile([-0.05, 0.05], 30) + 0.03 * (np.arange(60) >= 30)
    found = at_the_end(row)
    assert (found.beyond, found.since) == (0, None)
    assert found.unsure == (abs(found.change) > LIMIT)


def test_a_reference_behind_the_creep_accepts_it() -> None:
    assert at_the_end(noisy(1e-4) + RAMP, reference=40).beyond == 0


def test_the_reference_is_the_level_of_its_segment_and_not_of_the_next() -> None:
    row = noisy(1e-4)
    row[30:] += 0.05
    assert at_the_end(row, reference=29).reference == pytest.approx(0, abs=1e-3)
    assert at_the_end(row, reference=30).reference == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize("spread", [1e-4, 0.02])
def test_quiet_levels_are_beyond_in_less_than_one_point_in_a_thousand(spread: float) -> None:
    trials, alarms = 60, 0
    for seed in range(trials):
        row, was = noisy(spread, 100 + seed, 50), False
        for end in range(LEAST_POINTS, 51):
            now = at_the_end(row[:end]).beyond != 0
            alarms += now and not was
            was = now
    assert alarms <= binom.ppf(0.999, trials * 45, 1e-3)
