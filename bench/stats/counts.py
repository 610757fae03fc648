# SPDX-License-Identifier: GPL-2.0-only
"""The rule for instruction counts: the boot is the sample, its value the median of its reps.

Reps of a boot repeat but for what falls into them, as a timer tick does; boots differ by where
their memory lies. Two t tests look at the boots, each at half the level. One is of all boots of
both sides. The other is of pairs: boots of one seed place memory alike and run their reps in the
same order, so that rep by rep they differ by the kernel alone, to 0.001 % where boots differ by
0.05 %. The value of a pair is the median of what its reps differ by. No test takes boots for
closer together than medians are known from reps. Few pairs are taken to vary as pairs were seen
to, unless they vary more themselves.

A single boot a side does not show what lies between boots. It is then assumed to be as much as
lies between reps, and at least `ASSUMED`: ten boots had 0.003 to 0.11 %, differences of ten pairs
0.004 to 0.024 % (docs/quality.md). The verdict says so.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.special import fdtri
from scipy.stats import binom, norm

from bench.stats.contrast import Contrast
from bench.stats.decision import Compared, Evidence, judged_by, percent, start
from bench.stats.samples import Floats, Samples

# Where a side has one boot only: the standard deviation of boots, and of differences of pairs.
ASSUMED, ASSUMED_OF_PAIRS = 0.001, 0.0003
_ASSUMPTION = (
    "{} differ no more than reps do, or by a standard deviation of {:.2%}: "
    "one boot a side does not show it"
)
# The farthest of five or more reps, in standard deviations of one: 1.6 for normal ones.
_REACH = 1.5
# Fewer reps of a lone boot do not show how far they lie apart.
LEAST_REPS = 5
# What pairs of few boots are known by beforehand counts for so many degrees of freedom, unless
# they vary more than this part of such would (as in bench.stats.contrast).
_STRENGTH, _COMMON = 4.0, 0.5
# Pairs with fewer differences say next to nothing of how those vary.
LEAST_PAIRS = 3
# A rep is a stray if it lies further from its boot's median than this, and so many times as far
# as all others; at most one in ten is.
_FAR, _TIMES, _STRAYS = 0.01, 5, 0.1
# Of the interval from which the error of a median is taken.
_COVERAGE = 0.90


def decide_counts(cell: Evidence) -> Compared:
    """Decide on one cell of instruction counts, as if it were the only one."""
    decision = start(cell)
    if decision.reason:
        return Compared(decision)
    base, new = (rows_of(side) for side in (cell.base, cell.new))
    single = min(decision.base_boots, decision.new_boots) == 1
    first, second = (np.log(side.medians) for side in (cell.base, cell.new))
    decision = replace(
        decision,
        ratio=float(np.exp(second.mean() - first.mean())),
        basis="reps of one boot" if single else "boots",
        strays=_strays_text(base, new),
    )
    why = _why_not_judged(cell, base, new) if single else ""
    if why:
        return Compared(replace(decision, reason=why))
    if not single:
        least = _error_of_medians([*base, *new]) ** 2
        contrasts = (_of_boots(first, second, least), *_of_pairs(cell, first, second, least))
        return Compared(judged_by(decision, contrasts, cell.rule), contrasts)
    pair = [row for table in differences_of(cell) for row in table if len(row) >= LEAST_REPS]
    if pair:
        contrasts, assumed = _of_lone_pair(pair[0]), ("boots of one seed", ASSUMED_OF_PAIRS)
    else:
        contrasts, assumed = _of_reps(first, second, [*base, *new]), ("boots", ASSUMED)
    decision = replace(decision, assumed=_ASSUMPTION.format(*assumed))
    return Compared(judged_by(decision, contrasts, cell.rule), contrasts)


def rows_of(side: Samples) -> list[Floats]:
    """Return logarithms of the values, a sorted row a boot, in a table for each number of reps."""
    order = np.lexsort((side.values, side.boots))
    logs = np.log(side.values[order])
    _, starts, counts = np.unique(side.boots[order], return_index=True, return_counts=True)
    return [logs[starts[counts == reps][:, None] + np.arange(reps)] for reps in np.unique(counts)]


def spread_between(side: Samples) -> float:
    """Estimate the relative standard deviation of boots, two at least, of one side."""
    medians = np.log(side.medians)
    return max(float(medians.std(ddof=1)), _error_of_medians(rows_of(side)))


def _of_boots(first: Floats, second: Floats, least: float) -> Contrast:
    """Compare the medians of all boots of both sides, whose variance is at least that of reps.

    Sides of as many boots share their variance. Of others each has its own (Welch 1947): few
    boots that vary more than many would be taken for as quiet as those.
    """
    n, m = len(first), len(second)
    estimate = float(second.mean() - first.mean())
    if n == m:
        pooled = float(first.var(ddof=1) + second.var(ddof=1)) / 2
        return Contrast(estimate, max(pooled, least), n + m - 2, 1 / n + 1 / m)
    one, other = (max(float(side.var(ddof=1)), least) / len(side) for side in (first, second))
    whole = one + other
    freedom = whole**2 / (one**2 / (n - 1) + other**2 / (m - 1)) if whole else n + m - 2
    return Contrast(estimate, whole, freedom, 1.0)


def _of_pairs(cell: Evidence, first: Floats, second: Floats, least: float) -> tuple[Contrast, ...]:
    """Compare pairs of boots, rep by rep; boots of which nothing is known by their medians."""
    if cell.pairs is None:
        same = len(first) == len(second)
        values, least = (second - first if same else np.zeros(0)), 2 * least
    else:
        rows = differences_of(cell)
        values = np.concatenate([np.zeros(0), *(np.median(table, axis=1) for table in rows)])
        least = _error_of_medians(rows) ** 2 if rows else 0.0
    if len(values) < LEAST_PAIRS:
        return ()
    variance, freedom = max(float(values.var(ddof=1)), least), len(values) - 1.0
    usual = ASSUMED_OF_PAIRS**2
    if cell.pairs and variance <= usual * fdtri(freedom, _STRENGTH, _COMMON):
        variance = (_STRENGTH * usual + freedom * variance) / (_STRENGTH + freedom)
        freedom += _STRENGTH
    return (Contrast(float(values.mean()), variance, freedom, 1 / len(values)),)


def differences_of(cell: Evidence) -> list[Floats]:
    """Return what the reps of each pair of boots differ by, a sorted row a pair, as `rows_of`.

    Of a boot that has more reps than the other one of its pair the first ones count.
    """
    found: dict[int, list[Floats]] = {}
    for one, other in cell.pairs or ():
        base = np.log(cell.base.values[cell.base.boots == one])
        new = np.log(cell.new.values[cell.new.boots == other])
        reps = min(len(base), len(new))
        found.setdefault(reps, []).append(np.sort(new[:reps] - base[:reps]))
    return [np.array(rows) for rows in found.values()]


def _of_lone_pair(differences: Floats) -> tuple[Contrast, ...]:
    """Take differences of pairs to vary as much as those of the reps of one."""
    spread = max(ASSUMED_OF_PAIRS, float(_reaches(differences[None, :]).max()) / _REACH)
    return (Contrast(float(np.median(differences)), spread**2, len(differences) - 1, 1.0),)


def _of_reps(first: Floats, second: Floats, rows: Sequence[Floats]) -> tuple[Contrast, ...]:
    """Take boots to differ as much as the reps of one, or as boots of the other side do."""
    spreads = [ASSUMED, *(float(_reaches(table).max()) / _REACH for table in rows)]
    spreads += [float(side.std(ddof=1)) for side in (first, second) if len(side) > 1]
    freedom = 2 * (min(table.shape[1] for table in rows) - 1)
    estimate = float(second.mean() - first.mean())
    scale = 1 / len(first) + 1 / len(second)
    return (Contrast(estimate, max(spreads) ** 2, max(freedom, 1), scale),)


def _distances(table: Floats) -> tuple[Floats, Floats]:
    """Return how far reps lie from their boot's median, ascending, and how far others may."""
    sizes = np.sort(np.abs(table - np.median(table, axis=1, keepdims=True)), axis=1)
    reps = table.shape[1]
    most = max(1, int(_STRAYS * reps)) if reps >= LEAST_REPS else 0
    if not most:
        return sizes, np.full((len(table), 1), np.inf)
    return sizes, np.maximum(_FAR, _TIMES * sizes[:, [reps - most - 1]])


def _reaches(table: Floats) -> Floats:
    """Return how far the reps of each boot reach from its median, strays left out."""
    sizes, bound = _distances(table)
    return np.asarray(np.where(sizes > bound, 0.0, sizes).max(axis=1))


def _error_of_medians(rows: Sequence[Floats]) -> float:
    """Estimate the standard error of a boot's median by its reps.

    Half the width of the interval of order statistics, over the normal quantile of its coverage
    (McKean and Schrader 1984). A third of the boots have less: a stray rep widens that of few.
    """
    errors = np.sort(np.concatenate([_errors(table) for table in rows]))
    return float(errors[-(-len(errors) // 3) - 1])


def _errors(table: Floats) -> Floats:
    reps = table.shape[1]
    if reps < 2:
        return np.zeros(len(table))
    cut, quantile = _interval(reps)
    return np.asarray((table[:, reps - 1 - cut] - table[:, cut]) / (2 * quantile))


@lru_cache(maxsize=256)
def _interval(reps: int) -> tuple[int, float]:
    """Return how many values an interval of the median leaves out at each end, and its quantile."""
    outside = 2 * binom.cdf(np.arange(reps // 2), reps, 0.5)
    cut = max(int(np.count_nonzero(outside <= 1 - _COVERAGE)) - 1, 0)
    return cut, float(norm.isf(outside[cut] / 2))


def _why_not_judged(cell: Evidence, base: Sequence[Floats], new: Sequence[Floats]) -> str:
    lone = [tables[0].shape[1] for tables in (base, new) if sum(map(len, tables)) == 1]
    if min(lone) < LEAST_REPS:
        had = f"base has {len(cell.base.values)}, new has {len(cell.new.values)}"
        return f"needs reps: {had}, {LEAST_REPS} of a lone boot can decide, or 3 boots a side"
    return f"needs boots: {cell.unlike}; 3 a side can decide" if cell.unlike else ""


def _strays_text(base: Sequence[Floats], new: Sequence[Floats]) -> str:
    """Name how many reps of either side are strays, and how far the farthest lies."""
    said = []
    for name, tables in (("base", base), ("new", new)):
        found = [sizes[sizes > bound] for sizes, bound in map(_distances, tables)]
        far = np.concatenate(found)
        if len(far):
            reps = sum(table.size for table in tables)
            said.append(f"{name}: {len(far)} of {reps} reps, {percent(float(far.max()))[1:]} away")
    return "; ".join(said)
