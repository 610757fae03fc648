# SPDX-License-Identifier: GPL-2.0-only
"""Hold a difference of two sides with its error, and let cells of one gate share their spread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, fdtri, polygamma

from bench.stats.noise import detectable, student_p, student_quantile
from bench.stats.samples import Floats

# Of fewer cells the spread of spreads is not known well enough to share anything.
LEAST_CELLS = 6
# A spread above this part of what the others let expect is a cell's own.
_COMMON = 0.95
_NEARLY_EQUAL = 1e-6  # a trigamma of spreads that do not differ at all
_MANY = 1e6  # degrees of freedom


@dataclass(frozen=True)
class Contrast:
    """new - base of logarithms, and how well it is known.

    ``variance`` is that of one observation, with so many degrees of ``freedom``; the square of
    the standard error is ``variance * scale``. Where nothing at all varies it is zero. Sides of
    different sessions differ by those too: ``between`` is that standard error, and the greater
    of the two decides.
    """

    estimate: float
    variance: float
    freedom: float
    scale: float
    between: float = 0.0
    between_freedom: float = float("inf")

    @property
    def error(self) -> float:
        return float(np.sqrt(self.variance * self.scale))

    def half(self, confidence: float) -> float:
        """Return half the width of the two-sided interval of Student's t."""
        return max(
            student_quantile((1 + confidence) / 2, freedom) * error
            for error, freedom in self._errors
        )

    @property
    def p(self) -> float:
        """Return the two-sided p that nothing changed; 0 or 1 where nothing varies."""
        return max(_p(self.estimate, error, freedom) for error, freedom in self._errors)

    def detectable(self, alpha: float, limit: float) -> float:
        """Compute the slowdown that a test at ``alpha`` would find 19 times of 20."""
        return max(
            detectable(error, freedom, student_quantile(1 - alpha / 2, freedom), limit)
            for error, freedom in self._errors
        )

    @property
    def _errors(self) -> tuple[tuple[float, float], ...]:
        own = (self.error, self.freedom)
        return (own, (self.between, self.between_freedom)) if self.between else (own,)


def _p(estimate: float, error: float, freedom: float) -> float:
    if not error:
        return 0.0 if estimate else 1.0
    return student_p(estimate / error, freedom)


def moderated(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Return the contrasts of the cells of one gate with the spread that they have in common.

    Smyth's moderated t (2004): true variances of cells are taken for draws from a scaled inverse
    chi-squared distribution, fitted to their logarithms by moments. Each estimate is drawn
    towards it and gains its degrees of freedom, never more than the others have together. A cell
    of much greater variance than the others keeps its own, which would be drawn down. Fewer
    than `LEAST_CELLS` share nothing, nor do cells in which nothing varies.
    """
    varying = [each for each in contrasts if each.variance > 0 and np.isfinite(each.freedom)]
    if len(varying) < LEAST_CELLS:
        return [*contrasts]
    variances = np.array([each.variance for each in varying])
    freedoms = np.array([each.freedom for each in varying])
    prior, strength = _prior(variances, freedoms)
    return [_drawn(each, prior, strength, float(freedoms.sum())) for each in contrasts]


def _drawn(own: Contrast, prior: float, strength: float, together: float) -> Contrast:
    strength = min(strength, together - own.freedom)
    if own.variance == 0 or own.variance > prior * fdtri(own.freedom, strength, _COMMON):
        return own
    freedom = own.freedom + strength
    variance = (own.freedom * own.variance + strength * prior) / freedom
    return replace(own, variance=float(variance), freedom=float(freedom))


def _prior(variances: Floats, freedoms: Floats) -> tuple[float, float]:
    """Fit the common variance and its degrees of freedom (Smyth 2004, section 6.2)."""
    half = freedoms / 2
    logs = np.log(variances) - digamma(half) + np.log(half)
    rest = min(float(logs.var(ddof=1) - polygamma(1, half).mean()), _MANY / 2)
    if rest <= _NEARLY_EQUAL:
        return float(np.exp(logs.mean())), _MANY
    strength = 2 * float(brentq(lambda x: polygamma(1, x) - rest, 1e-3, _MANY * 2))
    middle = logs.mean() + digamma(strength / 2) - np.log(strength / 2)
    return float(np.exp(middle)), strength
