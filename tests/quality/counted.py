# SPDX-License-Identifier: GPL-2.0-only
"""How good the gate is on instruction counts: boots whose reps stray, and other rules beside it.

    python -m tests.quality.counted --trials 1000

Each machine is what counts were seen to do, or worse. Alarms are in % of trials in which nothing
changed, at thresholds of 0.1 and 0.5 %; found is how many of +2 % are, at 0.5 %.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.model.cell import Clock
from bench.stats.decision import Rule
from tests.quality.rules import OTHERS, ours
from tests.quality.simulate import Sides, Values

SHAPES = ((3, 3), (3, 5), (3, 10), (3, 20), (3, 50), (3, 100), (6, 5))
FINE, COARSE = (Rule(Clock.ICOUNT, threshold=limit) for limit in (0.001, 0.005))
LEVEL = 1e7
STRAY = 0.02  # of all reps, by 1 to 150 %

Draw = Callable[[np.random.Generator, tuple[int, int, int]], Values]


@dataclass(frozen=True)
class CountedMachine:
    """``logs`` draws the logarithm of each rep, of shape (trials, boots, reps)."""

    name: str
    logs: Draw

    def make(
        self, rng: np.random.Generator, shape: tuple[int, int, int], slower: float = 0.0
    ) -> Sides:
        """Return base and new; two of a hundred reps stray."""
        base, new = (self._side(rng, shape) for _ in range(2))
        return base, new * (1 + slower)

    def _side(self, rng: np.random.Generator, shape: tuple[int, int, int]) -> Values:
        stray = np.where(rng.random(shape) < STRAY, rng.uniform(0.01, 1.5, shape), 0.0)
        return np.asarray(np.rint(LEVEL * np.exp(self.logs(rng, shape)) * (1 + stray)))


def _levels(rng: np.random.Generator, shape: tuple[int, int, int], sd: float) -> Values:
    return rng.normal(0, sd, (*shape[:2], 1))


MACHINES = (
    CountedMachine("equal but for strays", lambda rng, shape: np.zeros(shape)),
    CountedMachine(
        "boots of 0.04 %, ticks of 0.1 % in a third of reps",
        lambda rng, shape: _levels(rng, shape, 4e-4) + 1e-3 * (rng.random(shape) < 0.3),
    ),
    CountedMachine(
        "boots and reps of 0.05 %, heavy tails",
        lambda rng, shape: (
            3e-4 * rng.standard_t(3, (*shape[:2], 1)) + 3e-4 * rng.standard_t(2, shape)
        ),
    ),
    CountedMachine(
        "boots and reps of 0.2 %",
        lambda rng, shape: _levels(rng, shape, 2e-3) + rng.normal(0, 2e-3, shape),
    ),
    CountedMachine(
        "reps on two levels, 1.2 % apart",
        lambda rng, shape: _levels(rng, shape, 3e-5) + 0.012 * (rng.random(shape) < 0.5),
    ),
)


def alarms(machine: CountedMachine, boots: int, reps: int, trials: int, rule: Rule) -> float:
    """Return the share of trials without a change that the gate calls a regression."""
    rng = np.random.default_rng([boots, reps, round(1e4 * rule.threshold)])
    return ours(machine.make(rng, (trials, boots, reps)), rule).share("regression")


def found(machine: CountedMachine, boots: int, reps: int, trials: int) -> float:
    """Return the share of trials in which +2 % is found at a threshold of 0.5 %."""
    rng = np.random.default_rng([boots, reps])
    return ours(machine.make(rng, (trials, boots, reps), 0.02), COARSE).share("regression")


def others(machine: CountedMachine, boots: int, reps: int, trials: int) -> Mapping[str, str]:
    """Return what other rules do of the same kind of trials: alarms and found, per cent."""
    rng = np.random.default_rng([boots, reps])
    shape = (trials, boots, reps)
    same, slower = machine.make(rng, shape), machine.make(rng, shape, 0.02)
    return {
        name: f"{100 * rule(*same).mean():.1f}/{100 * rule(*slower).mean():.0f}"
        for name, rule in OTHERS.items()
    }


def forecasts(machine: CountedMachine, boots: int, reps: int, trials: int) -> float:
    """Return how often what one measurement says it would find is found by another one."""
    rng = np.random.default_rng([boots, reps, 7])
    shape = (trials, boots, reps)
    foretold = ours(machine.make(rng, shape), COARSE).decisions
    base, new = machine.make(rng, shape)
    scale = np.array([1 + 1e-5 + min(each.mde, 10.0) for each in foretold])[:, None, None]
    return ours((base, new * scale), COARSE).share("regression")


def table(trials: int) -> Iterator[str]:
    """Write a line a machine and shape; per cent."""
    heads = "".join(f"{name:>19}" for name in OTHERS)
    yield f"{'boots x reps':>14}{'alarms 0.1 %':>14}{'0.5 %':>7}{'+2 %':>7}{'mde':>7}{heads}"
    for machine in MACHINES:
        yield machine.name
        for boots, reps in SHAPES:
            few = trials if reps < 20 else trials // 4
            ours_ = [alarms(machine, boots, reps, few, rule) for rule in (FINE, COARSE)]
            hits = found(machine, boots, reps, few)
            true = forecasts(machine, boots, reps, few)
            beside = others(machine, boots, reps, min(few, 500)).values()
            yield (
                f"{f'{boots} x {reps}':>14}{100 * ours_[0]:14.2f}{100 * ours_[1]:7.2f}"
                f"{100 * hits:7.1f}{100 * true:7.1f}" + "".join(f"{each:>19}" for each in beside)
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    for line in table(parser.parse_args().trials):
        print(line, flush=True)


if __name__ == "__main__":
    main()
