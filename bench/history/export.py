# SPDX-License-Identifier: GPL-2.0-only
"""Write a history for programs: JSON with all that was found, and CSV for Apache Otava."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.errors import CannotJudge
from bench.history.analyse import HistoryRule
from bench.history.order import Ordered
from bench.history.point import HistoryPoint
from bench.history.track import CellTrack, Lane, LevelChange, exit_code
from bench.model.cell import Cell
from bench.model.typed import finite
from bench.sides import cell_name

FORMAT = 1  # of the JSON


def as_json(
    history: Ordered, lanes: Sequence[Lane], notes: Sequence[str], rule: HistoryRule
) -> str:
    """Write all of it: points, breaks, and each cell with its values and what was found."""
    whole = {
        "format": FORMAT,
        "order": history.order.value,
        "threshold": rule.threshold,
        "least": rule.least,
        "exit_code": exit_code(lanes),
        "notes": [*notes, *history.notes],
        "clocks": [_lane(lane) for lane in lanes],
    }
    return json.dumps(finite(whole), indent=1)


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "clock": lane.clock.value,
        "unit": lane.unit,
        "points": [_point(point) for point in lane.points],
        "breaks": [{"at": each.at, "reasons": each.reasons} for each in lane.breaks],
        "cells": [_track(lane, track) for track in lane.tracks],
    }


def _point(point: HistoryPoint) -> dict[str, Any]:
    return {
        "name": point.name,
        "date": point.date.isoformat() if point.date else None,
        "commit": point.commit or None,
        "replicas": point.replicas,
        "kernel": point.facts.get("kernel"),
    }


def _track(lane: Lane, track: CellTrack) -> dict[str, Any]:
    """Return what is known of a cell; "at" and "points" are places in the list of points."""
    values = [lane.points[at].cells[track.cell] for at in track.places]
    phases = dict.fromkeys(phase for value in values for phase in value.phases)
    return {
        "name": cell_name(track.cell),
        "cell": track.cell.factors(),
        "verdict": track.verdict.value,
        "reason": track.reason,
        "points": track.places,
        "values": track.values,
        "boots": [len(value.boots) for value in values],
        "phases": {phase.value: [value.phase(phase) for value in values] for phase in phases},
        "levels": [{"first": a, "last": b, "level": level} for a, b, level in track.levels],
        "standing": _standing(track),
        "changes": [_change(change) for change in track.changes],
        "phase_changes": [
            {"at": m.at, "phase": m.phase.value, "part_of_pause": m.size} for m in track.moves
        ],
    }


def _standing(track: CellTrack) -> dict[str, Any] | None:
    found = track.standing
    if found is None:
        return None
    return {
        "reference_at": track.reference,
        "reference": float(np.exp(found.reference)),
        "latest": float(np.exp(found.latest)),
        "ratio": float(np.exp(found.change)),
        "log_standard_error": found.error,
        "beyond": found.beyond,
        "beyond_since": found.since,
        "crept": track.crept,
    }


def _change(change: LevelChange) -> dict[str, Any]:
    return {
        "at": change.at,
        "before": change.before,
        "after": change.after,
        "ratio": change.after / change.before,
        "points_since": change.points,
        "gradual": change.gradual,
        "state": change.state,
        "phases": {phase.value: ticks for phase, ticks in change.phases},
        "functions": change.functions,
    }


def as_otava(lanes: Sequence[Lane]) -> str:
    """Write CSV as the importer of Apache Otava takes it: a row a point, a column a cell.

    Otava has no gaps: where a cell has no value it gets the one before, or the first one, as
    Otava itself fills them. CannotJudge for points of two clocks, or without a date.
    """
    if len(lanes) != 1:
        raise CannotJudge("--format otava: points of two clocks", "name those of one")
    points = lanes[0].points
    if missing := next((point.label for point in points if not point.date), ""):
        raise CannotJudge(f"--format otava: {missing} has no date", "Otava orders points by date")
    cells = [track.cell for track in lanes[0].tracks]
    columns = [_filled([_value(point.cells, cell) for point in points]) for cell in cells]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["time", "commit", "point", *map(cell_name, cells)])
    for at, point in enumerate(points):
        time = point.date.isoformat() if point.date else ""
        figures = [f"{column[at]:.10g}" for column in columns]
        table.writerow([time, point.commit, point.name, *figures])
    return text.getvalue()


def _value(cells: Mapping[Cell, Any], cell: Cell) -> float | None:
    return float(cells[cell].value) if cell in cells else None


def _filled(values: Sequence[float | None]) -> list[float]:
    last = next(value for value in values if value is not None)
    found = []
    for value in values:
        last = value if value is not None else last
        found.append(last)
    return found
