# SPDX-License-Identifier: GPL-2.0-only
"""How many boots a gate takes: what the plan says is enough, and one less is not."""

import numpy as np
import pytest
from scipy.stats import binom

from bench.model.cell import Clock
from bench.stats.decide import decide_all
from bench.stats.decision import Evidence, Rule, Verdict
from bench.stats.needed import MOST_BOOTS, boots_needed
from bench.stats.samples import Samples
from tests.unit.runs import from_boots

TIMES = Rule(threshold=0.025)
COUNTS = Rule(Clock.ICOUNT, threshold=0.0025)


def boots(rng: np.random.Generator, count: int, sd: float, factor: float = 1.0) -> Samples:
    return from_boots([[1e8 * factor * np.exp(each)] for each in rng.normal(0, sd, count)])


@pytest.mark.parametrize(("rule", "see", "sd"), [(TIMES, 0.05, 0.02), (COUNTS, 0.005, 0.001)])
def test_so_many_boots_find_it_nineteen_times_of_twenty(rule: Rule, see: float, sd: float) -> None:
    """By a plan of many boots, whose spread is well known; ranks need a little more than t."""
    rng, trials = np.random.default_rng(5), 300
    plan = boots_needed(boots(rng, 200, sd), rule, see)
    assert plan.boots and not plan.assumed
    found = 0
    for _ in range(trials):
        base, new = (boots(rng, plan.boots, sd, factor) for factor in (1, 1 + see))
        found += decide_all([Evidence(base, new, rule)])[0].verdict is Verdict.REGRESSION
    assert found >= binom.ppf(1e-3, trials, 0.93)


def test_more_noise_more_cells_and_smaller_changes_take_more() -> None:
    rng = np.random.default_rng(6)
    quiet, noisy = (boots(rng, 20, sd) for sd in (0.01, 0.03))
    plain = boots_needed(noisy, TIMES, 0.05).boots or 0
    assert (boots_needed(quiet, TIMES, 0.05).boots or 0) < plain
    assert plain < (boots_needed(noisy, TIMES, 0.05, cells=50).boots or 0)
    assert plain < (boots_needed(noisy, TIMES, 0.03).boots or 0)


def test_too_many_are_no_plan() -> None:
    wild = boots(np.random.default_rng(7), 5, 0.5)
    assert boots_needed(wild, TIMES, 0.026).boots is None
    assert MOST_BOOTS >= (boots_needed(wild, TIMES, 0.5).boots or 0) > 5


def test_of_one_boot_the_spread_is_assumed() -> None:
    plan = boots_needed(from_boots([[100.0] * 5]), COUNTS, 0.005)
    assert plan.assumed and plan.boots and plan.boots >= 3


@pytest.mark.parametrize("values", [[], [0.0, 1.0], [float("nan")]])
def test_what_has_no_spread_has_no_plan(values: list[float]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        boots_needed(from_boots([values] if values else []), TIMES, 0.05)
