# SPDX-License-Identifier: GPL-2.0-only
"""What a gate asks of one cell, and what it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from bench.model.cell import Clock
from bench.stats.compare import Shift
from bench.stats.contrast import Contrast
from bench.stats.noise import Noise
from bench.stats.ranks import slower_share
from bench.stats.samples import Samples


class Verdict(StrEnum):
    """What a gate says of a cell."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    NO_CHANGE = "no-change"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Rule:
    """``threshold`` and ``floor`` are relative: 0.02 is 2 %. ValueError for what makes no sense.

    ``floor`` is that of A/A runs (``noise.noise_floor``), None where it was never measured.
    ``confidence`` is of the two-sided interval: 0.98 is a false alarm in 100, and a false
    improvement in 100. ``equivalence`` is of the interval that has to lie within the limit
    for no change: 0.90 is the 5 % a side of two one-sided tests (Schuirmann 1987).
    ``interleaved`` says that boots of the two sides took turns. ``noise`` is what lies between
    sessions of this cell, where it was measured.
    """

    clock: Clock = Clock.WALL
    threshold: float = 0.02
    floor: float | None = None
    confidence: float = 0.98
    equivalence: float = 0.90
    interleaved: bool = True
    noise: Noise | None = None

    def __post_init__(self) -> None:
        if not (0 < self.confidence < 1 and 0 < self.equivalence <= self.confidence):
            raise ValueError("0 < equivalence <= confidence < 1")
        if not (self.threshold > 0 and np.isfinite(self.threshold)):
            raise ValueError("a threshold is above zero")
        if self.floor is not None and not 0 <= self.floor < np.inf:
            raise ValueError("a noise floor is not below zero")

    @property
    def limit(self) -> float:
        """Return the smallest effect that counts: never tighter than the noise."""
        return max(self.threshold, self.floor or 0.0)

    @property
    def log_limit(self) -> float:
        """As much down as up: 2 % is from 1/1.02 to 1.02, so that sides can be swapped."""
        return float(np.log1p(self.limit))

    @property
    def alpha(self) -> float:
        return 1 - self.confidence


@dataclass(frozen=True)
class Decision:
    """All ratios are new / base: 1.05 is 5 % slower.

    ``low`` and ``high`` are the ends of the interval of this ratio, of the rule's confidence, and
    of this cell alone; without an interval they are 0 and infinity. ``p`` is of the test that the
    interval inverts, ``p_adjusted`` what is left of it among all cells; None where there is none.
    ``slower_share`` is the part of all pairs of reps in which the new one is slower.
    ``mde`` is the slowdown that would be found 19 times of 20, among as many cells as there
    are; infinite when none would. ``basis`` is what was compared: boots, pairs of boots, or the
    reps of one boot a side. ``assumed`` says what the verdict takes for granted, ``strays`` names
    reps that lie far from all others of their boot, and decide nothing.
    """

    verdict: Verdict
    reason: str
    limit: float
    ratio: float = float("nan")
    low: float = 0.0
    high: float = float("inf")
    p: float | None = None
    p_adjusted: float | None = None
    slower_share: float = 0.5
    base_n: int = 0
    new_n: int = 0
    base_boots: int = 0
    new_boots: int = 0
    mde: float = float("inf")
    basis: str = "boots"
    assumed: str = ""
    strays: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a verdict on one cell is made from.

    ``pairs`` names boots of base and new that were prepared alike, so that their reps are equal
    one by one but for what is compared; empty where there are none, None where that is not known.
    ``unlike`` says why a single boot of one side cannot be held against one of the other, as
    of memory that lies otherwise; several boots a side are judged all the same.
    """

    base: Samples
    new: Samples
    rule: Rule
    pairs: tuple[tuple[int, int], ...] | None = None
    unlike: str = ""


@dataclass(frozen=True)
class Compared:
    """A decision on a cell as if it were the only one, and the differences it was made from.

    Each contrast is a test of its own, at an equal part of the level; none where the cell was not
    judged. ``ranks`` says that the decision rests on ranks, and the contrasts stand in where
    those cannot be rare enough among many cells.
    """

    decision: Decision
    contrasts: tuple[Contrast, ...] = ()
    ranks: bool = False


def shift_of(contrasts: Sequence[Contrast], confidence: float) -> Shift:
    """Return the estimate that is known best, with what the intervals of all have in common.

    Each has an equal part of the level, so that together they hold it (Bonferroni). Intervals
    that have nothing in common are no interval: the best known one stands then.
    """
    part = 1 - (1 - confidence) / len(contrasts)
    halves = [each.half(part) for each in contrasts]
    best = int(np.argmin(halves))
    estimate, half = contrasts[best].estimate, halves[best]
    sides = [*zip(contrasts, halves, strict=True)]
    low = max(each.estimate - width for each, width in sides)
    high = min(each.estimate + width for each, width in sides)
    if not low <= estimate <= high:
        low, high = estimate - half, estimate + half
    return Shift(estimate, low, high)


def p_of(contrasts: Sequence[Contrast]) -> float:
    """Return the p of all contrasts together: the least, times how many there are."""
    return min(1.0, len(contrasts) * min(each.p for each in contrasts))


def judged_by(decision: Decision, contrasts: Sequence[Contrast], rule: Rule) -> Decision:
    """Decide by the contrasts of a cell, as if it were the only one."""
    shift, within = (shift_of(contrasts, each) for each in (rule.confidence, rule.equivalence))
    return judged_as(decision, (shift, within), p_of(contrasts), mde_of(contrasts, rule), rule)


def judged_as(
    decision: Decision, shifts: tuple[Shift, Shift], p: float, mde: float, rule: Rule
) -> Decision:
    """Fill in a decision from the intervals of the rule's confidence and of equivalence."""
    shift, within = shifts
    return replace(
        decision,
        verdict=verdict_of(shift, within, rule.log_limit),
        reason=reason_of(shift, within, rule),
        ratio=float(np.exp(shift.estimate)),
        low=float(np.exp(shift.low)),
        high=float(np.exp(shift.high)),
        p=p,
        p_adjusted=p,
        mde=mde,
    )


def mde_of(contrasts: Sequence[Contrast], rule: Rule, cells: int = 1) -> float:
    """Compute the slowdown that is found 19 times of 20 if it is the only one among the cells."""
    alpha = rule.alpha / len(contrasts) / cells
    return min(each.detectable(alpha, rule.log_limit) for each in contrasts)


def verdict_of(shift: Shift, within: Shift, limit: float) -> Verdict:
    """``limit`` and both intervals as logarithms; ``within`` is the one for equivalence."""
    if shift.low > 0 and shift.estimate > limit:
        return Verdict.REGRESSION
    if shift.high < 0 and shift.estimate < -limit:
        return Verdict.IMPROVEMENT
    if -limit <= within.low and within.high <= limit:
        return Verdict.NO_CHANGE
    return Verdict.INCONCLUSIVE


def reason_of(shift: Shift, within: Shift, rule: Rule) -> str:
    """Say what the intervals show of a limit."""
    limit = f"{rule.limit * 100:.2g} %"
    verdict = verdict_of(shift, within, rule.log_limit)
    ends = f"[{percent(shift.low)}, {percent(shift.high)}]"
    if verdict is Verdict.NO_CHANGE:
        inside = f"[{percent(within.low)}, {percent(within.high)}]"
        return f"{percent(shift.estimate)}, {inside} is within {limit}"
    if verdict is not Verdict.INCONCLUSIVE:
        return f"{percent(shift.estimate)} {ends}, more than {limit}"
    if shift.low > 0 or shift.high < 0:
        return f"{percent(shift.estimate)} {ends} is a change, but not one of more than {limit}"
    return f"{percent(shift.estimate)} {ends}: neither a change nor within {limit}"


def start(cell: Evidence) -> Decision:
    """Decide what needs no rule: counts, and why there is nothing to compare, or ''."""
    base, new = cell.base, cell.new
    counted = Decision(
        Verdict.INCONCLUSIVE,
        "",
        cell.rule.limit,
        base_n=len(base.values),
        new_n=len(new.values),
        base_boots=len(np.unique(base.boots)),
        new_boots=len(np.unique(new.boots)),
    )
    for name, side in (("base", base), ("new", new)):
        why = _why_no_ratio(name, side)
        if why:
            return replace(counted, reason=why)
    share = slower_share(base.values, new.values)
    return replace(counted, slower_share=share)


def _why_no_ratio(name: str, side: Samples) -> str:
    if len(side.values) == 0:
        return f"{name} has no value"
    if not np.isfinite(side.values).all():
        return f"{name} has a value that is no number"
    return "" if side.values.min() > 0 else f"{name} has a value that is not above zero"


def percent(log_ratio: float) -> str:
    """Spell a logarithm of a ratio as people say it: +5.1 %, +0.034 %."""
    parts = float(np.expm1(log_ratio)) * 100
    size = abs(parts)
    digits = 0 if size >= 100 else 3 if 0.0005 <= size < 0.095 else 2
    return f"{parts:+.{digits}f} %"
