# SPDX-License-Identifier: GPL-2.0-only
"""Make a side of run directories: of one, or of several whose boots are numbered on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import CannotJudge, UsageError
from bench.model.method import Experiment
from bench.model.units import format_size
from bench.results.columns import CellColumns
from bench.results.comparable import facts_of, joined_fact, unlike
from bench.results.fact_table import PIECES
from bench.results.writer import Run, load
from bench.sides.copies import COPIES_HINT, without_boots, without_copies
from bench.sides.identity import boot_identity, is_copy, measured_when, session_of
from bench.sides.side import CellValues, Key, Side, Ticks, changes

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
        found = [*unlike(first.facts, other.facts), *kernels]
        if found:
            line = (
                found[0]
                .replace(" in BASE", f" in {first.name}")
                .replace(" in NEW", f" in {other.name}")
            )
            raise CannotJudge(f"runs of one side are not alike: {line}", "or --force")
    side = _joined(runs, sides, force)
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
    facts = {**facts_of(run.facts), **_pieces(run)}
    return Side(name, facts, series, without, run.damage, (run.path,))


def _pieces(run: Run) -> dict[str, str]:
    """Return in which pieces each method has pinned memory, where times are measured by pins."""
    pinned = [(cell, columns.measured) for cell, columns in run.by_cell.items()]
    found = {
        f"{cell.method} {format_size(window)}" if 0 < window * cell.threads < cell.mem else "whole"
        for cell, columns in pinned
        if columns and cell.method.experiment is Experiment.PIN
        for window in {*columns.window.tolist()}
    }
    return {PIECES: ", ".join(sorted(found))} if found else {}


def _series(samples: CellColumns) -> CellValues:
    order = np.lexsort((samples.rep, samples.boot))
    phases = {phase: ticks[order] for phase, ticks in samples.phases.items()}
    extents = samples.extents[order] if (samples.extents > 0).all() else None
    return CellValues(
        samples.boot[order],
        samples.pause[order],
        phases,
        extents,
        np.ones(len(order), np.int64),
    )


def _joined(runs: Sequence[Run], sides: Sequence[Side], force: bool) -> Side:
    numbers = _Numbers(runs, sides)
    if len(sides) == 1:
        alone = replace(sides[0], identities=numbers.identities, began=numbers.began)
        return without_copies(alone, force)
    series: dict[Key, CellValues] = {}
    copies: dict[str, None] = {}
    copied = [numbers.copied(at) for at in range(len(sides))]
    for key in dict.fromkeys(key for side in sides for key in side.cells):
        known: set[int] = set()
        parts = []
        for at, side in enumerate(sides):
            if each := side.cells.get(key):
                again = [boot for boot in copied[at] if boot in known]
                parts.append(without_boots(numbers.applied(at, each), again))
                known |= {*parts[-1].boots.tolist()}
                copies |= dict.fromkeys(numbers.copy_text(at, boot) for boot in again)
        series[key] = _in_one(parts)
    if copies and not force:
        raise CannotJudge(next(iter(copies)), COPIES_HINT)
    without: dict[Key, str] = {}
    for side in sides:
        for key, why in side.without.items():
            if why.startswith(_FAILED):
                series.pop(key, None)
            if key not in series:
                without.setdefault(key, why)
    damage = [f"{side.name}: {what}" for side in sides for what in side.damage]
    joined = Side(
        f"{sides[0].name} and {len(sides) - 1} more",
        _common(sides),
        series,
        without,
        (*damage, *(f"{text}: taken as one" for text in copies)),
        tuple(run.path for run in runs),
        identities=numbers.identities,
        began=numbers.began,
    )
    return without_copies(joined, force, numbers.names)


def _in_one(parts: Sequence[CellValues]) -> CellValues:
    """Join the values of a cell, by the numbers of their boots."""
    order = np.argsort(np.concatenate([part.boots for part in parts]), kind="stable")

    def joined(columns: Iterable[Ticks]) -> Ticks:
        whole: Ticks = np.concatenate([*columns])[order]
        return whole

    def known(columns: Iterable[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
        found = [*columns]
        there = [column for column in found if column is not None]
        return np.concatenate(there)[order] if len(there) == len(found) else None

    return CellValues(
        np.concatenate([part.boots for part in parts])[order],
        joined(part.values for part in parts),
        {phase: joined(part.phases[phase] for part in parts) for phase in parts[0].phases},
        known(part.extents for part in parts),
        known(part.sessions for part in parts),
    )


def _common(sides: Sequence[Side]) -> dict[str, str]:
    """Join the facts of all; where they differ (bench itself, or if forced) all are named."""
    names = sorted({name for side in sides for name in side.facts})
    return {
        name: joined_fact(name, (side.facts.get(name, "not known") for side in sides))
        for name in names
    }


class _Numbers:
    """Number boots and sessions on from run to run, from 1.

    Boots of one identity are one boot and share its number, and its session: runs on one boot of
    the host, or scenarios of which a guest went on from one saved state. A run alone keeps its
    numbers.
    """

    def __init__(self, runs: Sequence[Run], sides: Sequence[Side]) -> None:
        self._boots: dict[tuple[int, int], int] = {}  # of a run's place, and the number there
        self._sessions: list[int] = []  # of each run
        self._known: dict[object, int] = {}
        self._session_named: dict[str, int] = {}
        self._session_of_boot: dict[int, int] = {}
        self.identities: dict[int, str] = {}  # of boots, by the number in the side
        self.began: dict[int, str] = {}  # the same
        self._measured: dict[int, list[tuple[int, int]]] = defaultdict(list)  # places of a number
        self.names: dict[int, str] = {}
        self._runs = runs
        self._alone = len(runs) == 1
        for run, side in zip(runs, sides, strict=True):
            self._add(run, side)

    def _add(self, run: Run, side: Side) -> None:
        at = len(self._sessions)
        own = sorted({int(boot) for each in side.cells.values() for boot in each.boots})
        numbers = [self._number(at, run, boot, own[-1]) for boot in own]
        name = session_of(run)
        earlier = [self._session_of_boot[n] for n in numbers if n in self._session_of_boot]
        earlier += [len(self._session_named) + 1]
        session = self._session_named.setdefault(name, earlier[0])
        self._sessions.append(session)
        self._session_of_boot |= dict.fromkeys(numbers, session)

    def _number(self, at: int, run: Run, boot: int, last: int) -> int:
        """Give a boot of a run its number, and note what is known of it."""
        identity = boot_identity(run, boot, last)
        number = boot
        if not self._alone:
            number = self._known.setdefault(identity or (at, boot), len(self._known) + 1)
        self._boots[at, boot] = number
        self._measured[number].append((at, boot))
        self.names.setdefault(number, f"{run.path} (boot {boot})")
        if identity:
            self.identities.setdefault(number, identity)
        if when := measured_when(run):
            self.began.setdefault(number, when)
        return number

    def copied(self, at: int) -> list[int]:
        """List the boots that a run has measured and that are those of a run before it."""
        return [
            number
            for number, places in self._measured.items()
            for place, _ in places
            if place == at and self._original(at, number) is not None
        ]

    def copy_text(self, at: int, number: int) -> str:
        """Say which boot of a run is a copy, and of which."""
        before, (_, boot) = self._original(at, number), self._place(at, number)
        run = self._runs[at].path
        which = self.identities[number]
        return f"{before} and {run} (boot {boot}) are copies of one boot ({which})"

    def _place(self, at: int, number: int) -> tuple[int, int]:
        return next(place for place in self._measured[number] if place[0] == at)

    def _original(self, at: int, number: int) -> str | None:
        """Name the first boot before that of a run which is the same one; None without one."""
        for place, boot in self._measured[number]:
            if place < at and is_copy(self._runs[place], self._runs[at]):
                return f"{self._runs[place].path} (boot {boot})"
        return None

    def applied(self, at: int, values: CellValues) -> CellValues:
        """Return the values of a run with the numbers of the side."""
        return replace(
            values,
            boots=np.array([self._boots[at, int(boot)] for boot in values.boots], np.int64),
            sessions=np.full(len(values.boots), self._sessions[at], np.int64),
        )
