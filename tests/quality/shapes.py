# SPDX-License-Identifier: GPL-2.0-only
"""Sides, lines and boots whose truth is known: what intervals and trends are held against.

Values are near 1; noise is a share of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

Values = NDArray[np.float64]

GAP, TIGHT = 0.05, 0.001  # between two levels, and of each
SPIKED = 0.03  # of all values


@dataclass(frozen=True)
class Shape:
    """A distribution of one side, with its own median."""

    name: str
    draw: Callable[[np.random.Generator, int], Values]
    median: float


def normal(spread: float) -> Shape:
    return Shape(f"normal {spread:.1%}", lambda rng, n: rng.normal(1, spread, n), 1.0)


def lognormal(sigma: float) -> Shape:
    """A long tail upwards, 3 % above the least at its median."""

    def draw(rng: np.random.Generator, n: int) -> Values:
        return np.asarray(1 + 0.03 * rng.lognormal(0, sigma, n))

    return Shape(f"lognormal {sigma:g}", draw, 1.03)


def levels(low: float, gap: float = GAP) -> Shape:
    """Two levels, the lower one with a share of ``low``; each is of TIGHT."""

    def draw(rng: np.random.Generator, n: int) -> Values:
        return 1 + np.where(rng.random(n) < low, 0, gap) + rng.normal(0, TIGHT, n)

    def below(x: float) -> float:
        return float(low * norm.cdf(x / TIGHT) + (1 - low) * norm.cdf((x - gap) / TIGHT) - 0.5)

    name = f"levels {low:.0%}/{1 - low:.0%}" + f" by {gap:.0%}" * (gap != GAP)
    return Shape(name, draw, 1 + brentq(below, -1, 1 + gap))


def spiked(spread: float) -> Shape:
    """Normal, but for a few values that are 10 to 30 % greater."""

    def draw(rng: np.random.Generator, n: int) -> Values:
        longer = np.where(rng.random(n) < SPIKED, rng.uniform(0.1, 0.3, n), 0)
        return rng.normal(1, spread, n) + longer

    return Shape("spikes", draw, float(1 + spread * norm.ppf(0.5 / (1 - SPIKED))))


QUIET = normal(TIGHT)
PAIRS = (
    (normal(0.01), normal(0.01)),
    (normal(0.04), normal(0.01)),
    (lognormal(0.8), lognormal(0.8)),
    (lognormal(1.5), QUIET),
    (spiked(0.01), spiked(0.01)),
    (spiked(0.01), QUIET),
    (levels(0.7), QUIET),
    (levels(0.9), QUIET),
    (levels(0.55), QUIET),
    (levels(0.7), levels(0.3)),
    (levels(0.51), levels(0.49)),
    (levels(0.51, 2 * GAP), normal(0.01)),
)


def boots_of(
    rng: np.random.Generator, boots: int, reps: int, between: float, alike: float = 0.0
) -> Values:
    """Boots that differ by a share, reps by 1 %, neighbours in a boot correlated: a row a boot."""
    noise = rng.normal(0, 1, (boots, reps))
    for rep in range(1, reps):
        noise[:, rep] = alike * noise[:, rep - 1] + np.sqrt(1 - alike**2) * noise[:, rep]
    return np.asarray(1 + rng.normal(0, between, (boots, 1)) + 0.01 * noise)


@dataclass(frozen=True)
class Growth:
    """Costs by size: a line that bends by a share for each 64 times the size, and its noise."""

    bend: float = 0.0
    fixed: float = 0.0  # as a multiple of the cost of the smallest size
    of_size: float = 0.0  # noise that all reps of a size share
    of_rep: float = 0.0

    def cost(self, size: float | Values) -> Values:
        power = 1 + np.log1p(self.bend) / np.log(64)
        return np.asarray(self.fixed + np.asarray(size, dtype=float) ** power)

    def draw(self, rng: np.random.Generator, sizes: Values, reps: int) -> Values:
        """Return a row of reps a size."""
        shared = 1 + self.of_size * rng.normal(size=(len(sizes), 1))
        own = 1 + self.of_rep * rng.normal(size=(len(sizes), reps))
        return np.asarray(self.cost(sizes)[:, None] * shared * own)
