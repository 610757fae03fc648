# SPDX-License-Identifier: GPL-2.0-only
"""Make a side of run directories: of one, or of several whose boots are numbered on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from bench.errors import CannotJudge, UsageError
from bench.results.columns import CellColumns
from bench.results.comparable import facts_of
from bench.results.writer import Run, load
from bench.sides.side import CellValues, Key, Side, Ticks, changes, differences

_FAILED = "failed"
_HINT = "measure it again, or --force: then what is left of it counts"


def read_runs(paths: Sequence[Path], force: bool = False) -> Side:
    """Load run directories as one side; errors as `side_of` and `load` raise them."""
    resolved = [path.resolve() for path in paths]
    twice = next((path for path in resolved if resolved.count(path) > 1), None)
    if twice:
        raise UsageError(f"{twice} is named twice", "its boots would count twice")
    return side_of([load(path) for path in paths], force)


def side_of(runs: Sequence[Run], force: bool = False) -> Side:
    """Join the samples of runs that are alike; CannotJudge for damage, or if nothing was measured.

    ``force`` takes damaged runs, and runs that are not alike, for what they have.
    """
    sides = [_side(run, force) for run in runs]
    first = sides[0]
    for other in () if force else sides[1:]:
        # Two sides may be of two kernels, two runs of one side may not.
        kernels = [line for line in changes(first, other) if line.startswith("kernel")]
        found = [*differences(first, other), *kernels]
        if found:
            unlike = (
                found[0]
                .replace(" in BASE", f" in {first.name}")
                .replace(" in NEW", f" in {other.name}")
            )
            raise CannotJudge(f"runs of one side are not alike: {unlike}", "or --force")
    side = _joined(runs, sides)
    if not side.cells:
        raise CannotJudge(f"{side.name}: no cell was measured")
    return side


def _side(run: Run, force: bool) -> Side:
    name = str(run.path)
    if run.damage and not force:
        raise CannotJudge(f"{name} is damaged: {run.damage[0]}", _HINT)
    series: dict[Key, CellValues] = {}
    without: dict[Key, str] = {cell: f"missing: {why}" for cell, why in run.missing.items()}
    for cell, columns in run.by_cell.items():
        if columns.measured:
            series[cell] = _series(columns.measured)
        else:
            without[cell] = ": ".join(columns.state)
    return Side(name, facts_of(run.facts), series, without, run.damage, (run.path,))


def _series(samples: CellColumns) -> CellValues:
    order = np.lexsort((samples.rep, samples.boot))
    phases = {phase: ticks[order] for phase, ticks in samples.phases.items()}
    return CellValues(samples.boot[order], samples.pause[order], phases)


def _joined(runs: Sequence[Run], sides: Sequence[Side]) -> Side:
    if len(sides) == 1:
        return sides[0]
    numbers = _boot_numbers(runs, sides)
    series: dict[Key, CellValues] = {}
    for key in dict.fromkeys(key for side in sides for key in side.cells):
        parts = [
            replace(each, boots=np.array([numbers[at, int(boot)] for boot in each.boots], np.int64))
            for at, side in enumerate(sides)
            if (each := side.cells.get(key))
        ]
        series[key] = _in_one(parts)
    without: dict[Key, str] = {}
    for side in sides:
        for key, why in side.without.items():
            if why.startswith(_FAILED):
                series.pop(key, None)
            if key not in series:
                without.setdefault(key, why)
    damage = tuple(f"{side.name}: {what}" for side in sides for what in side.damage)
    name = f"{sides[0].name} and {len(sides) - 1} more"
    paths = tuple(run.path for run in runs)
    return Side(name, _common(sides), series, without, damage, paths)


def _in_one(parts: Sequence[CellValues]) -> CellValues:
    """Join the values of a cell, by the numbers of their boots."""
    order = np.argsort(np.concatenate([part.boots for part in parts]), kind="stable")

    def joined(columns: Iterable[Ticks]) -> Ticks:
        whole: Ticks = np.concatenate([*columns])[order]
        return whole

    return CellValues(
        np.concatenate([part.boots for part in parts])[order],
        joined(part.values for part in parts),
        {phase: joined(part.phases[phase] for part in parts) for phase in parts[0].phases},
    )


def _common(sides: Sequence[Side]) -> dict[str, str]:
    """Join the facts of all; where they differ (bench itself, or if forced) all are named."""
    names = sorted({name for side in sides for name in side.facts})
    values = {name: dict.fromkeys(s.facts.get(name, "not known") for s in sides) for name in names}
    return {name: " and ".join(found) for name, found in values.items()}


def _boot_numbers(runs: Sequence[Run], sides: Sequence[Side]) -> dict[tuple[int, int], int]:
    """Map a run's place and the number of its boot to a number of the side, from 1.

    A guest's boots are its own. Runs on the host of one and the same boot of the machine
    are not replicas of it: they share its number.
    """
    known: dict[tuple[object, ...], int] = {}
    numbers: dict[tuple[int, int], int] = {}
    for at, (run, side) in enumerate(zip(runs, sides, strict=True)):
        boots = sorted({int(boot) for each in side.cells.values() for boot in each.boots})
        for boot in boots:
            identity = _identity(run, boot, boots[-1]) or (at, boot)
            numbers[at, boot] = known.setdefault(identity, len(known) + 1)
    return numbers


def _identity(run: Run, boot: int, last: int) -> tuple[object, ...]:
    """Return the boot_id of a boot of the host; empty if it is not known.

    Sessions of one boot follow one another (bench.measure.resume counts them as one).
    """
    if run.facts.executor.name != "host":
        return ()
    ids = [each for each, _ in groupby(session.boot_id for session in run.facts.sessions)]
    known = len(ids) == last and 1 <= boot <= last and ids[boot - 1]
    return (ids[boot - 1],) if known else ()
