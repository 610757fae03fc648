# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts: what each rule says of sides whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from bench.model.cell import Clock
from bench.stats.decide import decide_all
from bench.stats.decision import Decision, Evidence, Rule, Verdict
from bench.stats.samples import Samples, samples_of
from tests.unit.runs import from_boots

OPPOSITE = {
    Verdict.REGRESSION: Verdict.IMPROVEMENT,
    Verdict.IMPROVEMENT: Verdict.REGRESSION,
    Verdict.NO_CHANGE: Verdict.NO_CHANGE,
    Verdict.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}
WALL = Rule()
COUNTS = Rule(Clock.ICOUNT, threshold=0.005)


def decide(base: Samples, new: Samples, rule: Rule) -> Decision:
    """Decide on one cell that is gated alone."""
    return decide_all([Evidence(base, new, rule)])[0]


def boots(count: int, slower: float = 0.0, seed: int = 0, sd: float = 0.02) -> Samples:
    """Two reps a boot, ns, as a machine gives them whose boots differ."""
    rng = np.random.default_rng([seed, count, round(1000 * (1 + slower))])
    levels = 1e6 * (1 + slower) * (1 + rng.normal(0, sd, count))
    return from_boots([level * (1 + rng.normal(0, sd / 2, 2)) for level in levels])


@pytest.mark.parametrize(
    ("slower", "verdict"),
    [(0.2, Verdict.REGRESSION), (-0.2, Verdict.IMPROVEMENT), (0.02, Verdict.INCONCLUSIVE)],
)
def test_ten_boots_tell(slower: float, verdict: Verdict) -> None:
    said = decide(boots(10), boots(10, slower), WALL)
    assert said.verdict is verdict
    assert said.low < said.ratio < said.high
    assert said.ratio == pytest.approx(1 + slower, abs=0.03)
    assert (said.base_n, said.new_n, said.base_boots, said.new_boots) == (20, 20, 10, 10)


def test_quiet_boots_show_that_nothing_changed() -> None:
    said = decide(boots(10, sd=0.004), boots(10, 0.001, sd=0.004), WALL)
    assert said.verdict is Verdict.NO_CHANGE
    assert "within 2 %" in said.reason
    assert said.mde < 0.03


def test_a_change_below_the_threshold_is_none_that_fails() -> None:
    said = decide(boots(10, sd=0.002), boots(10, 0.01, sd=0.002), WALL)
    assert said.verdict is Verdict.NO_CHANGE
    assert said.p is not None
    assert said.p < 0.001


@pytest.mark.parametrize(("base", "new"), [(4, 4), (4, 10), (10, 1)])
def test_few_boots_cannot_tell_however_large_the_change(base: int, new: int) -> None:
    said = decide(boots(base), boots(new, 2.0), WALL)
    assert said.verdict is Verdict.INCONCLUSIVE
    assert f"needs boots: base has {base}, new has {new}, 5 a side" in said.reason
    assert said.ratio == pytest.approx(3, rel=0.1)
    assert (said.low, said.high, said.mde, said.p) == (0, float("inf"), float("inf"), None)


def test_more_confidence_takes_more_boots() -> None:
    said = decide(boots(5), boots(5), replace(WALL, confidence=0.999))
    assert "7 a side can decide" in said.reason


def test_a_gate_is_never_tighter_than_the_noise() -> None:
    noisy = replace(WALL, floor=0.3)
    assert noisy.limit == 0.3
    assert decide(boots(10), boots(10, 0.2), noisy).verdict is not Verdict.REGRESSION
    assert decide(boots(10), boots(10, 0.2), replace(WALL, floor=0.01)).limit == 0.02


def test_sides_that_did_not_take_turns_need_a_floor() -> None:
    apart = replace(WALL, interleaved=False)
    said = decide(boots(10), boots(10, 0.2), apart)
    assert (said.verdict, said.mde) == (Verdict.INCONCLUSIVE, float("inf"))
    assert said.reason.startswith("needs a noise floor")
    known = decide(boots(10), boots(10, 0.2), replace(apart, floor=0.05))
    assert known.verdict is Verdict.REGRESSION
    alone = decide(boots(10), boots(10, 0.2), WALL)
    assert known.low < alone.low < alone.high < known.high
    floor = replace(apart, floor=0.18)  # 20 % is more than the floor, but not 98 % sure
    assert decide(boots(10), boots(10, 0.2), floor).verdict is Verdict.INCONCLUSIVE


def test_pairs_are_used_where_they_are_alike() -> None:
    """A machine that slows down by a half while it is measured: 3 % is seen all the same."""
    drift = np.linspace(1, 1.5, 10)
    rng = np.random.default_rng(4)
    base, new = (
        samples_of(np.arange(10), level * drift * (1 + rng.normal(0, 0.005, 10)))
        for level in (100.0, 103.0)
    )
    said = decide(base, new, WALL)
    assert (said.basis, said.verdict) == ("pairs of boots", Verdict.REGRESSION)
    apart = decide(base, new, replace(WALL, interleaved=False, floor=0.0))
    assert (apart.basis, apart.verdict) == ("boots", Verdict.INCONCLUSIVE)


sides = st.integers(5, 9).flatmap(
    lambda n: st.lists(st.integers(90, 110), min_size=2 * n, max_size=2 * n)
)


@settings(max_examples=60)
@given(sides, sides, st.sampled_from([WALL, COUNTS, replace(WALL, threshold=0.05)]))
def test_swapped_sides_have_the_opposite_verdict(
    first: list[int], second: list[int], rule: Rule
) -> None:
    base, new = (samples_of(np.arange(len(values)) // 2, values) for values in (first, second))
    one, other = decide(base, new, rule), decide(new, base, rule)
    assert other.verdict is OPPOSITE[one.verdict]
    assert (one.ratio * other.ratio, one.low * other.high) == pytest.approx((1, 1))
    assert one.slower_share == pytest.approx(1 - other.slower_share)
    assert one.p == pytest.approx(other.p)
    assert one.mde == pytest.approx(other.mde)


@settings(max_examples=60)
@given(sides, sides, st.sampled_from([WALL, COUNTS]), st.sampled_from([0.5, 1024.0, 1e-9]))
def test_a_verdict_does_not_depend_on_the_unit(
    first: list[int], second: list[int], rule: Rule, factor: float
) -> None:
    base, new = (samples_of(np.arange(len(values)) // 2, values) for values in (first, second))
    one = decide(base, new, rule)
    other = decide(
        Samples(base.boots, base.values * factor), Samples(new.boots, new.values * factor), rule
    )
    assert one.ratio == pytest.approx(other.ratio, rel=1e-9)
    assert one.slower_share == other.slower_share


@pytest.mark.parametrize("rule", [WALL, COUNTS])
def test_all_equal_is_no_change(rule: Rule) -> None:
    same = from_boots([[7.0, 7.0]] * 10)
    said = decide(same, same, rule)
    assert said.verdict is Verdict.NO_CHANGE
    assert (said.ratio, said.low, said.high, said.slower_share) == (1, 1, 1, 0.5)
    slower = decide(same, from_boots([[8.0, 8.0]] * 10), rule)
    assert (slower.verdict, slower.slower_share) == (Verdict.REGRESSION, 1)


@pytest.mark.parametrize("rule", [WALL, COUNTS])
@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "base has no value"),
        ([1.0] * 9 + [0.0], "base has a value that is not above zero"),
        ([1.0] * 9 + [float("nan")], "base has a value that is no number"),
    ],
)
def test_what_has_no_ratio_is_said(rule: Rule, values: list[float], why: str) -> None:
    said = decide(samples_of(np.arange(len(values)), values), boots(10), rule)
    assert (said.verdict, said.reason) == (Verdict.INCONCLUSIVE, why)


@pytest.mark.parametrize(
    "wrong",
    [{"threshold": 0}, {"floor": -1}, {"confidence": 1}, {"equivalence": 0.99}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"above zero|below zero|equivalence"):
        Rule(**wrong)  # type: ignore[arg-type]


def family(cells: int, slower: float = 0.0, count: int = 10, seed: int = 0) -> list[Evidence]:
    """One cell that may be slower, and others that are not."""
    return [
        Evidence(
            boots(count, 0.0, seed + 2 * i), boots(count, slower * (i == 0), seed + 2 * i + 1), WALL
        )
        for i in range(cells)
    ]


def test_one_cell_alone_is_what_it_is_in_a_family_of_one() -> None:
    (cell,) = family(1, 0.05)
    assert decide_all([cell]) == (decide(cell.base, cell.new, cell.rule),)
    assert decide_all([]) == ()


def test_a_family_asks_for_more() -> None:
    alone, among = (decide_all(family(cells, 0.03))[0] for cells in (1, 60))
    assert alone.verdict is Verdict.REGRESSION
    assert among.verdict is Verdict.INCONCLUSIVE
    assert "among 60 cells" in among.reason
    assert alone.p_adjusted is not None
    assert among.p_adjusted is not None
    assert alone.p_adjusted < 0.02 < among.p_adjusted
    assert decide_all(family(60, 0.15))[0].verdict is Verdict.REGRESSION


def test_five_boots_find_a_large_slowdown_in_a_large_family() -> None:
    """Ranks of five boots are never rarer than 1 in 126; a gate on them could not fire."""
    said = decide_all(family(40, 0.4, count=5))
    assert said[0].verdict is Verdict.REGRESSION
    assert said[0].p is not None and said[0].p < 2 / 252
    assert all(one.verdict is not Verdict.REGRESSION for one in said[1:])


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 10])
def test_a_family_that_did_not_change_raises_no_alarm(count: int) -> None:
    """18 cells gated together: an alarm in at most one gate of a hundred."""
    alarms = 0
    for gate in range(150):
        said: tuple[Decision, ...] = decide_all(family(18, count=count, seed=10_000 + 100 * gate))
        alarms += any(one.verdict is Verdict.REGRESSION for one in said)
    assert alarms <= binom.ppf(1 - 1e-3, 150, 0.01)


def test_counts_are_no_part_of_the_family() -> None:
    reps = np.arange(5) + 1e6
    count = Evidence(from_boots([reps]), from_boots([1.01 * reps]), COUNTS)
    said = decide_all([count, *family(3, 0.05)])
    assert said[0].verdict is Verdict.REGRESSION
    assert said[1:] == decide_all(family(3, 0.05))


@pytest.mark.slow
@pytest.mark.parametrize("boots_a_side", [1, 10, 500_000])
def test_a_million_samples_are_gated(boots_a_side: int) -> None:
    rng = np.random.default_rng(3)
    values = rng.lognormal(0, 0.2, 1_000_000)
    ids = rng.permutation(np.repeat(np.arange(boots_a_side), 500_000 // boots_a_side))
    rule = COUNTS if boots_a_side == 1 else WALL
    said = decide(samples_of(ids, values[:500_000]), samples_of(ids, 1.1 * values[500_000:]), rule)
    assert said.base_n == said.new_n == 500_000
    assert said.ratio == pytest.approx(1.1, abs=0.01)
