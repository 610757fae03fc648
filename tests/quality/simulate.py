# SPDX-License-Identifier: GPL-2.0-only
"""Machines whose noise is known: many trials of two sides, the new one slower by a known part.

All return (base, new), each of shape (trials, boots, reps), ms.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Sides = tuple[Values, Values]

SPIKES = 0.03  # of all runs
SKEWED = 0.8  # sigma of the lognormal part: a long tail upwards
AUTOREGRESSION = 0.8  # of one run to the next
LEVEL = 100.0


@dataclass(frozen=True)
class Machine:
    """``make(rng, trials, slower)`` gives the sides; ``interleaved``: they took turns."""

    name: str
    make: Callable[[np.random.Generator, int, float], Sides]
    interleaved: bool = True


def wandering(rng: np.random.Generator, trials: int, runs: int, sd: float) -> Values:
    """AR(1) of one standard deviation, as logarithms, one row a trial."""
    steps = rng.normal(0, 1, (trials, runs))
    steps[:, 1:] *= np.sqrt(1 - AUTOREGRESSION**2)
    for run in range(1, runs):
        steps[:, run] += AUTOREGRESSION * steps[:, run - 1]
    return np.asarray(sd * steps)


def skewed(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> Values:
    """Lognormal noise above 1, of this standard deviation."""
    own = np.sqrt((np.exp(SKEWED**2) - 1) * np.exp(SKEWED**2))
    return np.asarray(1 + sd / own * rng.lognormal(0, SKEWED, shape))


def spikes(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """A few runs that take 10 to 30 % longer."""
    return np.asarray((rng.random(shape) < SPIKES) * rng.uniform(0.1, 0.3, shape))


def take_turns(rng: np.random.Generator, in_order: Values) -> Sides:
    """Pairs of neighbours, each in random order: trials x 2n x reps to two of trials x n x reps."""
    first, second = in_order[:, ::2], in_order[:, 1::2]
    swapped = rng.random(first.shape[:2])[:, :, None] < 0.5
    return np.where(swapped, second, first), np.where(swapped, first, second)


def slower_by(sides: Sides, part: float) -> Sides:
    return LEVEL * sides[0], LEVEL * sides[1] * (1 + part)


def one_session(runs: int, *, interleaved: bool) -> Machine:
    """Skewed 3 % noise, 3 % spikes, drift of 3 %: facts/tools.md 2.2. Every run is a boot."""

    def make(rng: np.random.Generator, trials: int, slower: float) -> Sides:
        shape = (trials, 2 * runs)
        noise = skewed(rng, shape, 0.03) + spikes(rng, shape)
        values = (noise * np.exp(wandering(rng, *shape, 0.03)))[:, :, None]
        sides = take_turns(rng, values) if interleaved else (values[:, :runs], values[:, runs:])
        return slower_by(sides, slower)

    order = "in turns" if interleaved else "A..AB..B"
    return Machine(f"drift, {runs} runs {order}", make, interleaved)


def boots(count: int, reps: int) -> Machine:
    """Every boot shifts the level by 2 %, reps differ by 1 %: facts/tools.md 2.3."""

    def make(rng: np.random.Generator, trials: int, slower: float) -> Sides:
        def one() -> Values:
            levels = 1 + rng.normal(0, 0.02, (trials, count, 1))
            return np.asarray(levels * (1 + rng.normal(0, 0.01, (trials, count, reps))))

        return slower_by((one(), one()), slower)

    return Machine(f"boots, {count} x {reps}", make)


def drifting_boots(count: int, reps: int) -> Machine:
    """Both at once, half as large: boots of 1.5 %, drift of 2 %, skewed reps and spikes."""

    def make(rng: np.random.Generator, trials: int, slower: float) -> Sides:
        shape = (trials, 2 * count, reps)
        levels = rng.normal(0, 0.015, shape[:2]) + wandering(rng, *shape[:2], 0.02)
        noise = skewed(rng, shape, 0.01) + spikes(rng, shape)
        return slower_by(take_turns(rng, noise * np.exp(levels)[:, :, None]), slower)

    return Machine(f"boots and drift, {count} x {reps}", make)


TAKING_TURNS = one_session(20, interleaved=True)
BLOCKED = one_session(20, interleaved=False)
TEN_BOOTS, FIVE_BOOTS = boots(10, 2), boots(5, 4)
BOTH = drifting_boots(10, 2)
MACHINES = (TAKING_TURNS, TEN_BOOTS, FIVE_BOOTS, BOTH, BLOCKED)
