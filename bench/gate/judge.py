# SPDX-License-Identifier: GPL-2.0-only
"""From two sides to a verdict a cell, and to the exit code that a job or a bisect wants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from statistics import median

from bench.model.cell import Clock
from bench.model.units import format_quantity
from bench.sides import Explanation
from bench.stats.decide import decide_all
from bench.stats.decision import Decision, Evidence, Rule, Verdict
from bench.stats.noise import Noise
from bench.stats.samples import Samples
from bench.stats.summary import median_interval

EXIT_GOOD, EXIT_REGRESSION, EXIT_CANNOT_JUDGE = 0, 1, 125


@dataclass(frozen=True)
class CellPair:
    """A cell as both sides have it; a side that has no value says why instead."""

    name: str
    base: Samples | None
    new: Samples | None
    why_no_base: str = ""
    why_no_new: str = ""
    noise: Noise | None = None  # between sessions of this cell
    alike: tuple[tuple[int, int], ...] | None = None  # boots that were prepared alike
    unlike: str = ""  # why single boots of it cannot be compared


@dataclass(frozen=True)
class Limits:
    """What a cell has to keep to. ``budget`` is of the pause itself, in ticks; None: no matter."""

    rule: Rule
    budget: float | None = None
    strict: bool = False  # what could not be decided is not good enough
    must_see: float | None = None  # a slowdown that every cell has to be able to show: 0.02 is 2 %


@dataclass(frozen=True)
class Judged:
    """One cell: a decision, or the reason why there is none."""

    name: str
    decision: Decision | None = None
    missing: str = ""
    over_budget: str = ""
    unseen: str = ""  # why a slowdown that has to be seen would have been missed
    confirmed: str = ""  # what a second measurement said of a regression
    explanation: Explanation | None = None  # by which functions it changed, from profiles

    @property
    def blind(self) -> bool:
        """Tell whether nothing was compared, or too little to see what has to be seen."""
        return self.decision is None or self.decision.p is None or bool(self.unseen)

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
        decided = self.decision.reason if self.decision else self.missing
        strays = f"stray reps, which decide nothing ({self.strays})" if self.strays else ""
        explained = self.explanation.text if self.explanation else ""
        parts = (decided, self.over_budget, self.unseen, strays, self.confirmed, explained)
        return "; ".join(filter(None, parts))

    @property
    def strays(self) -> str:
        return self.decision.strays if self.decision else ""


@dataclass(frozen=True)
class Judgement:
    """All cells of a gate, and what they had to keep to."""

    cells: tuple[Judged, ...]
    limits: Limits
    no_result: str = ""  # why no figure of a side is a result
    same: str = ""  # that both sides are one measurement, so that nothing can differ
    unexplained: str = ""  # why no function is named where a profile was to be had

    @property
    def assumed(self) -> tuple[str, ...]:
        """List what verdicts take for granted, each once."""
        found = (cell.decision.assumed for cell in self.cells if cell.decision)
        return tuple(dict.fromkeys(filter(None, found)))

    def having(self, verdict: str) -> tuple[Judged, ...]:
        return tuple(cell for cell in self.cells if cell.verdict == verdict)

    @property
    def regressed(self) -> tuple[Judged, ...]:
        return tuple(cell for cell in self.cells if cell.regressed)

    @property
    def code(self) -> int:
        """Give the exit code: 1 for any proven regression, else 125 if a cell was not judged.

        What was judged and is inconclusive is good enough, unless ``strict``. What could not
        be judged, for want of reps or boots, is not: it would hide any regression; nor is, with
        ``must_see``, what would have hidden one of that size.
        """
        if self.regressed:
            return EXIT_REGRESSION
        unjudged = not self.cells or any(cell.blind for cell in self.cells)
        undecided = self.limits.strict and (self.having(Verdict.INCONCLUSIVE.value) or self.same)
        return EXIT_CANNOT_JUDGE if unjudged or undecided else EXIT_GOOD


def judge(pairs: Sequence[CellPair], limits: Limits) -> Judgement:
    """Judge every cell by one rule, corrected for the number of cells (see bench.stats.decide)."""
    evidence = [_evidence(pair, limits.rule) for pair in pairs]
    decisions = iter(decide_all([each for each in evidence if each]))
    judged = []
    for pair, each in zip(pairs, evidence, strict=True):
        if each:
            cell = _seen(Judged(pair.name, decision=next(decisions)), limits)
        else:
            cell = Judged(pair.name, missing=_missing(pair))
        judged.append(replace(cell, over_budget=_over_budget(pair.new, limits)))
    return Judgement(tuple(judged), limits)


def _evidence(pair: CellPair, rule: Rule) -> Evidence | None:
    if pair.base is None or pair.new is None:
        return None
    own = replace(rule, noise=pair.noise)
    return Evidence(pair.base, pair.new, own, pair.alike, pair.unlike)


def _seen(cell: Judged, limits: Limits) -> Judged:
    """Say of a cell that is no regression whether one of `must_see` would have been found."""
    decision, wanted = cell.decision, limits.must_see
    if decision is None or wanted is None or decision.p is None or cell.regressed:
        return cell
    if decision.mde <= wanted:
        return cell
    found = f"+{decision.mde * 100:.2g} %" if isfinite(decision.mde) else "none of any size"
    return replace(cell, unseen=f"+{wanted * 100:.2g} % has to be seen, and {found} would be")


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
    interval = median_interval(new.values)
    least = interval[0] if interval else float(new.values.min())
    pause = least if limits.rule.clock is Clock.WALL else float(median(new.values.tolist()))
    if pause <= limits.budget:
        return ""
    unit = limits.rule.clock.unit
    has = f"{format_quantity(pause, unit)} of {format_quantity(limits.budget, unit)}"
    return f"over its budget: {has}"
