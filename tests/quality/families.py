# SPDX-License-Identifier: GPL-2.0-only
"""How good the gate is on many cells of few boots, with what was tried instead beside it.

    python -m tests.quality.families --trials 500

Boots shift the level by 2 %, reps differ by 1 %; of the cells the first is 5 % slower, or none
is. Alarms are gates with any false regression, per cent; found is the first cell.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.stats import false_discovery_control

from bench.stats.contrast import Contrast
from bench.stats.decide import decide_all
from bench.stats.decision import Evidence, Rule, Verdict
from bench.stats.samples import Samples, samples_of
from bench.stats.wall import contrast_of
from tests.quality.simulate import Values

SHAPES = ((12, 5, 2), (50, 5, 2), (50, 10, 2))  # cells, boots, reps
SPREADS: Mapping[str, Callable[[np.random.Generator, int], Values]] = {
    "cells alike": lambda _, cells: np.full(cells, 0.02),
    "one cell of 10 %": lambda _, cells: np.append(np.full(cells - 1, 0.02), 0.1),
    "half of them 10 %": lambda _, cells: np.where(np.arange(cells) % 2, 0.1, 0.02),
    "1 to 4 % (lognormal)": lambda rng, cells: 0.02 * np.exp(rng.normal(0, 0.5, cells)),
}
EFFECT = 0.05


def make_gate(
    rng: np.random.Generator, shape: tuple[int, int, int], spreads: Values, slower: float
) -> list[Evidence]:
    """Draw the cells of one gate; the first of them is slower by a part."""
    cells, boots, reps = shape
    ids = np.repeat(np.arange(boots), reps)

    def side(spread: float, factor: float) -> Samples:
        levels = 1 + rng.normal(0, spread, (boots, 1))
        return samples_of(ids, factor * (levels * (1 + rng.normal(0, 0.01, (boots, reps)))).ravel())

    factors = [1 + slower, *[1.0] * (cells - 1)]
    return [
        Evidence(side(float(spread), 1.0), side(float(spread), factor), Rule())
        for spread, factor in zip(spreads, factors, strict=True)
    ]


def ours(gate: Sequence[Evidence]) -> list[bool]:
    return [each.verdict is Verdict.REGRESSION for each in decide_all(gate)]


def _contrasts(gate: Sequence[Evidence]) -> list[Contrast]:
    return [contrast_of(np.log(cell.base.medians), np.log(cell.new.medians)) for cell in gate]


def holm_of_t(gate: Sequence[Evidence]) -> list[bool]:
    """Student's t a cell, with Holm's correction: what no cell tells the others."""
    made, cells = _contrasts(gate), len(gate)
    order = np.argsort([each.p for each in made])
    kept, found = True, [False] * cells
    for rank, place in enumerate(order):
        kept = kept and made[place].p * (cells - rank) <= 0.02
        found[place] = kept and made[place].estimate > np.log(1.02)
    return found


def discoveries_of_t(gate: Sequence[Evidence]) -> list[bool]:
    """Student's t a cell, with the correction of Benjamini and Hochberg."""
    made = _contrasts(gate)
    adjusted = false_discovery_control([each.p for each in made])
    return [p <= 0.02 and e.estimate > np.log(1.02) for p, e in zip(adjusted, made, strict=True)]


RULES = {"this gate": ours, "t and Holm": holm_of_t, "t and BH": discoveries_of_t}


def rates(
    shape: tuple[int, int, int], spread: str, trials: int, seed: int = 1
) -> Mapping[str, tuple[float, float]]:
    """Return for each rule the share of gates with an alarm, and of those that find the cell."""
    rng = np.random.default_rng([seed, *shape])
    counts = {name: [0, 0] for name in RULES}
    for _ in range(trials):
        spreads = SPREADS[spread](rng, shape[0])
        same, slower = (make_gate(rng, shape, spreads, effect) for effect in (0.0, EFFECT))
        for name, rule in RULES.items():
            counts[name][0] += any(rule(same))
            counts[name][1] += rule(slower)[0]
    return {name: (alarms / trials, hits / trials) for name, (alarms, hits) in counts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=500)
    trials = parser.parse_args().trials
    print(f"{'cells x boots x reps':22}" + "".join(f"{name:>24}" for name in RULES))
    for spread in SPREADS:
        print(spread)
        for shape in SHAPES:
            found = rates(shape, spread, trials)
            said = (f"{100 * a:.1f} alarms {100 * h:.1f} found" for a, h in found.values())
            name = " x ".join(map(str, shape))
            print(f"  {name:20}" + "".join(f"{each:>24}" for each in said), flush=True)


if __name__ == "__main__":
    main()
