# SPDX-License-Identifier: GPL-2.0-only
"""Find the points that paths stand for: stores, runs, boots of kernels, baselines, or any of them.

What was named has to be a point, or to hold some. In a directory what is none is said, a line
each, and the rest is used.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bench.errors import BenchError, CannotJudge, UsageError
from bench.history.point import HistoryPoint, facts_kept, parse_date, values_of
from bench.history.store import is_point, read_text, stored_point
from bench.profile import DIRECTORY
from bench.results.reader import read_facts
from bench.results.series import BOOTS, runs_below
from bench.sides import Side
from bench.sides.read import read_side

_KNOWN = "name a store, a run, a directory of boots, or a baseline file"
_DEEPEST = 3  # directories in a directory


@dataclass
class FoundPoints:
    """Points in the order in which they were named, and a line for each thing that is none."""

    points: list[HistoryPoint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    taken: int = 0  # points that were found, those left out included
    _seen: dict[object, str] = field(default_factory=dict)

    def add(self, point: HistoryPoint) -> None:
        """Add a point, unless the same measurement is there: twice it would weigh twice.

        Without a date equal figures may be those of two measurements.
        """
        self.taken += 1
        boots = frozenset((key, tuple(cell.boots)) for key, cell in point.cells.items())
        mark = (point.date, point.commit, boots)
        if point.date and mark in self._seen:
            first = self._seen[mark]
            self.notes.append(f"left out: {point.name}: the same measurement as {first}")
            return
        self._seen[mark] = point.name
        self.points.append(point)


def read_points(paths: Sequence[Path]) -> FoundPoints:
    """Read all points; UsageError for a path that is none and holds none."""
    found = FoundPoints()
    for path in paths:
        before = found.taken
        if _is_directory(path) and not _runs(path):
            _take_below(path, found, _DEEPEST)
            if found.taken == before:
                first = found.notes[0] if found.notes else f"{path}: no point is in it"
                raise UsageError(first, _KNOWN)
        else:
            found.add(_point(path))
    return found


def _take(path: Path, found: FoundPoints) -> None:
    """Add a point that lies in a directory, or the line that says why it is none."""
    try:
        found.add(_point(path))
    except BenchError as error:
        found.notes.append(f"left out: {error.message}")


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # whoever reads it says what is wrong
        return False


def _runs(path: Path) -> list[Path]:
    """List the runs of a directory that is one point: a run, or the boots of one kernel.

    A directory of runs without the mark of boots that took turns holds a point each.
    """
    try:
        if (path / "run.json").exists():
            return [path]
        return runs_below(path) if (path.parent / BOOTS).exists() else []
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", _KNOWN) from None


def _take_below(path: Path, found: FoundPoints, depth: int) -> None:
    """Add what is a point in a directory, and in those in it, in the order of names.

    Links to directories are not followed.
    """
    try:
        entries = sorted(path.iterdir(), key=lambda each: (len(each.name), each.name))
    except OSError as error:
        found.notes.append(f"left out: {path}: {error.strerror}")
        return
    for entry in (each for each in entries if not each.name.startswith(".")):
        if not _is_directory(entry):
            if entry.suffix == ".json" and entry.name != BOOTS:
                _take(entry, found)
        elif not entry.is_symlink():
            if _holds_runs(entry):
                _take(entry, found)
            elif depth:
                _take_below(entry, found, depth - 1)


def _holds_runs(path: Path) -> bool:
    """Tell whether a directory is one point; one that cannot be looked at says so itself."""
    try:
        return bool(_runs(path))
    except UsageError:
        return False


def _point(path: Path) -> HistoryPoint:
    """Read one point; BenchError says why it is none."""
    if _is_directory(path):
        return _run_point(path)
    text = read_text(path)
    if is_point(text):
        return stored_point(path, text)
    side = read_side(path)
    return _of_side(side, path.stem, None, (path,) if side.profiles else ())


def _run_point(path: Path) -> HistoryPoint:
    runs = _runs(path)
    side = read_side(runs)
    return _of_side(
        side, path.name, date_of(runs), tuple(run for run in runs if (run / DIRECTORY).is_dir())
    )


def _of_side(side: Side, name: str, date: datetime | None, paths: tuple[Path, ...]) -> HistoryPoint:
    cells, strange = values_of(side)
    if not cells:
        raise CannotJudge(f"{side.name}: no cell in it was measured")
    return HistoryPoint(name, facts_kept(side.facts), cells, date, "", paths, left_out=strange)


def date_of(runs: Sequence[Path]) -> datetime | None:
    """Return when the first of some runs began; None where no run says it."""
    dates = []
    for run in runs:
        for session in read_facts(run / "run.json").sessions[:1]:
            try:
                dates.append(parse_date(session.began))
            except ValueError:
                continue
    return min(dates, default=None)


def measurement(path: Path) -> tuple[Side, datetime | None, str]:
    """Read what is added to a store: its side, when it began, and what tells it from others.

    UsageError for several kernels or runs, CannotJudge for a damaged run.
    """
    if not _is_directory(path):
        side = read_side(path)
        return side, None, ""
    runs = _runs(path) or runs_below(path)
    if runs == [path] and not (path / "run.json").exists():
        raise UsageError(f"--add: {path}: neither a run nor the boots of one kernel", _KNOWN)
    sessions = [
        (s.began, s.host, s.boot_id) for run in runs for s in read_facts(run / "run.json").sessions
    ]
    return read_side(runs), date_of(runs), hashlib.sha256(json.dumps(sessions).encode()).hexdigest()
