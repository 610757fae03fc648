# SPDX-License-Identifier: GPL-2.0-only
"""Say beforehand how many boots a gate takes that has to see a slowdown."""

from dataclasses import dataclass

import numpy as np

from bench.model.cell import Clock
from bench.stats.counts import ASSUMED, LEAST_PAIRS, spread_between
from bench.stats.decision import Rule
from bench.stats.noise import seen_at, student_quantile
from bench.stats.samples import Samples
from bench.stats.wall import least_boots

MOST_BOOTS = 1000  # a side; more is no plan


@dataclass(frozen=True)
class Needed:
    """How many boots a side a cell takes; None for more than `MOST_BOOTS`, or none would do.

    ``sd`` is the standard deviation of its boots, of so many; ``assumed`` where there was one.
    """

    boots: int | None
    sd: float
    of: int

    @property
    def assumed(self) -> bool:
        return self.of < 2


def boots_needed(base: Samples, rule: Rule, see: float, cells: int = 1) -> Needed:
    """Compute how many boots a side find a slowdown of ``see`` 19 times of 20.

    ``base`` is one side, with its boots; the other is taken to vary as it does, and both to take
    turns. It has to be found among so many ``cells``. ValueError for a value that is not above
    zero, and for no value.
    """
    if not len(base.values) or not base.values.min() > 0:
        raise ValueError("a plan takes values above zero")
    boots = len(base.medians)
    sd = spread_between(base) if boots > 1 else ASSUMED
    known = boots - 1.0 if boots > 1 else float("inf")
    least = least_boots(rule) if rule.clock is Clock.WALL else LEAST_PAIRS
    low, high = least, MOST_BOOTS
    if not _sees(high, sd, known, rule, see, cells):
        return Needed(None, sd, boots)
    while low < high:
        middle = (low + high) // 2
        if _sees(middle, sd, known, rule, see, cells):
            high = middle
        else:
            low = middle + 1
    return Needed(low, sd, boots)


def _sees(boots: int, sd: float, known: float, rule: Rule, see: float, cells: int) -> bool:
    """Tell whether so many boots a side find the slowdown (see bench.stats.noise.detectable)."""
    tests = 2 if rule.clock is Clock.ICOUNT else 1  # of counts each has half the level
    freedom = 2.0 * boots - 2
    error = sd * (2 / boots) ** 0.5
    critical = student_quantile(1 - rule.alpha / 2 / tests / cells, freedom)
    clears = seen_at(freedom, critical, known=known) * error
    exceeds = rule.log_limit + student_quantile(0.95, known) * error
    return bool(max(clears, exceeds) <= np.log1p(see))
