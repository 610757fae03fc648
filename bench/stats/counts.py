# SPDX-License-Identifier: GPL-2.0-only
"""The rule for instruction counts: they repeat, so what counts is that reps do not overlap.

One boot a side is enough where both have the same number, as they have without another --seed:
then nothing but the kernel differs. What differs between reps is whether a timer tick fell into
the pause, at most some thousandths of it; what differs between boots is where memory lies.
"""

from dataclasses import dataclass, replace
from itertools import count
from math import comb

import numpy as np

from bench.stats.decision import Decision, Evidence, Rule, Verdict, percent, start
from bench.stats.ranks import EXACT
from bench.stats.samples import Samples


@dataclass(frozen=True)
class LogRange:
    """Logarithms of counts of one side: lowest, median, highest."""

    low: float
    middle: float
    high: float
    boots: float  # the highest median of a boot less the lowest

    @property
    def spread(self) -> float:
        return self.high - self.low


def _range(side: Samples) -> LogRange:
    values = side.values
    low, middle, high = np.log([values.min(), np.median(values), values.max()])
    boots = np.ptp(np.log(side.medians))
    return LogRange(float(low), float(middle), float(high), float(boots))


def luck(n: int, m: int) -> float:
    """Compute the chance that all of m reps lie above all of n if nothing changed."""
    return 1 / comb(n + m, n) if max(n, m) <= EXACT else 0.0


def decide_counts(cell: Evidence) -> Decision:
    """Decide on one cell of instruction counts.

    ``low`` and ``high`` are the smallest and greatest ratio of any two reps. A regression:
    the ratio of medians exceeds the limit, and the lowest new count is above the highest
    of base by more than the reps of either side lie apart. No change: no two reps differ
    by more than the limit. There is no p: the gap is not a matter of chance.
    """
    decision = start(cell)
    if decision.reason:
        return replace(decision, basis="counts")
    base, new = _range(cell.base), _range(cell.new)
    decision = replace(
        decision,
        basis="counts",
        ratio=float(np.exp(new.middle - base.middle)),
        low=float(np.exp(new.low - base.high)),
        high=float(np.exp(new.high - base.low)),
    )
    if luck(decision.base_n, decision.new_n) > cell.rule.alpha / 2:
        return replace(decision, reason=_needs_reps(decision, cell.rule))
    verdict = _verdict(base, new, cell.rule.log_limit)
    return replace(
        decision,
        verdict=verdict,
        reason=_reason(base, new, verdict, cell.rule),
        mde=_detectable(base, new, cell.rule),
    )


def least_reps(rule: Rule) -> int:
    """Count the reps a side, of all boots, that a verdict takes."""
    return next(n for n in count(1) if luck(n, n) <= rule.alpha / 2)


def _needs_reps(decision: Decision, rule: Rule) -> str:
    return (
        f"needs reps: base has {decision.base_n}, new has {decision.new_n}, "
        f"{least_reps(rule)} a side can decide"
    )


def _verdict(base: LogRange, new: LogRange, limit: float) -> Verdict:
    change, spread = new.middle - base.middle, max(base.spread, new.spread)
    if change > limit and new.low - base.high > spread:
        return Verdict.REGRESSION
    if change < -limit and base.low - new.high > spread:
        return Verdict.IMPROVEMENT
    if new.high - base.low <= limit and base.high - new.low <= limit:
        return Verdict.NO_CHANGE
    return Verdict.INCONCLUSIVE


def _detectable(base: LogRange, new: LogRange, rule: Rule) -> float:
    """Compute the change that would separate reps that lie as far apart as these."""
    facing = (base.high - base.middle) + (new.middle - new.low)
    return float(np.expm1(max(rule.log_limit, facing + max(base.spread, new.spread))))


def _reason(base: LogRange, new: LogRange, verdict: Verdict, rule: Rule) -> str:
    change, limit = percent(new.middle - base.middle), f"{rule.limit * 100:.2g} %"
    if verdict is Verdict.NO_CHANGE:
        return f"{change}, no two reps differ by more than {limit}"
    if verdict is not Verdict.INCONCLUSIVE:
        return f"{change}, more than {limit}, and no rep of one side is near the other"
    spread = max(base.spread, new.spread)
    if 2 * spread > rule.log_limit:
        apart, boots = percent(spread).lstrip("+"), max(base.boots, new.boots)
        of_boots = f" ({percent(boots).lstrip('+')} between boots)" if boots else ""
        return f"{change}, but reps of one side lie {apart} apart{of_boots}: too far for {limit}"
    return f"{change}: too near to {limit} to say on which side of it"
