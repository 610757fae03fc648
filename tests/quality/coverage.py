# SPDX-License-Identifier: GPL-2.0-only
"""Which intervals have the truth as often as they say, and which drifts are none.

python -m tests.quality.coverage --trials 2000
"""

import argparse
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy.stats import bootstrap, t

from bench.stats.compare import Shift, hodges_lehmann_paired, shifts
from bench.stats.samples import Floats
from tests.quality.intervals import (
    boots_coverage,
    drift_alarms,
    line_coverage,
    ratio_coverage,
)
from tests.quality.shapes import PAIRS, Growth
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


COUNTS = ((5, 5), (6, 6), (10, 10), (20, 20), (5, 20))
NOISES = {
    "shared by a size, 1 %": Growth(of_size=0.01),
    "shared by a size, 0.1 %": Growth(of_size=0.001),
    "of each rep, 1 %": Growth(of_rep=0.01),
    "of counts, 0.001 %": Growth(of_size=1e-5),
}
BENDS = (0.0, 0.003, 0.01, 0.03)
KERNELS = ((1, 10), (1, 20), (5, 4), (5, 20), (10, 2), (20, 5))
# Boots, reps, how much neighbours are alike, and the rise over the run.
RUNS = (
    *((10, 2, 0.0, rise) for rise in (0.0, 0.05, 0.1, 0.2)),
    *((5, 20, 0.0, rise) for rise in (0.0, 0.05, 0.1)),
    *((1, 50, 0.0, rise) for rise in (0.0, 0.02, 0.03)),
    *((20, 5, 0.0, rise) for rise in (0.0, 0.05, 0.1)),
    *((boots, reps, 0.5, 0.0) for boots, reps in ((10, 2), (5, 20), (1, 50), (20, 5))),
)


def ratio_lines(trials: int) -> Iterator[str]:
    yield "Ratio of medians: coverage of 95 % intervals in %, shift of ranks before / now"
    yield f"  {'base, new':40}" + "".join(f"{f'{a}+{b}':>14}" for a, b in COUNTS)
    for base, new in PAIRS:
        cells = (ratio_coverage(base, new, counts, trials, seed=1) for counts in COUNTS)
        shares = "".join(f"{100 * old:8.1f}/{100 * now:5.1f}" for old, now in cells)
        yield f"  {f'{base.name}, {new.name}':40}{shares}"


def boots_lines(trials: int) -> Iterator[str]:
    yield "Two kernels by the clock, boots 2 % apart, reps 1 %: coverage in %, before / now"
    for count, reps in KERNELS:
        old, now = boots_coverage(count, reps, 0.02, trials, seed=2)
        said = "not printed" if now is None else f"{100 * now:.1f}"
        yield f"  {f'{count} x {reps}':32}{100 * old:8.1f} / {said}"


def growth_lines(trials: int) -> Iterator[str]:
    """The fixed part is 20 times the cost of the smallest size; sizes are 4 times apart."""
    yield "Extrapolation: truth in the 95 % interval, or refused, in %: before / now (refused)"
    for reach in (4, 16):
        yield f"  to {reach} times the largest size, by sizes measured" + "".join(
            f"{count:>16}" for count in (3, 4, 5, 6)
        )
        for name, noise in NOISES.items():
            for bend in BENDS:
                growth = Growth(bend, 20, noise.of_size, noise.of_rep)
                cells = (line_coverage(growth, n, reach, trials, seed=3) for n in (3, 4, 5, 6))
                shares = "".join(
                    f"{100 * old:6.0f}/{100 * now:3.0f} ({100 * none:3.0f})"
                    for old, now, none in cells
                )
                yield f"    {name:24} bends by {bend:4.1%} per 64x {shares}"


def drift_lines(trials: int) -> Iterator[str]:
    yield "Drift at 1 %, boots 2 % apart, reps 1 %: found in %, all reps in a row / now"
    for count, reps, alike, rise in RUNS:
        between = 0.02 if count > 1 else 0.0
        old, now = drift_alarms(count, reps, between, trials, 4, alike=alike, rise=rise)
        what = f"rise of {rise:.0%}" if rise else "no drift"
        what += f", neighbours alike {alike:g}" if alike else ""
        yield f"  {f'{count} x {reps}, {what}':36}{100 * old:8.1f} /{100 * now:6.1f}"


def boot_lines(trials: int) -> Iterator[str]:
    for count in (5, 7, 10, 20):
        for machine in (boots(count, 2), drifting_boots(count, 2)):
            yield f"{machine.name}: coverage of {CONFIDENCE:.0%} intervals, median width, %"
            for name in INTERVALS:
                share, width = covers(name, machine, trials, seed=count)
                yield f"  {name:28} {100 * share:6.2f} {100 * width:6.1f}"


TABLES = {
    "ratio": ratio_lines,
    "boots": boots_lines,
    "growth": growth_lines,
    "drift": drift_lines,
    "gate": boot_lines,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--table", choices=TABLES, action="append", help="all, if none is named")
    options = parser.parse_args()
    for name in options.table or TABLES:
        for line in TABLES[name](options.trials):
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
