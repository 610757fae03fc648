# SPDX-License-Identifier: GPL-2.0-only
"""`bench compare` and `bench gate`: from paths to verdicts. What is to be printed is returned."""

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.errors import CannotJudge, UsageError
from bench.gate.judge import CellPair, Judgement, Limits, judge
from bench.model.cell import Clock
from bench.model.units import parse_pause, parse_share
from bench.results.foreign import foreign_directory
from bench.results.series import all_runs_below, runs_below, took_turns
from bench.sides import (
    LEAST_SESSIONS,
    CellValues,
    Key,
    Side,
    alike_boots,
    changes,
    differences,
    key_name,
    keys_of,
    read_side,
    same_run,
    session_medians,
    session_noise,
)
from bench.stats.decision import Rule
from bench.stats.drift import drifting
from bench.stats.noise import Noise, noise_floor, noise_of_levels
from bench.stats.samples import Samples, samples_of

T = TypeVar("T")
_SECOND, _NS = "second", 1e9
USUAL = 0.02  # threshold
_APART = 2  # times as many pieces: memory that lies otherwise


@dataclass(frozen=True)
class GateOptions:
    """What is compared, and what is allowed to differ; shares and pauses as people write them."""

    base: Path
    new: Path
    threshold: str = ""  # 2 %, or half of what has to be seen
    floor: str = ""
    aa: Path | None = None  # runs of one and the same kernel: what they differ by is noise
    max_pause: str = ""
    must_see: str = ""  # a slowdown that no cell may be blind to
    strict: bool = False
    force: bool = False
    explain: bool = False  # make the profiles that a regression's side lacks


@dataclass(frozen=True)
class Sides:
    """Two sides, and what differs between them."""

    base: Side
    new: Side
    unlike: tuple[str, ...]  # what differs and should not: only with --force
    changed: tuple[str, ...]  # what differs and may
    interleaved: bool
    same: str = ""  # that both are one and the same measurement


def read_sides(question: GateOptions) -> Sides:
    """Read both sides and what differs between them.

    CannotJudge if that is too much; UsageError for options that are wrong whatever the sides are.
    """
    require_options(question)
    base, new = (_read(path, question.force) for path in (question.base, question.new))
    unlike = tuple(differences(base, new))
    if unlike and not question.force:
        raise CannotJudge(f"these cannot be compared: {'; '.join(unlike)}", "or --force")
    turns = took_turns(question.base, question.new)
    return Sides(base, new, unlike, tuple(changes(base, new)), turns, same_run(base, new))


def _read(path: Path, force: bool) -> Side:
    """Read a side; CannotJudge if it is not there, as after a build or a run that broke."""
    runs = runs_below(path)
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            (runs[0] / "run.json").stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        missing = f"{error.filename}: {error.strerror}", "this side is missing"
        raise CannotJudge(*(foreign_directory(path) or missing)) from None
    except OSError:  # the reader says what is wrong
        pass
    return read_side(runs, force)


def ask(question: GateOptions, sides: Sides) -> Judgement:
    """Judge each cell of either side; UsageError for a threshold, floor or budget that is none."""
    unit = _ticks(sides.new)
    clock = clock_of(sides.new)
    aa = _read_aa(question) if question.aa and not question.floor else None
    rule = Rule(
        clock=clock,
        threshold=threshold_of(question),
        floor=_floor(question, aa, clock),
        interleaved=sides.interleaved,
    )
    budget = _budget(question.max_pause or sides.new.facts.get("max pause", ""), unit)
    noise = _noises(sides, aa) if clock is Clock.WALL and not question.floor else {}
    limits = Limits(rule, budget, question.strict, must_see_of(question))
    judgement = judge(pairs(sides.base, sides.new, noise), limits)
    no_result = sides.base.facts.get("no result") or sides.new.facts.get("no result", "")
    return replace(judgement, no_result=no_result, same=sides.same)


def require_options(question: GateOptions) -> None:
    """Raise UsageError for a share or a pause that is none, before any side is read."""
    threshold_of(question)
    if question.floor:
        _parsed("--floor", parse_share, question.floor)
    if question.max_pause:
        _parsed("--max-pause", parse_pause, question.max_pause)


def threshold_of(question: GateOptions) -> float:
    """Return the smallest change that counts: what was asked for, or half of what is to be seen.

    UsageError where nothing of the size that has to be seen would count.
    """
    see = must_see_of(question)
    floor = _parsed("--floor", parse_share, question.floor) if question.floor else 0.0
    if see is not None and see <= floor:
        raise UsageError(
            f"--must-see {question.must_see} does not exceed the floor of {question.floor}",
            "no change below the floor counts",
        )
    if not question.threshold:
        return USUAL if see is None else see / 2
    threshold = _parsed("--threshold", parse_share, question.threshold)
    if see is not None and see <= threshold:
        raise UsageError(
            f"--must-see {question.must_see} does not exceed the threshold of {question.threshold}",
            "lower --threshold, or leave it out: then it is half of --must-see",
        )
    return threshold


def must_see_of(question: GateOptions) -> float | None:
    """Return the slowdown that no cell may be blind to; None where none was named."""
    return _parsed("--must-see", parse_share, question.must_see) if question.must_see else None


def clock_of(side: Side) -> Clock:
    """Return the clock of the rule for a side: counts of another program's are times to it."""
    return Clock.ICOUNT if side.unit == Clock.ICOUNT.unit else Clock.WALL


def pairs(base: Side, new: Side, noise: Mapping[Key, Noise] | None = None) -> list[CellPair]:
    """Pair the cells of both sides by name; a cell that one of them lacks has a pair too."""
    unknown = "it knows no such cell"
    found = [
        CellPair(
            key_name(key),
            _values(base, key),
            _values(new, key),
            base.without.get(key, unknown),
            new.without.get(key, unknown),
            (noise or {}).get(key),
            _alike(base, new, key),
            unlike_memory(base.cells.get(key), new.cells.get(key)),
        )
        for key in keys_of(base, new)
    ]
    return sorted(found, key=lambda pair: pair.name)


def _alike(base: Side, new: Side, key: Key) -> tuple[tuple[int, int], ...] | None:
    first, second = base.cells.get(key), new.cells.get(key)
    return alike_boots(base, new, (first, second)) if first and second else None


def unlike_memory(base: CellValues | None, new: CellValues | None) -> str:
    """Say how the memory of a cell lies otherwise on the other side, "" where it does not.

    It is then in twice as many contiguous pieces, or more, which alone moves a pause by half a
    percent: what lies in one piece is unpinned as one folio.
    """
    pieces = [each.extents for each in (base, new) if each and each.extents is not None]
    if len(pieces) < 2:
        return ""
    before, after = (float(np.median(each)) for each in pieces)
    if max(before, after) < _APART * max(min(before, after), 1):
        return ""
    return f"memory lies in {before:g} pieces in BASE and {after:g} in NEW, which shifts a pause"


def _values(side: Side, key: Key) -> Samples | None:
    found = side.cells.get(key)
    if found is None:
        return None
    in_ticks = found.values * _NS if side.unit == _SECOND else found.values
    return replace(samples_of(found.boots, in_ticks), sessions=found.sessions)


def _ticks(side: Side) -> str:
    """Name the unit of `_values`: pyperf's seconds become ns, which budgets are in."""
    return Clock.WALL.unit if side.unit == _SECOND else side.unit


def _floor(question: GateOptions, aa: Side | None, clock: Clock) -> float | None:
    """Return the noise floor that was named, or that boots of one kernel show of counts."""
    if question.floor:
        return _parsed("--floor", parse_share, question.floor)
    return floor_of(aa) if aa and clock is Clock.ICOUNT else None


def _read_aa(question: GateOptions) -> Side:
    """Read all runs of --aa: boots of one kernel, or sessions of it each with its boots."""
    path = question.aa or question.base
    if not path.exists():
        raise UsageError(f"--aa: {path}: no such file or directory", "name sessions of one kernel")
    runs = runs_below(path)
    if runs == [path] and path.is_dir() and not (path / "run.json").exists():
        runs = [run for each in sorted(path.iterdir()) for run in all_runs_below(each)]
        runs = [run for run in runs if (run / "run.json").exists()] or [path]
    return _read(path, question.force) if runs == [path] else read_side(runs, question.force)


def _noises(sides: Sides, aa: Side | None) -> Mapping[Key, Noise]:
    """Return what lies between sessions of each cell: by --aa, else as BASE or NEW show it."""
    if sides.interleaved:
        return {}
    if aa is None:
        known = {**session_noise(sides.new), **session_noise(sides.base)}
        return {key: Noise(each.sd, each.sessions - 1) for key, each in known.items()}
    found = {
        key: noise_of_levels(levels)
        for key, values in aa.cells.items()
        if len(levels := session_medians(values)) >= LEAST_SESSIONS and min(levels) > 0
    }
    if not found:
        raise CannotJudge(
            f"--aa: {aa.name} is of fewer than {LEAST_SESSIONS} sessions: what lies between "
            "sessions, boots of one cannot show",
            f"measure the same kernel {LEAST_SESSIONS} times with --out AA/1, AA/2, ...",
        )
    return found


def floor_of(side: Side) -> float:
    """Estimate by what share boots of one kernel differ: each is compared with the next.

    CannotJudge for a single boot, and for a pause of 0.
    """
    boots = [values.medians.tolist() for key in side.cells if (values := _values(side, key))]
    if not all(0 < median < np.inf for medians in boots for median in medians):
        raise CannotJudge(f"--aa: {side.name} has a boot whose pause is 0", "measure it again")
    ratios = [later / earlier for medians in boots for earlier, later in pairwise(medians)]
    if not ratios:
        raise CannotJudge(f"--aa: {side.name} has one boot only", "measure it with --boots 20")
    return noise_floor(ratios)


def _parsed(option: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _budget(text: str, counted: str) -> float | None:
    """Parse a budget into ticks; UsageError for a time where instructions count, or the reverse."""
    if not text:
        return None
    ticks, unit = _parsed("--max-pause", parse_pause, text)
    if unit != counted:
        raise UsageError(
            f"--max-pause: {text} is in {unit}, but these runs count {counted}",
            "write 100ms for a time, 20Mi for instructions",
        )
    return ticks


def drifts(side: Side) -> list[str]:
    """Write a line for each cell whose values depend on when they were measured."""
    found = drifting({key: samples_of(v.boots, v.values) for key, v in side.cells.items()})
    return [
        f"drift in {side.name}: {key_name(key)} changes by {trend.change:+.1%} {trend.where}"
        for key, trend in found.items()
    ]


def scaled(side: Side, factor: float) -> Side:
    """Make a side slower by a factor, which the gate's self-test has to find."""
    cells = {
        key: CellValues(each.boots, each.values.astype(np.float64) * factor)
        for key, each in side.cells.items()
    }
    return replace(side, name=f"{side.name} x {factor:g}", cells=cells)
