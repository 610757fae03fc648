# SPDX-License-Identifier: GPL-2.0-only
"""How good the gate is on sides of different sessions, and of unequal sizes.

    python -m tests.quality.sessions --trials 1000

Sessions of one kernel shift the level by 2 %, their ten boots by 1 % more. The gate knows the
noise of so many sessions, measured as the sides were; or it takes what boots of one session
show for noise, which is what was done before; or sides share their session and take turns.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from bench.stats.decision import Rule
from bench.stats.noise import Noise, noise_of_levels
from tests.quality.rules import OTHERS, ours
from tests.quality.simulate import Sides, Values

BOOTS = 10
SESSION, BOOT = 0.02, 0.01
EFFECTS = (0.0, 0.05, 0.20)
UNEQUAL = ((5, 20, 0.05, 0.01), (5, 60, 0.05, 0.005), (60, 5, 0.005, 0.05), (20, 5, 0.01, 0.05))


def levels_of(rng: np.random.Generator, trials: int, count: int, wander: float) -> Values:
    """Draw logarithms of the levels of sessions in a row; ``wander`` is their autocorrelation."""
    steps = rng.normal(0, SESSION, (trials, count))
    for place in range(1, count):
        steps[:, place] *= (1 - wander**2) ** 0.5
        steps[:, place] += wander * steps[:, place - 1]
    return steps


def boots_of(rng: np.random.Generator, levels: Values) -> Values:
    """Draw the boots of a session each, as (trials, boots, 1)."""
    own = rng.normal(0, BOOT, (len(levels), BOOTS))
    return np.asarray(1e8 * np.exp(levels[:, None] + own)[:, :, None])


def trials_of(
    rng: np.random.Generator, trials: int, known: int, slower: float, wander: float = 0.0
) -> tuple[Sides, list[Noise]]:
    """Return sides of two sessions, and the noise of so many sessions that ran before them."""
    levels = levels_of(rng, trials, known + 2, wander)
    before = np.stack([boots_of(rng, levels[:, place]) for place in range(known)], axis=1)
    noises = [noise_of_levels(each) for each in np.median(before, axis=(2, 3))]
    base, new = (boots_of(rng, levels[:, known + place]) for place in range(2))
    return (base, new * (1 + slower)), noises


def shares(known: int, trials: int, wander: float = 0.0) -> list[float]:
    """Return the share of regressions for each effect, with the noise of so many sessions."""
    found = []
    for effect in EFFECTS:
        rng = np.random.default_rng([known, round(100 * effect), round(100 * wander)])
        sides, noises = trials_of(rng, trials, known, effect, wander)
        found.append(ours(sides, Rule(), noises).share("regression"))
    return found


def within(trials: int) -> list[float]:
    """Return the same if boots of one session are taken for sessions: what was done before."""
    found = []
    for effect in EFFECTS:
        rng = np.random.default_rng([9, round(100 * effect)])
        sides, _ = trials_of(rng, trials, 2, effect)
        boots = [noise_of_levels(each) for each in np.median(sides[0], axis=2)]
        found.append(ours(sides, Rule(), boots).share("regression"))
    return found


def unequal(rng: np.random.Generator, shape: tuple[int, int, float, float], trials: int) -> Sides:
    """Draw sides of unequal sizes and spreads, of which nothing changed."""
    n, m, first, second = shape
    base, new = rng.normal(0, first, (trials, n, 1)), rng.normal(0, second, (trials, m, 1))
    return 1e8 * np.exp(base), 1e8 * np.exp(new)


def lines(trials: int) -> Iterator[str]:
    heads = "".join(f"{f'{effect:+.0%}':>9}" for effect in EFFECTS)
    yield f"{'sides of two sessions: called slower, %':44}{heads}"
    rows = {f"noise of {known} sessions": shares(known, trials) for known in (3, 6, 10, 20)}
    rows["noise of 20, AR(1) of 0.99"] = shares(20, trials, 0.99)
    rows["boots of one session for noise (before)"] = within(trials)
    for name, found in rows.items():
        yield f"  {name:42}" + "".join(f"{100 * each:9.2f}" for each in found)
    yield f"{'nothing changed, unequal sides':44}{'gate':>9}" + "".join(f"{n:>20}" for n in OTHERS)
    for shape in UNEQUAL:
        sides = unequal(np.random.default_rng(shape[0]), shape, trials)
        name = f"{shape[0]} boots of {shape[2]:.1%}, {shape[1]} of {shape[3]:.1%}"
        others = "".join(f"{100 * rule(*sides).mean():20.2f}" for rule in OTHERS.values())
        yield f"  {name:42}{100 * ours(sides, Rule()).share('regression'):9.2f}{others}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    for line in lines(parser.parse_args().trials):
        print(line, flush=True)


if __name__ == "__main__":
    main()
