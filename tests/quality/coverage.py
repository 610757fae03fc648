# SPDX-License-Identifier: GPL-2.0-only
"""Which interval of a ratio has the truth as often as it says, with few boots.

python -m tests.quality.coverage --trials 2000
"""

import argparse
from collections.abc import Callable, Mapping

import numpy as np
from scipy.stats import bootstrap, t

from bench.stats.compare import Shift, hodges_lehmann_paired, shifts
from bench.stats.samples import Floats
from tests.quality.simulate import Machine, boots, drifting_boots

CONFIDENCE = 0.98
RESAMPLES = 1999

Interval = Callable[[Floats, Floats, np.random.Generator], Shift]


def student(base: Floats, new: Floats, _: np.random.Generator) -> Shift:
    d = np.log(new / base)
    middle = float(d.mean())
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(d) - 1) * d.std(ddof=1) / len(d) ** 0.5)
    return Shift(middle, middle - half, middle + half)


def percentile(base: Floats, new: Floats, rng: np.random.Generator) -> Shift:
    """Bootstrap of the median of paired log ratios, as it is often recommended."""
    d = np.log(new / base)
    drawn = np.median(d[rng.integers(0, len(d), (RESAMPLES, len(d)))], axis=1)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Shift(float(np.median(d)), float(low), float(high))


def bca(base: Floats, new: Floats, rng: np.random.Generator) -> Shift:
    """Mean of paired log ratios with its BCa interval (Efron 1987), by scipy."""
    d = np.log(new / base)
    found = bootstrap(
        (d,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="BCa", rng=rng
    ).confidence_interval
    return Shift(float(d.mean()), float(found.low), float(found.high))


def ranks(base: Floats, new: Floats, _: np.random.Generator) -> Shift:
    return shifts(np.log(base), np.log(new), [CONFIDENCE])[0]


def paired_ranks(base: Floats, new: Floats, _: np.random.Generator) -> Shift:
    return hodges_lehmann_paired(np.log(new / base), CONFIDENCE)


INTERVALS: Mapping[str, Interval] = {
    "BCa of the mean of pairs": bca,
    "percentile, median of pairs": percentile,
    "Student's t of pairs": student,
    "ranks of pairs": paired_ranks,
    "ranks of boots": ranks,
}


def covers(name: str, machine: Machine, trials: int, seed: int) -> tuple[float, float]:
    """How often the interval has the truth, and its median width (infinite: too few boots)."""
    rng = np.random.default_rng(seed)
    base, new = machine.make(rng, trials, 0.05)
    found = [
        INTERVALS[name](np.median(a, axis=1), np.median(b, axis=1), rng)
        for a, b in zip(base, new, strict=True)
    ]
    hits = [one.low <= np.log(1.05) <= one.high for one in found]
    return float(np.mean(hits)), float(np.median([one.high - one.low for one in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    options = parser.parse_args()
    for count in (5, 7, 10, 20):
        for machine in (boots(count, 2), drifting_boots(count, 2)):
            print(f"{machine.name}: coverage of {CONFIDENCE:.0%} intervals, median width, %")
            for name in INTERVALS:
                share, width = covers(name, machine, options.trials, seed=count)
                print(f"  {name:28} {100 * share:6.2f} {100 * width:6.1f}", flush=True)


if __name__ == "__main__":
    main()
