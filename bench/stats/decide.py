# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts on all gated cells together: the more cells, the stronger each has to show it."""

from collections.abc import Sequence
from dataclasses import replace
from math import comb

import numpy as np

from bench.model.cell import Clock
from bench.stats.counts import decide_counts
from bench.stats.decision import Decision, Evidence, Rule, Verdict
from bench.stats.ranks import EXACT
from bench.stats.samples import Floats
from bench.stats.wall import decide_wall


def decide_all(cells: Sequence[Evidence]) -> tuple[Decision, ...]:
    """Make one decision a cell, in their order; wall cells have to survive Holm's correction."""
    alone = [
        decide_wall(cell) if cell.rule.clock is Clock.WALL else decide_counts(cell)
        for cell in cells
    ]
    places = [place for place, decision in enumerate(alone) if decision.p is not None]
    p_values = [_family_p(alone[place], cells[place].rule, len(places)) for place in places]
    decided = list(alone)
    for place, p in zip(places, holm(p_values), strict=True):
        decided[place] = _among(alone[place], cells[place].rule, float(p), len(places))
    return tuple(decided)


def holm(p_values: Sequence[float]) -> Floats:
    """Adjust p values (Holm 1979): below alpha with a chance of alpha if nothing changed.

    Holds however the comparisons depend on each other; cells of one boot do.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def _family_p(decision: Decision, rule: Rule, family: int) -> float:
    """Choose the rank test's p, or the witness's where ranks can never be rare enough.

    Ranks of five boots a side have 252 orders: among three cells none is rare enough, and a
    gate on ranks alone could never fire. Which of the two is decided by counts of
    boots and cells, never by the values, so neither is chosen for what it says.
    """
    if decision.p is None or decision.witness_p is None:
        return 1.0
    return decision.p if _least_p(decision) * family <= rule.alpha else decision.witness_p


def _least_p(decision: Decision) -> float:
    n, m = decision.base_boots, decision.new_boots
    if max(n, m) > EXACT:
        return 0.0
    orders: int = 2**n if decision.basis == "pairs of boots" else comb(n + m, n)
    return 2 / orders


def _among(decision: Decision, rule: Rule, p: float, family: int) -> Decision:
    adjusted = replace(decision, p_adjusted=p)
    changed = decision.verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT)
    if not changed or p <= rule.alpha:
        return adjusted
    why = f"{decision.reason}; but among {family} cells one such is no rare chance (p {p:.2g})"
    return replace(adjusted, verdict=Verdict.INCONCLUSIVE, reason=why)
