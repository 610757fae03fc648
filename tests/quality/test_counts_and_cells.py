# SPDX-License-Identifier: GPL-2.0-only
"""Few trials of what docs/quality.md has of many: counts, many cells, sessions, unequal sides.

Each bound is where a rule that is just good enough falls once in 1000 draws; seeds are fixed.
"""

import numpy as np
import pytest
from scipy.stats import binom

from bench.stats.decision import Rule
from tests.quality import counted, families, sessions
from tests.quality.counted import COARSE, FINE, CountedMachine
from tests.quality.rules import benchstat, ours, pyperf

RARE = 1e-3


def few(share: float, trials: int, expected: float = 0.01) -> bool:
    return round(share * trials) <= binom.ppf(1 - RARE, trials, expected)


def many(share: float, trials: int, expected: float) -> bool:
    return round(share * trials) >= binom.ppf(RARE, trials, expected)


def named(machine: CountedMachine) -> str:
    return machine.name


@pytest.mark.parametrize("machine", counted.MACHINES, ids=named)
@pytest.mark.parametrize("rule", [FINE, COARSE], ids=["0.1 %", "0.5 %"])
def test_counts_raise_one_alarm_in_a_hundred(machine: CountedMachine, rule: Rule) -> None:
    assert few(counted.alarms(machine, 3, 5, 300, rule), 300)


@pytest.mark.parametrize("machine", counted.MACHINES[:4], ids=named)
@pytest.mark.parametrize("reps", [3, 10, 100])
def test_three_boots_find_two_percent_whatever_the_reps(machine: CountedMachine, reps: int) -> None:
    trials = 100
    assert many(counted.found(machine, 3, reps, trials), trials, 0.99)


def test_a_stray_rep_hides_a_slowdown_from_rules_of_means() -> None:
    """What two of a hundred reps do to others, on the quietest machine."""
    machine, rng = counted.MACHINES[0], np.random.default_rng(1)
    slower = machine.make(rng, (100, 3, 20), 0.02)
    assert pyperf(*slower).mean() < 0.7
    machine = counted.MACHINES[1]
    assert benchstat(*machine.make(rng, (100, 3, 50))).mean() > 0.1  # boots are no reps


@pytest.mark.parametrize("spread", families.SPREADS)
def test_a_gate_of_many_cells_raises_one_alarm_in_a_hundred(spread: str) -> None:
    trials = 30
    alarms, _ = families.rates((12, 5, 2), spread, trials)["this gate"]
    assert few(alarms, trials)


def test_cells_that_share_their_spread_find_what_one_alone_does_not() -> None:
    trials = 25
    found = families.rates((50, 5, 2), "cells alike", trials)
    assert many(found["this gate"][1], trials, 0.45)
    assert found["t and Holm"][1] < found["this gate"][1] - 0.15


@pytest.mark.parametrize("known", [3, 10])
def test_noise_of_sessions_holds_what_that_of_boots_does_not(known: int) -> None:
    trials = 200
    assert few(sessions.shares(known, trials)[0], trials)
    assert not few(sessions.within(trials)[0], trials)


@pytest.mark.parametrize("shape", sessions.UNEQUAL, ids=str)
def test_few_noisy_boots_are_not_slower_than_many_quiet_ones(
    shape: tuple[int, int, float, float],
) -> None:
    trials = 500
    sides = sessions.unequal(np.random.default_rng(shape[0]), shape, trials)
    assert few(ours(sides, Rule()).share("regression"), trials)
