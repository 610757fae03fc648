# SPDX-License-Identifier: GPL-2.0-only
"""The rules of gates, all on the same trials: which of them call the new side slower."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, ttest_ind

from bench.stats.decide import decide_all
from bench.stats.decision import Decision, Evidence, Rule
from bench.stats.samples import Samples, samples_of
from tests.quality.simulate import Sides, Values

Flags = NDArray[np.bool_]


def decide(base: Samples, new: Samples, rule: Rule) -> Decision:
    """Decide on one cell that is gated alone."""
    return decide_all([Evidence(base, new, rule)])[0]


def pooled(values: Values) -> Values:
    """What tools that know no boots see: trials x (boots * reps)."""
    return values.reshape(len(values), -1)


def pyperf(base: Values, new: Values) -> Flags:
    """compare_to: Student's t test of all values, two-sided p < 0.05; here the slower half."""
    result = ttest_ind(pooled(new), pooled(base), axis=1)
    return np.asarray((result.pvalue < 0.05) & (result.statistic > 0))


def benchstat(base: Values, new: Values) -> Flags:
    """Mann-Whitney's test of all values, two-sided p < 0.05, and the greater median."""
    a, b = pooled(base), pooled(new)
    p = mannwhitneyu(b, a, axis=1, method="exact").pvalue
    return np.asarray((p < 0.05) & (np.median(b, axis=1) > np.median(a, axis=1)))


def threshold(base: Values, new: Values) -> Flags:
    """Medians that differ by more than 5 %."""
    ratio = np.median(pooled(new), axis=1) / np.median(pooled(base), axis=1)
    return np.asarray(ratio > 1.05)


OTHERS = {"pyperf compare_to": pyperf, "benchstat": benchstat, "5 % of the median": threshold}


@dataclass(frozen=True)
class Ours:
    """What the gate said of each trial."""

    decisions: tuple[Decision, ...]

    @property
    def verdicts(self) -> tuple[str, ...]:
        return tuple(decision.verdict.value for decision in self.decisions)

    def share(self, verdict: str) -> float:
        return self.verdicts.count(verdict) / len(self.verdicts)

    def evidence(self, limit: float) -> Values:
        """The p of each trial that is slower by more than ``limit``, 2 of each other one.

        The gate with this limit and a confidence of 1 - alpha flags what is not above alpha:
        one run of the trials gives its false alarms and power at every setting.
        """
        return np.array(
            [
                one.p if one.p is not None and one.ratio > 1 + limit else 2.0
                for one in self.decisions
            ]
        )


def ours(sides: Sides, rule: Rule, floors: Values | None = None) -> Ours:
    """The gate of this project on every trial; ``floors`` one a trial, when they were measured."""
    base, new = sides
    ids = np.repeat(np.arange(base.shape[1]), base.shape[2])
    decisions = [
        decide(
            samples_of(ids, base[trial].ravel()),
            samples_of(ids, new[trial].ravel()),
            rule if floors is None else Rule(interleaved=False, floor=float(floors[trial])),
        )
        for trial in range(len(base))
    ]
    return Ours(tuple(decisions))
