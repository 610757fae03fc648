# SPDX-License-Identifier: GPL-2.0-only
"""What a gate asks of one cell, and what it is told."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from bench.model.cell import Clock
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
    ``interleaved`` says that boots of the two sides took turns.
    """

    clock: Clock = Clock.WALL
    threshold: float = 0.02
    floor: float | None = None
    confidence: float = 0.98
    equivalence: float = 0.90
    interleaved: bool = True

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

    ``low`` and ``high`` have the confidence of the rule; without an interval they are 0 and
    infinity. ``p`` is of the test that the interval inverts, ``witness_p`` of another kind
    of test, ``p_adjusted`` what is left of it among all cells; None where there is no test.
    ``slower_share`` is the part of all pairs of reps in which the new one is slower.
    ``mde`` is the slowdown that would be found 19 times of 20, infinite when none would;
    of this cell alone. ``basis`` is what was compared: boots, pairs of boots, or counts.
    """

    verdict: Verdict
    reason: str
    limit: float
    ratio: float = float("nan")
    low: float = 0.0
    high: float = float("inf")
    p: float | None = None
    p_adjusted: float | None = None
    witness_p: float | None = None
    slower_share: float = 0.5
    base_n: int = 0
    new_n: int = 0
    base_boots: int = 0
    new_boots: int = 0
    mde: float = float("inf")
    basis: str = "boots"


@dataclass(frozen=True)
class Evidence:
    """What a verdict on one cell is made from."""

    base: Samples
    new: Samples
    rule: Rule


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
    """Spell a logarithm of a ratio as people say it: +5.1 %."""
    parts = float(np.expm1(log_ratio)) * 100
    return f"{parts:+.0f} %" if abs(parts) >= 10 else f"{parts:+.3f}"[:5] + " %"
