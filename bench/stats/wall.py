# SPDX-License-Identifier: GPL-2.0-only
"""The rule for times: the boot is the sample, and its rank is what counts.

The effect is the Hodges-Lehmann shift of log medians of boots; the interval inverts the rank
test, so its coverage is exact from five boots on, whatever the distribution. A regression
has an interval above zero and an estimate above the limit. What was tried instead
(tests/quality shows the figures): bootstrap and BCa intervals cover too little at 5 to 10
boots; the mean and Student's t lose power to spikes; an interval that has to clear the limit
itself finds half as many slowdowns of 5 %. Pairing halves the degrees of freedom, which
costs more than it brings unless boots that ran side by side are alike, so it is used only then.

Sides that did not take turns differ by drift as well, and nothing in them says by how much. Their
noise floor does: no interval is narrower than that of A/A runs with this floor.
"""

from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from scipy.stats import norm

from bench.stats.compare import (
    MOST_PAIRS,
    Shift,
    go_together,
    hodges_lehmann_paired,
    paired_t,
    shifts,
    welch,
)
from bench.stats.decision import Decision, Evidence, Rule, Verdict, percent, start
from bench.stats.noise import minimum_detectable_effect
from bench.stats.ranks import cut_of_pairs, mann_whitney, signed_rank
from bench.stats.samples import Floats

# Two kernels whose boots shift the level by 2 % cannot be told apart with fewer.
LEAST_BOOTS = 5
# The signed rank has few orders: with fewer pairs it decides less than all boots do.
LEAST_PAIRS = 8
# Of unrelated sides one in ten of eight pairs reaches this correlation, one in 100 of twenty.
ALIKE = 0.5
# A noise floor holds 95 % of A/A runs: so many standard deviations.
IN_FLOOR = 1.96


@dataclass(frozen=True)
class Logs:
    """Logarithms of the medians of boots, in the order in which they ran.

    ``drift`` is the standard deviation of A/A runs, 0 where both sides took turns.
    """

    base: Floats
    new: Floats
    paired: bool
    drift: float

    @property
    def differences(self) -> Floats:
        return np.asarray(self.new - self.base)

    def shifts(self, confidences: tuple[float, ...]) -> list[Shift]:
        if self.paired:
            return [hodges_lehmann_paired(self.differences, one) for one in confidences]
        found = shifts(self.base, self.new, confidences)
        return [self._widened(*one) for one in zip(found, confidences, strict=True)]

    def _widened(self, shift: Shift, confidence: float) -> Shift:
        half = float(norm.ppf((1 + confidence) / 2)) * self.drift
        low, high = shift.estimate - half, shift.estimate + half
        return replace(shift, low=min(shift.low, low), high=max(shift.high, high))

    def p_values(self, estimate: float) -> tuple[float, float]:
        """Return p of the test that the interval inverts, and of one for normal logarithms."""
        if self.paired:
            return signed_rank(self.differences), paired_t(self.differences)
        drift = float(2 * norm.sf(abs(estimate) / self.drift)) if self.drift else 0.0
        return max(mann_whitney(self.base, self.new), drift), max(welch(self.base, self.new), drift)

    @property
    def deviation(self) -> float:
        """Return that of a boot, without what it shares with its pair: enough for a forecast."""
        if self.paired:
            return float(self.differences.std(ddof=1)) / 2**0.5
        return float(np.sqrt((self.base.var(ddof=1) + self.new.var(ddof=1)) / 2))


def decide_wall(cell: Evidence) -> Decision:
    """Decide on one cell as if it were the only one; ``p_adjusted`` is ``p``."""
    decision = start(cell)
    if decision.reason:
        return decision
    logs = _logs(cell)
    shift, within = logs.shifts((cell.rule.confidence, cell.rule.equivalence))
    decision = replace(
        decision,
        ratio=float(np.exp(shift.estimate)),
        basis="pairs of boots" if logs.paired else "boots",
    )
    why = why_not_judged(decision, cell.rule)
    if why:
        return replace(decision, reason=why)
    return _judged(decision, logs, cell.rule, shift, within)


def _logs(cell: Evidence) -> Logs:
    base, new = np.log(cell.base.medians), np.log(cell.new.medians)
    pairs = len(base) == len(new) and LEAST_PAIRS <= len(base) <= MOST_PAIRS
    paired = cell.rule.interleaved and pairs and go_together(base, new) > ALIKE
    floor = 0.0 if cell.rule.interleaved else cell.rule.floor or 0.0
    return Logs(base, new, paired, drift=float(np.log1p(floor)) / IN_FLOOR)


def why_not_judged(decision: Decision, rule: Rule) -> str:
    """Say what is missing for a verdict on times, or ''."""
    boots = decision.base_boots, decision.new_boots
    if min(boots) < LEAST_BOOTS or not cut_of_pairs(*boots, rule.alpha / 2):
        least = least_boots(rule)
        return f"needs boots: base has {boots[0]}, new has {boots[1]}, {least} a side can decide"
    if not rule.interleaved and rule.floor is None:
        return (
            "needs a noise floor: boots of the two sides did not take turns, "
            "so that drift looks like a change"
        )
    return ""


def least_boots(rule: Rule) -> int:
    """Count the boots a side that a verdict takes."""
    return next(n for n in count(LEAST_BOOTS) if cut_of_pairs(n, n, rule.alpha / 2))


def _judged(decision: Decision, logs: Logs, rule: Rule, shift: Shift, within: Shift) -> Decision:
    p, witness_p = logs.p_values(shift.estimate)
    return replace(
        decision,
        verdict=verdict_of(shift, within, rule.log_limit),
        reason=_reason(shift, within, rule),
        low=float(np.exp(shift.low)),
        high=float(np.exp(shift.high)),
        p=p,
        p_adjusted=p,
        witness_p=witness_p,
        mde=_detectable(logs, rule),
    )


def _detectable(logs: Logs, rule: Rule, power: float = 0.95) -> float:
    boots = len(logs.base), len(logs.new)
    found = minimum_detectable_effect(
        boots, logs.deviation, limit=rule.limit, confidence=rule.confidence, power=power
    )
    drifts = (norm.ppf((1 + rule.confidence) / 2) + norm.ppf(power)) * logs.drift
    return max(found, float(np.expm1(drifts)))


def verdict_of(shift: Shift, within: Shift, limit: float) -> Verdict:
    """``limit`` and both intervals as logarithms; ``within`` is the one for equivalence."""
    if shift.low > 0 and shift.estimate > limit:
        return Verdict.REGRESSION
    if shift.high < 0 and shift.estimate < -limit:
        return Verdict.IMPROVEMENT
    if -limit <= within.low and within.high <= limit:
        return Verdict.NO_CHANGE
    return Verdict.INCONCLUSIVE


def _reason(shift: Shift, within: Shift, rule: Rule) -> str:
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
