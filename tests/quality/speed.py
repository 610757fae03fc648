# SPDX-License-Identifier: GPL-2.0-only
"""How long verdicts take, in seconds of one CPU.

python -m tests.quality.speed
"""

import time

import numpy as np

from bench.model.cell import Clock
from bench.stats.decide import decide_all
from bench.stats.decision import Evidence, Rule
from bench.stats.samples import samples_of

SHAPES = ((1000, 20, 5), (1000, 3, 5), (250, 10, 200), (1, 10, 50_000))  # cells, boots, reps


def cells(clock: Clock, count: int, boots: int, reps: int) -> list[Evidence]:
    """Draw cells of which nothing changed, as a gate has them."""
    rng, ids = np.random.default_rng(boots), np.repeat(np.arange(boots), reps)
    spread = 0.001 if clock is Clock.ICOUNT else 0.02

    def values() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        levels = np.repeat(rng.normal(0, spread, boots), reps)
        return np.asarray(1e7 * np.exp(levels + rng.normal(0, spread, boots * reps)))

    pairs = tuple((boot, boot) for boot in range(boots)) if clock is Clock.ICOUNT else None
    return [
        Evidence(samples_of(ids, values()), samples_of(ids, values()), Rule(clock), pairs)
        for _ in range(count)
    ]


def main() -> None:
    for clock in Clock:
        for shape in SHAPES:
            made = cells(clock, *shape)
            began = time.process_time()
            decide_all(made)
            spent = time.process_time() - began
            name = "{} cells x {} boots x {} reps a side".format(*shape)
            print(f"{clock.value:7} {name:45} {spent:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
