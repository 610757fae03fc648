# SPDX-License-Identifier: GPL-2.0-only
"""From two sides to a verdict a cell, and to the exit code that a job or a bisect wants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from bench.model.cell import Clock
from bench.model.units import format_quantity
from bench.sides import Explanation
from bench.stats.decide import decide_all
from bench.stats.decision import Decision, Rule, Verdict
from bench.stats.decision import Evidence as Compared
from bench.stats.samples import Samples
from bench.stats.summary import summarize

EXIT_GOOD, EXIT_REGRESSION, EXIT_CANNOT_JUDGE = 0, 1, 125


@dataclass(frozen=True)
class CellPair:
    """A cell as both sides have it; a side that has no value says why instead."""

    name: str
    base: Samples | None
    new: Samples | None
    why_no_base: str = ""
    why_no_new: str = ""


@dataclass(frozen=True)
class Limits:
    """What a cell has to keep to. ``budget`` is of the pause itself, in ticks; None: no matter."""

    rule: Rule
    budget: float | None = None
    strict: bool = False  # what could not be decided is not good enough


@dataclass(frozen=True)
class Judged:
    """One cell: a decision, or the reason why there is none."""

    name: str
    decision: Decision | None = None
    missing: str = ""
    over_budget: str = ""
    confirmed: str = ""  # what a second measurement said of a regression
    explanation: Explanation | None = None  # by which functions it changed, from profiles

    @property
    def blind(self) -> bool:
        """Tell whether nothing was compared, or too little to find even a large slowdown."""
        return self.decision is None or not isfinite(self.decision.mde)

    @property
    def regressed(self) -> bool:
        found = self.decision is not None and self.decision.verdict is Verdict.REGRESSION
        return found or bool(self.over_budget)

    @property
    def improved(self) -> bool:
        return self.verdict == Verdict.IMPROVEMENT.value

    @property
    def verdict(self) -> str:
        """Name the verdict in a word: that of statistics, ``over-budget`` or ``missing``."""
        if self.decision and self.decision.verdict is Verdict.REGRESSION:
            return self.decision.verdict.value
        if self.over_budget:
            return "over-budget"
        return self.decision.verdict.value if self.decision else "missing"

    @property
    def reason(self) -> str:
        parts = (self.decision.reason if self.decision else self.missing, self.over_budget)
        explained = self.explanation.text if self.explanation else ""
        return "; ".join(part for part in (*parts, self.confirmed, explained) if part)


@dataclass(frozen=True)
class Judgement:
    """All cells of a gate, and what they had to keep to."""

    cells: tuple[Judged, ...]
    limits: Limits
    no_result: str = ""  # why no figure of a side is a result
    unexplained: str = ""  # why no function is named where a profile was to be had

    def having(self, verdict: str) -> tuple[Judged, ...]:
        return tuple(cell for cell in self.cells if cell.verdict == verdict)

    @property
    def regressed(self) -> tuple[Judged, ...]:
        return tuple(cell for cell in self.cells if cell.regressed)

    @property
    def code(self) -> int:
        """Give the exit code: 1 for any proven regression, else 125 if a cell was not judged.

        What was judged and is inconclusive is good enough, unless ``strict``. What could not
        be judged, for want of reps or boots, is not: it would hide any regression.
        """
        if self.regressed:
            return EXIT_REGRESSION
        unjudged = not self.cells or any(cell.blind for cell in self.cells)
        undecided = self.limits.strict and self.having(Verdict.INCONCLUSIVE.value)
        return EXIT_CANNOT_JUDGE if unjudged or undecided else EXIT_GOOD


def judge(pairs: Sequence[CellPair], limits: Limits) -> Judgement:
    """Judge every cell by one rule, corrected for the number of cells (see bench.stats.decide)."""
    both = [(pair.base, pair.new) for pair in pairs if pair.base and pair.new]
    decisions = iter(decide_all([Compared(base, new, limits.rule) for base, new in both]))
    judged = []
    for pair in pairs:
        if pair.base and pair.new:
            cell = Judged(pair.name, decision=next(decisions))
        else:
            cell = Judged(pair.name, missing=_missing(pair))
        judged.append(replace(cell, over_budget=_over_budget(pair.new, limits)))
    return Judgement(tuple(judged), limits)


def _missing(pair: CellPair) -> str:
    gaps = (("BASE", pair.base, pair.why_no_base), ("NEW", pair.new, pair.why_no_new))
    return "; ".join(
        f"{name} has no value ({why})" if why else f"{name} has no value"
        for name, side, why in gaps
        if side is None
    )


def _over_budget(new: Samples | None, limits: Limits) -> str:
    """Say by how much a pause is over its budget, empty if it is not.

    A time counts by the low end of its median's interval, so that noise breaks no budget.
    """
    if new is None or limits.budget is None or not len(new.values):
        return ""
    values = summarize(new.values.astype(int).tolist())
    least = values.interval[0] if values.interval else values.low
    pause = least if limits.rule.clock is Clock.WALL else values.median
    if pause <= limits.budget:
        return ""
    unit = limits.rule.clock.unit
    has = f"{format_quantity(pause, unit)} of {format_quantity(limits.budget, unit)}"
    return f"over its budget: {has}"
