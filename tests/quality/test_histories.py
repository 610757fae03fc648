# SPDX-License-Identifier: GPL-2.0-only
"""The targets of the history on few histories; ``python -m tests.quality.histories`` has them all.

Each bound is where a rule that is just good enough falls once in 1000 draws; seeds are fixed.
"""

import numpy as np
import pytest
from scipy.stats import binom

from bench.stats.steps import LEAST_POINTS
from tests.quality.histories import (
    OTAVA,
    OURS,
    POINTS,
    SERIES,
    Series,
    creep,
    has_otava,
    quiet,
    step,
    table,
)

HISTORIES, FEW = 40, 12
ANALYSED = HISTORIES * (POINTS - LEAST_POINTS + 1)
COUNTS, STRAYS, STATES, TIMES_HALF, TIMES, SKEWED, *WANDERING = SERIES
INDEPENDENT = [COUNTS, STRAYS, STATES, TIMES_HALF, TIMES, SKEWED]


def name(series: Series) -> str:
    return series.name


@pytest.mark.parametrize("series", INDEPENDENT, ids=name)
def test_less_than_one_false_alarm_in_a_thousand_points(series: Series) -> None:
    found = quiet(OURS, series, HISTORIES, seed=11)
    assert found.alarms <= binom.ppf(0.999, ANALYSED, 1e-3)


@pytest.mark.parametrize("series", [COUNTS, STRAYS, TIMES_HALF], ids=name)
def test_steps_are_found_within_three_runs_more(series: Series) -> None:
    """A large one with its third point, or its fourth where one of them is a stray point."""
    found = step(OURS, series, series.steps[1], FEW, seed=12)
    assert round(found.found * FEW) >= binom.ppf(0.001, FEW, 0.99)
    assert found.delay(0.5) == 2


@pytest.mark.parametrize("series", [TIMES, SKEWED], ids=name)
def test_steps_of_five_deviations_are_found(series: Series) -> None:
    found = step(OURS, series, series.steps[1], FEW, seed=13)
    assert round(found.found * FEW) >= binom.ppf(0.001, FEW, 0.95)


@pytest.mark.parametrize("series", INDEPENDENT, ids=name)
def test_creep_is_found(series: Series) -> None:
    found = creep(OURS, series, FEW, seed=14)
    assert round(found.found * FEW) >= binom.ppf(0.001, FEW, 0.9)


def test_creep_of_counts_is_found_before_it_is_three_percent() -> None:
    assert creep(OURS, COUNTS, FEW, seed=15).delay(0.9) < np.log(1.03) / np.log(1.004)


@pytest.mark.skipif(not has_otava(), reason="pip install 'bench[otava]', in its own environment")
def test_stray_points_are_changes_to_otava_and_not_to_us() -> None:
    assert quiet(OTAVA, STRAYS, 4, seed=16).rate > 1 > quiet(OURS, STRAYS, 40, seed=16).rate


def test_a_table_fits_into_a_document() -> None:
    assert all(len(line) <= 105 for line in table(COUNTS, [(OURS, 2)], 1).splitlines())
