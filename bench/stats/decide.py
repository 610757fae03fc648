# SPDX-License-Identifier: GPL-2.0-only
"""Verdicts on all gated cells together: the more cells, the stronger each has to show it.

Of the cells that are called changed at most a part ``alpha`` is expected not to be (Benjamini and
Hochberg 1995); where nothing changed at all, a gate calls any cell changed with that chance.
With few boots of many cells hardly any change would be rare enough: six cells or more share what
they show of the spread between boots (bench.stats.contrast). Which test stands for a cell is
decided by how many boots and cells there are, never by what it says. tests/quality has the
figures of what was tried instead.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import comb

from scipy.stats import false_discovery_control

from bench.model.cell import Clock
from bench.stats.contrast import Contrast, moderated
from bench.stats.counts import decide_counts
from bench.stats.decision import (
    Compared,
    Decision,
    Evidence,
    Rule,
    Verdict,
    judged_by,
    mde_of,
    p_of,
)
from bench.stats.ranks import EXACT
from bench.stats.wall import decide_wall


def decide_all(cells: Sequence[Evidence]) -> tuple[Decision, ...]:
    """Make one decision a cell, in their order; cells of one clock are a family."""
    alone = [
        decide_wall(cell) if cell.rule.clock is Clock.WALL else decide_counts(cell)
        for cell in cells
    ]
    decided = [each.decision for each in alone]
    for clock in Clock:
        family = [
            place
            for place, each in enumerate(alone)
            if each.contrasts and cells[place].rule.clock is clock
        ]
        if len(family) > 1:
            found = _together([alone[p] for p in family], [cells[p].rule for p in family])
            decided = [*decided]
            for place, decision in zip(family, found, strict=True):
                decided[place] = decision
    return tuple(decided)


def _together(family: Sequence[Compared], rules: Sequence[Rule]) -> list[Decision]:
    """Decide on the cells of a family, two at least."""
    size = len(family)
    shared = _shared(family)
    by_ranks = [
        each.ranks and _least_p(each.decision) * size <= rule.alpha
        for each, rule in zip(family, rules, strict=True)
    ]
    decisions = [
        replace(each.decision, mde=mde_of(contrasts, rule, size))
        if ranks
        else replace(judged_by(each.decision, contrasts, rule), mde=mde_of(contrasts, rule, size))
        for each, contrasts, rule, ranks in zip(family, shared, rules, by_ranks, strict=True)
    ]
    p_values = [
        (each.p if ranks else p_of(contrasts)) or 0.0
        for each, contrasts, ranks in zip(decisions, shared, by_ranks, strict=True)
    ]
    adjusted = false_discovery_control(p_values)
    return [
        _among(decision, rule, float(p), size)
        for decision, rule, p in zip(decisions, rules, adjusted, strict=True)
    ]


def _shared(family: Sequence[Compared]) -> list[tuple[Contrast, ...]]:
    """Let each kind of contrast share its spread among the cells that have it."""
    found: list[list[Contrast]] = [[] for _ in family]
    for kind in range(max(len(each.contrasts) for each in family)):
        having = [place for place, each in enumerate(family) if len(each.contrasts) > kind]
        common = moderated([family[place].contrasts[kind] for place in having])
        for place, contrast in zip(having, common, strict=True):
            found[place].append(contrast)
    return [tuple(each) for each in found]


def _least_p(decision: Decision) -> float:
    """Return the least p that ranks of so many boots can have."""
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
