# SPDX-License-Identifier: GPL-2.0-only
"""Bootstrap of a ratio with boots as clusters: whole boots are drawn, never single reps.

For tables and plots. The gate does not judge by it: with 5 to 20 boots a bootstrap interval
is too narrow (tests/quality/coverage.py shows by how much).
"""

import numpy as np
from scipy.stats import bootstrap

from bench.stats.compare import Shift
from bench.stats.samples import Floats, Samples

BATCH = 4_000_000  # values drawn at once: 32 MB


def bca_log_ratio(
    base: Samples,
    new: Samples,
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 9999,
) -> Shift:
    """Mean of log(new / base) over boots with its BCa interval (Efron 1987), by scipy.

    A boot counts by the median of its reps. Equally many boots are paired in their order;
    otherwise the boots of each side are drawn by themselves. One boot a side has no
    interval (infinite ends); boots that are all equal have one of no width. Takes
    resamples x boots steps: meant for up to some thousand boots. ValueError when a side
    is empty or a median is not above zero.
    """
    medians = [one.medians for one in (base, new)]
    if any(len(values) == 0 or values.min() <= 0 for values in medians):
        raise ValueError("a ratio takes values above zero on both sides")
    logs = [np.log(values) for values in medians]
    if len(logs[0]) == len(logs[1]):
        return _bca((logs[1] - logs[0],), rng, confidence, resamples)
    return _bca((logs[0], logs[1]), rng, confidence, resamples)


def _shift(*sides: Floats, axis: int = -1) -> Floats:
    """The mean of differences, or the difference of means; ``axis`` as scipy wants it."""
    means = [values.mean(axis=axis) for values in sides]
    return np.asarray(means[-1] - means[0] if len(means) > 1 else means[0])


def _bca(
    sides: tuple[Floats, ...], rng: np.random.Generator, confidence: float, resamples: int
) -> Shift:
    estimate = float(_shift(*sides))
    if min(len(values) for values in sides) < 2:
        return Shift(estimate, -np.inf, np.inf)
    if all(np.ptp(values) <= 8 * np.spacing(np.abs(values).max()) for values in sides):
        return Shift(estimate, estimate, estimate)
    drawn = bootstrap(
        sides,
        _shift,
        n_resamples=resamples,
        batch=max(BATCH // max(len(values) for values in sides), 1),
        confidence_level=confidence,
        method="BCa",
        rng=rng,
    ).confidence_interval
    return Shift(estimate, float(drawn.low), float(drawn.high))
