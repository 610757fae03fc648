# SPDX-License-Identifier: GPL-2.0-only
"""Say how a cell went along a history, and what that comes to: a verdict and a reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from bench.history.point import HistoryPoint
from bench.model.cell import Cell, Clock
from bench.model.method import Phase
from bench.stats.creep import Standing
from bench.stats.decision import percent

EXIT_STEADY, EXIT_REGRESSED, EXIT_NO_VERDICT = 0, 1, 125


# States of a change point.
BEFORE_BREAK, ACCEPTED, OPEN = "before a break", "accepted", "open"
UNDONE, UNDOES = "undone", "undoes one"


class HistoryVerdict(StrEnum):
    """What a history says of a cell."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    STEADY = "steady"
    UNCLEAR = "unclear"
    UNJUDGED = "unjudged"


@dataclass(frozen=True)
class HistoryBreak:
    """A point from which on nothing can be compared with what was before, and why."""

    at: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class LevelChange:
    """A change point of a pause: ``at`` is the first point of the new level.

    Levels are in the unit of the clock. ``points`` are those at and behind it in its regime.
    ``gradual``: its first points are nearer to the old level. ``phases`` are those that moved,
    and by how many ticks, ``functions`` a sentence. ``state`` is what it is to the verdict.
    """

    at: int
    before: float
    after: float
    points: int
    gradual: bool
    phases: tuple[tuple[Phase, float], ...] = ()
    functions: str = ""
    state: str = BEFORE_BREAK

    @property
    def size(self) -> float:
        """Return the change as a logarithm."""
        return float(np.log(self.after / self.before))


@dataclass(frozen=True)
class PhaseMove:
    """A change point of a phase alone, as a part of the cell's median pause."""

    phase: Phase
    at: int
    size: float


@dataclass(frozen=True)
class CellTrack:
    """A cell along a history: ``places`` are the points that have it, ``values`` their pauses.

    ``levels`` are the first and the last place of each segment, and its level.
    ``reference`` is the place of the point that it is held against.
    """

    cell: Cell
    places: tuple[int, ...]
    values: tuple[float, ...]
    levels: tuple[tuple[int, int, float], ...]
    changes: tuple[LevelChange, ...]
    moves: tuple[PhaseMove, ...]
    verdict: HistoryVerdict = HistoryVerdict.UNJUDGED
    reason: str = ""
    reference: int | None = None
    standing: Standing | None = None
    crept: bool = False

    @property
    def open(self) -> tuple[LevelChange, ...]:
        """Return the change points since the reference that are not undone."""
        return tuple(change for change in self.changes if change.state == OPEN)


@dataclass(frozen=True, eq=False)
class Lane:
    """The points of one clock: ``regime`` is the first one since the last break.

    ``reference`` is the point that was named; None where none was.
    """

    points: tuple[HistoryPoint, ...]
    breaks: tuple[HistoryBreak, ...]
    regime: int
    reference: int | None = None
    tracks: tuple[CellTrack, ...] = ()

    @property
    def clock(self) -> Clock:
        return self.points[0].clock

    @property
    def unit(self) -> str:
        return self.clock.unit


def exit_code(lanes: Sequence[Lane]) -> int:
    """Return 1 for a regression, 125 where no cell could be judged, else 0."""
    verdicts = {track.verdict for lane in lanes for track in lane.tracks}
    if HistoryVerdict.REGRESSION in verdicts:
        return EXIT_REGRESSED
    return EXIT_STEADY if verdicts - {HistoryVerdict.UNJUDGED} else EXIT_NO_VERDICT


def unjudged(track: CellTrack, why: str) -> CellTrack:
    """Say why a cell has no verdict."""
    return replace(track, verdict=HistoryVerdict.UNJUDGED, reason=why)


def judged(
    lane: Lane, track: CellTrack, reference: int, standing: Standing, threshold: float, least: float
) -> CellTrack:
    """Give a cell its verdict by where it stands, and by the changes since the reference.

    Beyond the threshold without a step as large is creep.
    """
    track = replace(track, reference=reference, standing=standing)
    states = (_state(lane, track, change, standing, least) for change in track.changes)
    changes = zip(track.changes, states, strict=True)
    track = replace(track, changes=tuple(replace(c, state=state) for c, state in changes))
    limit = np.log1p(threshold)
    large = any(abs(change.size) > limit and not change.gradual for change in track.open)
    track = replace(track, crept=standing.beyond != 0 and not large)
    if standing.beyond > 0 or any(change.size > 0 for change in track.open):
        verdict = HistoryVerdict.REGRESSION
    elif standing.beyond < 0 or track.open:
        verdict = HistoryVerdict.IMPROVEMENT
    else:
        verdict = HistoryVerdict.UNCLEAR if standing.unsure else HistoryVerdict.STEADY
    return replace(track, verdict=verdict, reason=_reason(lane, track))


def _state(
    lane: Lane, track: CellTrack, change: LevelChange, standing: Standing, least: float
) -> str:
    """Say what a change is to the verdict.

    It is open while all levels since are on its new side. One downward that leads back to
    the reference undoes another one; one upward is open even then: what was gained is lost.
    """
    if change.at < lane.regime:
        return BEFORE_BREAK
    if track.reference is None or change.at <= track.reference:
        return ACCEPTED
    later = [np.log(level) for first, _, level in track.levels if first >= change.at]
    left = np.array([*later, standing.latest]) - np.log(change.before)
    if not (left * np.sign(change.size) > np.log1p(least)).all():
        return UNDONE
    better = standing.change < -np.log1p(least)
    return OPEN if change.size > 0 or better else UNDOES


def _reason(lane: Lane, track: CellTrack) -> str:
    standing, reference = track.standing, track.reference
    if standing is None or reference is None:
        return ""
    since = lane.points[reference].label
    if track.crept and standing.since is not None:
        first = lane.points[standing.since].label
        crept = f"crept by {percent(standing.change)} since {since}"
        return f"{crept}: beyond the threshold from {first} on"
    said = [
        f"{percent(c.size)} {'little by little from' if c.gradual else 'at'} "
        f"{lane.points[c.at].label}{' on' if c.gradual else ''}"
        for c in track.open
    ]
    if standing.unsure and not said:
        said.append(f"{percent(standing.change)} since {since}, within the noise")
    return "; ".join(said)
