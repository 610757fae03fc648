# SPDX-License-Identifier: GPL-2.0-only
"""The rule for times: the boot is the sample, and its rank is what counts.

The effect is the Hodges-Lehmann shift of log medians of boots; the interval inverts the rank
test, so its coverage is exact from five boots on, whatever the distribution. A regression
has an interval above zero and an estimate above the limit. What was tried instead
(tests/quality shows the figures): bootstrap and BCa intervals cover too little at 5 to 10
boots; the mean and Student's t lose power to spikes; an interval that has to clear the limit
itself finds half as many slowdowns of 5 %. Pairing halves the degrees of freedom, which
costs more than it brings unless boots that ran side by side are alike, so it is used only then.

Sides of unequal sizes have to pass Student's test of trimmed means too, for unequal variances
(Yuen 1974): ranks call five noisy boots slower than twenty quiet ones in 3 to 4 % of cases.

Sides that did not take turns were measured in different sessions, which differ by more than
their boots do. By how much, whole sessions of one kernel show; the interval is never narrower
than theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from bench.stats.compare import MOST_PAIRS, Shift, go_together, hodges_lehmann_paired, shifts
from bench.stats.contrast import Contrast
from bench.stats.decision import (
    Compared,
    Decision,
    Evidence,
    Rule,
    judged_as,
    mde_of,
    start,
)
from bench.stats.noise import noise_of_floor
from bench.stats.ranks import cut_of_pairs, mann_whitney, signed_rank
from bench.stats.samples import Floats

# Two kernels whose boots shift the level by 2 % cannot be told apart with fewer.
LEAST_BOOTS = 5
# The signed rank has few orders: with fewer pairs it decides less than all boots do.
LEAST_PAIRS = 8
# Of unrelated sides one in ten of eight pairs reaches this correlation, one in 100 of twenty.
ALIKE = 0.5
# Of the boots at each end, for the test of sides of unequal sizes.
_TRIMMED = 0.1


@dataclass(frozen=True)
class Logs:
    """Logarithms of the medians of boots in the order in which they ran, and their contrast."""

    base: Floats
    new: Floats
    contrast: Contrast
    paired: bool

    def shifts(self, confidences: Sequence[float]) -> list[Shift]:
        """Estimate the shift by ranks, with an interval a confidence."""
        if self.paired:
            return [hodges_lehmann_paired(self.new - self.base, one) for one in confidences]
        found = shifts(self.base, self.new, confidences)
        return [self._widened(*one) for one in zip(found, confidences, strict=True)]

    def _widened(self, shift: Shift, confidence: float) -> Shift:
        """Widen an interval to that of the contrast where ranks alone do not hold it."""
        half = self._by_contrast(shift).half(confidence)
        low, high = shift.estimate - half, shift.estimate + half
        return replace(shift, low=min(shift.low, low), high=max(shift.high, high))

    def _by_contrast(self, shift: Shift) -> Contrast:
        """Return what the ranks do not see: unequal variances, and what sessions differ by."""
        if len(self.base) != len(self.new):
            return replace(self.contrast, estimate=shift.estimate)
        return replace(self.contrast, estimate=shift.estimate, variance=0.0)

    def p_value(self, shift: Shift) -> float:
        """Return the p of the test that the interval inverts."""
        if self.paired:
            return signed_rank(self.new - self.base)
        p = mann_whitney(self.base, self.new)
        if len(self.base) != len(self.new) or self.contrast.between:
            return max(p, self._by_contrast(shift).p)
        return p


def decide_wall(cell: Evidence) -> Compared:
    """Decide on one cell as if it were the only one; ``p_adjusted`` is ``p``."""
    decision = start(cell)
    if decision.reason:
        return Compared(decision)
    base, new = np.log(cell.base.medians), np.log(cell.new.medians)
    why = why_not_judged(decision, cell.rule)
    if why:
        ratio = float(np.exp(shifts(base, new, [cell.rule.confidence])[0].estimate))
        return Compared(replace(decision, ratio=ratio, reason=why))
    logs = _logs(cell, base, new)
    basis = "pairs of boots" if logs.paired else "boots"
    judged = _judged(replace(decision, basis=basis, assumed=_assumed(cell)), logs, cell.rule)
    return Compared(judged, (logs.contrast,), ranks=True)


def _logs(cell: Evidence, base: Floats, new: Floats) -> Logs:
    pairs = len(base) == len(new) and LEAST_PAIRS <= len(base) <= MOST_PAIRS
    paired = cell.rule.interleaved and pairs and go_together(base, new) > ALIKE
    contrast = contrast_of(base, new, paired)
    between, freedom = _between(cell)
    return Logs(base, new, replace(contrast, between=between, between_freedom=freedom), paired)


def contrast_of(base: Floats, new: Floats, paired: bool = False) -> Contrast:
    """Return the difference of means; of trimmed ones where the sides have unequal sizes."""
    n, m = len(base), len(new)
    if paired:
        differences = new - base
        return Contrast(float(differences.mean()), float(differences.var(ddof=1)), n - 1, 1 / n)
    if n == m:
        variance = float(base.var(ddof=1) + new.var(ddof=1)) / 2
        return Contrast(float(new.mean() - base.mean()), variance, n + m - 2, 2 / n)
    (first, one, free), (second, other, free_too) = map(_trimmed, (base, new))
    whole = one + other
    freedom = whole**2 / (one**2 / free + other**2 / free_too) if whole else n + m - 2
    return Contrast(second - first, whole, freedom, 1.0)


def _trimmed(values: Floats) -> tuple[float, float, int]:
    """Return a trimmed mean, the square of its standard error and its degrees of freedom."""
    cut = int(_TRIMMED * len(values))
    ordered = np.sort(values)
    kept = ordered[cut : len(ordered) - cut]
    drawn = np.clip(ordered, kept[0], kept[-1])
    free = len(kept) - 1
    return float(kept.mean()), float(drawn.var() * len(values) / (len(kept) * free)), free


def _between(cell: Evidence) -> tuple[float, float]:
    """Return the standard error of what sessions differ by, and its degrees of freedom."""
    if cell.rule.interleaved:
        return 0.0, float("inf")
    noise = cell.rule.noise or noise_of_floor(cell.rule.floor or 0.0)
    return noise.of_ratio(cell.base.count_sessions, cell.new.count_sessions), noise.freedom


def _assumed(cell: Evidence) -> str:
    """Say what is taken for granted of sides that were measured one after the other."""
    if cell.rule.interleaved or cell.rule.noise or not cell.rule.floor:
        return ""
    return f"sessions differ by less than the noise floor of {cell.rule.floor:.2%}, which was named"


def why_not_judged(decision: Decision, rule: Rule) -> str:
    """Say what is missing for a verdict on times, or ''."""
    boots = decision.base_boots, decision.new_boots
    if min(boots) < LEAST_BOOTS or not cut_of_pairs(*boots, rule.alpha / 2):
        least = least_boots(rule)
        return f"needs boots: base has {boots[0]}, new has {boots[1]}, {least} a side can decide"
    if not rule.interleaved and rule.floor is None and rule.noise is None:
        return (
            "needs a noise floor: the sides are of different sessions, which differ by more "
            "than their boots do"
        )
    return ""


def least_boots(rule: Rule) -> int:
    """Count the boots a side that a verdict takes."""
    return next(n for n in count(LEAST_BOOTS) if cut_of_pairs(n, n, rule.alpha / 2))


def _judged(decision: Decision, logs: Logs, rule: Rule) -> Decision:
    shift, within = logs.shifts((rule.confidence, rule.equivalence))
    mde = mde_of((logs.contrast,), rule)
    return judged_as(decision, (shift, within), logs.p_value(shift), mde, rule)
