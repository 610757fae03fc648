# SPDX-License-Identifier: GPL-2.0-only
"""`bench compare` and `bench gate`: from paths to verdicts. What is to be printed is returned."""

import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.errors import CannotJudge, UsageError
from bench.gate.judge import CellPair, Judgement, Limits, judge
from bench.model.cell import Clock
from bench.model.units import parse_pause, parse_share
from bench.results.series import runs_below, took_turns
from bench.sides import CellValues, Key, Side, changes, differences, key_name, keys_of, read_side
from bench.stats.decision import Rule
from bench.stats.drift import drifting
from bench.stats.noise import noise_floor
from bench.stats.samples import Samples, samples_of

T = TypeVar("T")
_SECOND, _NS = "second", 1e9


@dataclass(frozen=True)
class GateOptions:
    """What is compared, and what is allowed to differ; shares and pauses as people write them."""

    base: Path
    new: Path
    threshold: str = "2%"
    floor: str = ""
    aa: Path | None = None  # runs of one and the same kernel: what they differ by is noise
    max_pause: str = ""
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


def read_sides(question: GateOptions) -> Sides:
    """Read both sides and what differs between them; CannotJudge if that is too much."""
    base, new = (_read(path, question.force) for path in (question.base, question.new))
    unlike = tuple(differences(base, new))
    if unlike and not question.force:
        raise CannotJudge(f"these cannot be compared: {'; '.join(unlike)}", "or --force")
    turns = took_turns(question.base, question.new)
    return Sides(base, new, unlike, tuple(changes(base, new)), turns)


def _read(path: Path, force: bool) -> Side:
    """Read a side; CannotJudge if it is not there, as after a build or a run that broke."""
    runs = runs_below(path)
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            (runs[0] / "run.json").stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CannotJudge(f"{error.filename}: {error.strerror}", "this side is missing") from None
    except OSError:  # the reader says what is wrong
        pass
    return read_side(runs, force)


def ask(question: GateOptions, sides: Sides) -> Judgement:
    """Judge each cell of either side; UsageError for a threshold, floor or budget that is none."""
    unit = _ticks(sides.new)
    clock = Clock.ICOUNT if unit == Clock.ICOUNT.unit else Clock.WALL
    rule = Rule(
        clock=clock,
        threshold=_parsed("--threshold", parse_share, question.threshold),
        floor=_floor(question),
        interleaved=sides.interleaved,
    )
    budget = _budget(question.max_pause or sides.new.facts.get("max pause", ""), unit)
    judgement = judge(pairs(sides.base, sides.new), Limits(rule, budget, question.strict))
    no_result = sides.base.facts.get("no result") or sides.new.facts.get("no result", "")
    return replace(judgement, no_result=no_result)


def pairs(base: Side, new: Side) -> list[CellPair]:
    """Pair the cells of both sides by name; a cell that one of them lacks has a pair too."""
    unknown = "it knows no such cell"
    found = [
        CellPair(
            key_name(key),
            _values(base, key),
            _values(new, key),
            base.without.get(key, unknown),
            new.without.get(key, unknown),
        )
        for key in keys_of(base, new)
    ]
    return sorted(found, key=lambda pair: pair.name)


def _values(side: Side, key: Key) -> Samples | None:
    found = side.cells.get(key)
    if found is None:
        return None
    in_ticks = found.values * _NS if side.unit == _SECOND else found.values
    return samples_of(found.boots, in_ticks)


def _ticks(side: Side) -> str:
    """Name the unit of `_values`: pyperf's seconds become ns, which budgets are in."""
    return Clock.WALL.unit if side.unit == _SECOND else side.unit


def _floor(question: GateOptions) -> float | None:
    if question.floor:
        return _parsed("--floor", parse_share, question.floor)
    if question.aa is None:
        return None
    return floor_of(_read(question.aa, question.force))


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
