# SPDX-License-Identifier: GPL-2.0-only
"""The rules of gates, all on the same trials: which of them call the new side slower."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, ttest_ind

from bench.stats.decide import decide_all
from bench.stats.decision import Decision, Evidence, Rule
from bench.stats.noise import Noise
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of counts that are all but equal
        result = ttest_ind(pooled(new), pooled(base), axis=1)
    return np.asarray((result.pvalue < 0.05) & (result.statistic > 0))


def benchstat(base: Values, new: Values) -> Flags:
    """Mann-Whitney's test of all values, two-sided p < 0.05, and the greater median."""
    a, b = pooled(base), pooled(new)
    exact = max(a.shape[1], b.shape[1]) <= 30
    p = mannwhitneyu(b, a, axis=1, method="exact" if exact else "asymptotic").pvalue
    return np.asarray((p < 0.05) & (np.median(b, axis=1) > np.median(a, axis=1)))


def threshold(base: Values, new: Values) -> Flags:
    """Medians that differ by more than 5 %."""
    ratio = np.median(pooled(new), axis=1) / np.median(pooled(base), axis=1)
    return np.asarray(ratio > 1.05)


def criterion(base: Values, new: Values, resamples: int = 400) -> Flags:
    """criterion.rs: a bootstrapped t test of means, p < 0.05, and more than its 1 % of noise.

    The statistic is Welch's t; its distribution is that of two samples from both sides together.
    """
    a, b = pooled(base), pooled(new)
    together = np.concatenate([a, b], axis=1)
    rng, trials = np.random.default_rng(11), len(a)
    beyond = np.zeros(trials)
    observed = _welch(a, b)
    for _ in range(resamples):
        drawn = together[
            np.arange(trials)[:, None], rng.integers(0, together.shape[1], together.shape)
        ]
        beyond += np.abs(_welch(drawn[:, : a.shape[1]], drawn[:, a.shape[1] :])) >= np.abs(observed)
    change = b.mean(axis=1) / a.mean(axis=1) - 1
    return np.asarray((beyond / resamples < 0.05) & (change > 0.01))


def _welch(a: Values, b: Values) -> Values:
    error = np.sqrt(a.var(axis=1, ddof=1) / a.shape[1] + b.var(axis=1, ddof=1) / b.shape[1])
    apart = b.mean(axis=1) - a.mean(axis=1)
    return np.asarray(np.divide(apart, error, out=np.zeros_like(apart), where=error > 0))


OTHERS = {
    "pyperf compare_to": pyperf,
    "benchstat": benchstat,
    "criterion": criterion,
    "5 % of the median": threshold,
}


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


def ours(
    sides: Sides,
    rule: Rule,
    noises: Sequence[Noise] | None = None,
    sessions: NDArray[np.int64] | None = None,
) -> Ours:
    """The gate of this project on every trial; ``noises`` one a trial, when they were measured.

    ``sessions`` has the session of each boot of base, where they are not all of one.
    """
    base = sides[0]
    ids = [np.repeat(np.arange(side.shape[1]), side.shape[2]) for side in sides]
    decisions = []
    for trial in range(len(base)):
        first, second = (
            samples_of(boots, side[trial].ravel()) for boots, side in zip(ids, sides, strict=True)
        )
        if sessions is not None:
            first = replace(first, sessions=np.repeat(sessions, base.shape[2]))
        own = rule if noises is None else replace(rule, interleaved=False, noise=noises[trial])
        decisions.append(decide(first, second, own))
    return Ours(tuple(decisions))
