# SPDX-License-Identifier: GPL-2.0-only
"""How good `bench history` is: false alarms, steps and creep found, and after how many runs.

    python -m tests.quality.histories

Each history is analysed anew with every point, as CI does it. Beside it stands Apache Otava with
its defaults and our least change, where it is installed (pip install 'bench[otava]'), on fewer
histories, since it takes longer. Histories of 60 points: a step has 30 points before it, and
creep begins after 20: fifteen steps of 0.4 %.

false    alarms in quiet histories, in 1,000 points: a change point that was not said before
         (within 2 points), or a level beyond the threshold
found    histories in which the step is said within 3 points of where it is, or in which creep is
delay    runs after the first changed one, until that is said: the median, and 9 in 10
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from bench.stats.creep import standing
from bench.stats.samples import Floats
from bench.stats.steps import LEAST_POINTS, levels_of

POINTS, STEP_AT, CREEP_AT = 60, 30, 20
CREEP, CREEP_STEPS = 0.004, 15
LEAST, THRESHOLD = 0.005, 0.02
NEAR = 2  # points by which a change may move, and be the same one
OTAVA = "Otava 0.8.0"
OURS = "bench history"

Said = tuple[frozenset[int], bool]  # places of change points, and whether a level is beyond
Noise = Callable[[np.random.Generator, int], Floats]


def _wandering(rng: np.random.Generator, trials: int, spread: float, r: float) -> Floats:
    """AR(1)."""
    found = rng.normal(0, 1, (trials, POINTS))
    for at in range(1, POINTS):
        found[:, at] = r * found[:, at - 1] + np.sqrt(1 - r * r) * found[:, at]
    return np.asarray(spread * found)


def _strays(rng: np.random.Generator, trials: int, share: float) -> Floats:
    """A few points that are 0.3 to 30 % higher."""
    size = np.exp(rng.uniform(np.log(0.003), np.log(0.3), (trials, POINTS)))
    return np.asarray((rng.random((trials, POINTS)) < share) * size)


def _counts(rng: np.random.Generator, trials: int) -> Floats:
    """Counts that spread by 1e-4; a third of them are exactly alike."""
    found = rng.normal(0, 1e-4, (trials, POINTS))
    return np.asarray(np.where(rng.random(found.shape) < 1 / 3, 0.0, found))


def _skewed(rng: np.random.Generator, trials: int) -> Floats:
    return np.asarray(0.02 / 1.3 * (rng.lognormal(0, 0.8, (trials, POINTS)) - 1))


@dataclass(frozen=True)
class Series:
    """``make`` gives noise as logarithms, one row a history; ``steps`` are sizes to be found."""

    name: str
    make: Noise
    steps: tuple[float, ...]


SERIES = (
    Series("counts, 0.01 %", _counts, (0.006, 0.02)),
    Series(
        "counts, 3 % stray points", lambda g, n: _counts(g, n) + _strays(g, n, 0.03), (0.006, 0.02)
    ),
    Series(
        "counts of two states 0.3 % apart",
        lambda g, n: _counts(g, n) + 0.003 * (g.random((n, POINTS)) < 0.4),
        (0.006, 0.02),
    ),
    Series("times, 0.5 %", lambda g, n: g.normal(0, 0.005, (n, POINTS)), (0.02, 0.05)),
    Series("times, 2 %", lambda g, n: g.normal(0, 0.02, (n, POINTS)), (0.05, 0.1)),
    Series(
        "times, 2 %, skewed, 3 % strays",
        lambda g, n: _skewed(g, n) + _strays(g, n, 0.03),
        (0.05, 0.1),
    ),
    Series("times, 2 %, AR(1) 0.3", lambda g, n: _wandering(g, n, 0.02, 0.3), (0.05, 0.1)),
    Series("times, 2 %, AR(1) 0.6", lambda g, n: _wandering(g, n, 0.02, 0.6), (0.05, 0.1)),
)


def ours(rows: Floats) -> list[Said]:
    """What `bench history` says of rows: change points, and whether the level is beyond."""
    limit, least = float(np.log1p(THRESHOLD)), float(np.log1p(LEAST))
    found = levels_of(rows, least)
    beyond = [
        standing(row, one, 0, limit, date=False).beyond != 0
        for row, one in zip(rows, found, strict=True)
    ]
    return [(frozenset(o.starts[1:]), b) for o, b in zip(found, beyond, strict=True)]


def otava(rows: Floats) -> list[Said]:
    """What Otava says of rows: it has no reference."""
    from otava.analysis import compute_change_points

    found = (compute_change_points(np.exp(row).tolist(), min_magnitude=LEAST)[0] for row in rows)
    return [(frozenset(int(point.index) for point in points), False) for points in found]


RULES: dict[str, Callable[[Floats], list[Said]]] = {OURS: ours, OTAVA: otava}


def has_otava() -> bool:
    return find_spec("otava") is not None


@dataclass(frozen=True)
class Alarms:
    """What was said of histories: new alarms in all, and the delay of each that found it."""

    histories: int
    alarms: int
    delays: tuple[int, ...]

    @property
    def rate(self) -> float:
        """In 1,000 points that were analysed."""
        return 1000 * self.alarms / (self.histories * (POINTS - LEAST_POINTS + 1))

    @property
    def found(self) -> float:
        return len(self.delays) / self.histories

    def delay(self, share: float) -> float:
        return float(np.quantile(self.delays, share)) if self.delays else np.nan


def followed(
    rule: Callable[[Floats], list[Said]], rows: Floats, first: int, hits: Callable[[int], bool]
) -> Alarms:
    """Analyse rows with every point; ``hits`` says which change points count as found."""
    said: list[set[int]] = [set() for _ in rows]
    was_beyond = [False] * len(rows)
    delays: dict[int, int] = {}
    alarms = 0
    for end in range(LEAST_POINTS, POINTS + 1):
        for at, (points, beyond) in enumerate(rule(rows[:, :end])):
            fresh = [p for p in points if all(abs(p - old) > NEAR for old in said[at])]
            alarms += len(fresh) + (beyond and not was_beyond[at])
            said[at] |= points
            was_beyond[at] = beyond
            if end > first and (beyond or any(map(hits, points))):
                delays.setdefault(at, end - 1 - first)
    return Alarms(len(rows), alarms, tuple(delays.values()))


def with_step(noise: Floats, size: float) -> Floats:
    return np.asarray(noise + np.log1p(size) * (np.arange(POINTS) >= STEP_AT))


def with_creep(noise: Floats) -> Floats:
    steps = np.clip(np.arange(POINTS) - CREEP_AT + 1, 0, CREEP_STEPS)
    return np.asarray(noise + np.log1p(CREEP) * steps)


def quiet(name: str, series: Series, histories: int, seed: int) -> Alarms:
    rows = series.make(np.random.default_rng(seed), histories)
    return followed(RULES[name], rows, POINTS, lambda _: False)


def step(name: str, series: Series, size: float, histories: int, seed: int) -> Alarms:
    rows = with_step(series.make(np.random.default_rng(seed), histories), size)
    return followed(RULES[name], rows, STEP_AT, lambda at: abs(at - STEP_AT) <= NEAR + 1)


def creep(name: str, series: Series, histories: int, seed: int) -> Alarms:
    rows = with_creep(series.make(np.random.default_rng(seed), histories))
    return followed(RULES[name], rows, CREEP_AT, lambda at: at >= CREEP_AT - NEAR)


def table(series: Series, rules: Iterable[tuple[str, int]], seed: int) -> str:
    """A line a rule, in 100 columns."""
    heads = ["false", *(f"step {size:.1%}" for size in series.steps), "creep"]
    lines = [f"{series.name:34}" + "".join(f"{head:>17}" for head in heads)]
    for name, histories in rules:
        cells = [f"{quiet(name, series, histories, seed).rate:17.2f}"]
        found = [step(name, series, size, histories, seed + 1) for size in series.steps]
        found.append(creep(name, series, histories, seed + 2))
        cells += [f"{100 * f.found:6.1f} % {f.delay(0.5):4.0f} {f.delay(0.9):3.0f}" for f in found]
        lines.append(f"  {name:18}{histories:6} each      " + "".join(f"{c:>17}" for c in cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=320, help="of each kind")
    parser.add_argument("--otava", type=int, default=12, help="of each kind, for Otava")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rules = [(OURS, options.histories), *([(OTAVA, options.otava)] if has_otava() else [])]
    for series in SERIES:
        print(table(series, rules, options.seed), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
