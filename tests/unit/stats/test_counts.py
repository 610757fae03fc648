# SPDX-License-Identifier: GPL-2.0-only
"""The rule for instruction counts: by boots, whose reps may stray, and what one boot can show."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from bench.model.cell import Clock
from bench.stats.counts import ASSUMED, spread_between
from bench.stats.decide import decide_all
from bench.stats.decision import Decision, Evidence, Rule, Verdict
from bench.stats.samples import Samples
from tests.unit.runs import from_boots

COUNTS = Rule(Clock.ICOUNT, threshold=0.005)


def decide(base: Samples, new: Samples, rule: Rule = COUNTS, unlike: str = "") -> Decision:
    """Decide on one cell that is gated alone."""
    return decide_all([Evidence(base, new, rule, unlike=unlike)])[0]


REPS = np.array([1000000.0, 1000010, 1000020, 1000005, 1000015])
BOOTS = (1.0, 1.0004, 0.9997)


def side(factor: float = 1.0, boots: tuple[float, ...] = BOOTS) -> Samples:
    return from_boots([factor * boot * REPS for boot in boots])


@pytest.mark.parametrize(
    ("factor", "threshold", "verdict"),
    [
        (1.0, 0.001, Verdict.NO_CHANGE),
        (1.0015, 0.001, Verdict.REGRESSION),
        (0.9985, 0.001, Verdict.IMPROVEMENT),
        (1.00099, 0.001, Verdict.INCONCLUSIVE),
        (1.01, 0.005, Verdict.REGRESSION),
        (1.003, 0.005, Verdict.NO_CHANGE),
    ],
)
def test_three_boots_a_side_tell_counts_apart_to_a_thousandth(
    factor: float, threshold: float, verdict: Verdict
) -> None:
    """Boots of one number place memory alike, so that their pairs tell what all boots do not."""
    said = decide(side(), side(factor), replace(COUNTS, threshold=threshold))
    assert (said.verdict, said.basis) == (verdict, "boots")
    assert said.ratio == pytest.approx(factor, rel=1e-6)
    assert said.low <= said.ratio <= said.high
    assert said.mde == pytest.approx(threshold, rel=0.1)
    assert not said.assumed


def test_what_pairs_do_not_show_all_boots_may() -> None:
    """Boots that are no pairs: the other test has half of the level, and is enough."""
    said = decide(side(), side(1.01, boots=(0.9997, 1.0, 1.0004)))
    assert said.verdict is Verdict.REGRESSION
    assert decide(side(), side(1.01, boots=(1.0, 1.0002))).verdict is Verdict.REGRESSION


@pytest.mark.parametrize("reps", [5, 10, 20, 50, 100])
def test_a_stray_rep_decides_nothing_and_is_named(reps: int) -> None:
    values = np.resize(REPS, (3, reps)) * np.array(BOOTS)[:, None]
    strayed = values.copy()
    strayed[1, 2] *= 2.5
    clean, said = (
        decide(from_boots([*values]), from_boots([*(1.02 * each)])) for each in (values, strayed)
    )
    assert clean.verdict is said.verdict is Verdict.REGRESSION
    assert clean.ratio == pytest.approx(said.ratio, rel=1e-5)
    assert not clean.strays
    assert said.strays == f"new: 1 of {3 * reps} reps, 150 % away"


def test_one_boot_a_side_takes_something_for_granted() -> None:
    said = decide(side(boots=(1,)), side(1.01, boots=(1,)))
    assert (said.verdict, said.basis) == (Verdict.REGRESSION, "reps of one boot")
    assert "one boot a side does not show it" in said.assumed
    quiet = decide(side(boots=(1,)), side(1.003, boots=(1,)), replace(COUNTS, threshold=0.001))
    assert quiet.verdict is Verdict.INCONCLUSIVE
    assert 3 * ASSUMED < quiet.mde < 10 * ASSUMED


def test_a_lone_boot_takes_the_spread_of_the_other_sides_boots() -> None:
    apart = from_boots([REPS, 1.02 * REPS, 0.98 * REPS])
    said = decide(side(boots=(1,)), apart)
    assert said.verdict is Verdict.INCONCLUSIVE
    assert said.mde > 0.05


def pairs_apart(rng: np.random.Generator, sd: float, slower: float = 0.0) -> Decision:
    """Three pairs of boots of one seed, whose differences have this standard deviation."""
    levels = rng.normal(0, 5e-4, 3)
    own = levels + rng.normal(slower, sd, 3)
    base, new = (from_boots([np.exp(each) * REPS for each in side]) for side in (levels, own))
    rule = replace(COUNTS, threshold=0.001)
    return decide_all([Evidence(base, new, rule, pairs=((0, 0), (1, 1), (2, 2)))])[0]


@pytest.mark.parametrize("sd", [1e-5, 2e-4, 5e-4, 1e-3, 3e-3])
def test_pairs_that_vary_more_than_was_seen_raise_few_alarms(sd: float) -> None:
    rng, trials = np.random.default_rng(6), 500
    found = [pairs_apart(rng, sd).verdict for _ in range(trials)]
    assert found.count(Verdict.REGRESSION) <= binom.ppf(1 - 1e-3, trials, 0.015)


def test_pairs_find_a_seventh_of_a_percent() -> None:
    """As real pairs differ, by 0.02 %: nine times of ten at 0.1 %, which three pairs alone do not.

    Two degrees of freedom say little of how far pairs lie apart.
    """
    rng, trials = np.random.default_rng(7), 300
    found = [pairs_apart(rng, 2e-4, 0.0015).verdict for _ in range(trials)]
    assert found.count(Verdict.REGRESSION) >= binom.ppf(1e-3, trials, 0.93)


def test_a_lone_pair_takes_five_reps_of_both() -> None:
    """Boots of one seed, of which one has a single rep: nothing is told of pairs."""
    short = from_boots([1.01 * REPS[:1], 1.011 * REPS[:1]])
    evidence = Evidence(side(boots=(1,)), short, COUNTS, pairs=((0, 0),))
    (said,) = decide_all([evidence])
    assert said.p is not None and "boots differ no more than reps do" in said.assumed
    (told,) = decide_all([replace(evidence, new=side(1.002, boots=(1,)))])
    assert "boots of one seed" in told.assumed and told.mde < 0.01


def test_a_lone_boot_in_another_state_is_not_judged() -> None:
    why = "memory lies in 1 pieces in BASE and 24 in NEW"
    said = decide(side(boots=(1,)), side(1.007, boots=(1,)), unlike=why)
    assert (said.verdict, said.p, said.mde) == (Verdict.INCONCLUSIVE, None, np.inf)
    assert said.reason == f"needs boots: {why}; 3 a side can decide"
    assert decide(side(), side(1.007), unlike=why).verdict is Verdict.REGRESSION


def test_reps_of_two_levels_are_not_taken_for_closer_than_they_are() -> None:
    """Each boot happens to have more of one level: medians agree, and say nothing."""
    low, high = [1000.0] * 3 + [1012.0] * 2, [1000.0] * 2 + [1012.0] * 3
    said = decide(from_boots([low] * 3), from_boots([high] * 3))
    assert said.ratio == pytest.approx(1.012)
    assert said.verdict is Verdict.INCONCLUSIVE
    assert spread_between(from_boots([low] * 3)) > 0.002


@pytest.mark.parametrize(("n", "enough"), [(1, False), (3, False), (4, False), (5, True)])
def test_few_reps_of_a_lone_boot_show_nothing(n: int, enough: bool) -> None:
    said = decide(from_boots([[100.0] * n]), from_boots([[200.0] * n]))
    assert (said.verdict is Verdict.REGRESSION) == enough
    assert enough or said.reason == (
        f"needs reps: base has {n}, new has {n}, 5 of a lone boot can decide, or 3 boots a side"
    )


@pytest.mark.parametrize("ticks", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("boots", [1, 3])
def test_ticks_raise_no_alarm_and_hide_no_slowdown(ticks: float, boots: int) -> None:
    """Reps as recorded ones are: the same to 1 in 100,000, and some of them 0.4 % more."""
    rng, trials = np.random.default_rng(1), 400

    def side_of(factor: float) -> Samples:
        level = factor * 1e8 * (1 + rng.normal(0, 0.0004, (boots, 1)))
        more = 0.004 * (rng.random((boots, 5)) < ticks) + 1e-5 * rng.random((boots, 5))
        return from_boots([*(level * (1 + more))])

    said = [decide(side_of(1), side_of(1)).verdict for _ in range(trials)]
    assert said.count(Verdict.REGRESSION) <= binom.ppf(1 - 1e-3, trials, 0.01)
    found = [decide(side_of(1), side_of(1.02)).verdict for _ in range(trials)]
    assert found.count(Verdict.REGRESSION) >= binom.ppf(1e-3, trials, 0.99)


@pytest.mark.parametrize("reps", [3, 5, 20, 100])
def test_two_percent_are_found_whatever_the_reps(reps: int) -> None:
    """Two of a hundred reps stray, by up to 150 %: the figures are in docs/quality.md."""
    rng, trials = np.random.default_rng(reps), 300

    def side_of(factor: float) -> Samples:
        level = factor * 1e8 * (1 + rng.normal(0, 0.0005, (3, 1)))
        noise = 1 + rng.normal(0, 0.0005, (3, reps))
        stray = 1 + (rng.random((3, reps)) < 0.02) * rng.uniform(0.01, 1.5, (3, reps))
        return from_boots([*(level * noise * stray)])

    found = [decide(side_of(1), side_of(1.02)).verdict for _ in range(trials)]
    assert found.count(Verdict.REGRESSION) >= binom.ppf(1e-3, trials, 0.99)
    said = [decide(side_of(1), side_of(1)).verdict for _ in range(trials)]
    assert said.count(Verdict.REGRESSION) <= binom.ppf(1 - 1e-3, trials, 0.01)


@pytest.mark.parametrize(("few", "many"), [(3, 20), (3, 10), (5, 20)])
def test_few_unquiet_boots_are_not_taken_for_as_quiet_as_many_others(few: int, many: int) -> None:
    """A pooled variance had 5 to 17 % of false regressions here, and intervals of 53 %.

    Two boots are too few for Welch's test as well: its interval has the truth 94 times of 100.
    """
    rng, trials, rule = np.random.default_rng(few), 600, replace(COUNTS, threshold=0.0005)

    def side_of(boots: int, sd: float) -> Samples:
        level = 1e8 * (1 + rng.normal(0, sd, (boots, 1)))
        return from_boots([*(level * (1 + rng.normal(0, 2e-5, (boots, 5))))])

    said = [
        decide_all([Evidence(side_of(many, 1e-4), side_of(few, 1e-3), rule, pairs=())])[0]
        for _ in range(trials)
    ]
    alarms = sum(each.verdict is Verdict.REGRESSION for each in said)
    assert alarms <= binom.ppf(1 - 1e-3, trials, 0.015)
    covered = sum(each.low <= 1 <= each.high for each in said)
    assert covered >= binom.ppf(1e-3, trials, 0.965)
