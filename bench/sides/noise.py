# SPDX-License-Identifier: GPL-2.0-only
"""Compute by how much whole sessions of one kernel differ, which their boots cannot show."""

from collections.abc import Mapping

import numpy as np

from bench.model.cell import Clock
from bench.sides.side import CellValues, Key, SessionNoise, Side

LEAST_SESSIONS = 3


def session_noise(side: Side) -> Mapping[Key, SessionNoise]:
    """Return the noise between sessions of each cell by a wall clock, where it is known.

    What a baseline keeps stands before what can be computed. A cell of less than three sessions
    has none, nor has one with a median of 0: noise is relative.
    """
    if side.facts.get("clock") != Clock.WALL:
        return {}
    found = {key: _noise(values) for key, values in side.cells.items()}
    return {**{key: each for key, each in found.items() if each}, **side.noise}


def _noise(values: CellValues) -> SessionNoise | None:
    medians = session_medians(values)
    if len(medians) < LEAST_SESSIONS or not all(0 < each < np.inf for each in medians):
        return None
    return SessionNoise(float(np.std(np.log(medians), ddof=1)), len(medians))


def session_medians(values: CellValues) -> list[float]:
    """Return of each session the median over the medians of its boots; none where not known."""
    if values.sessions is None:
        return []
    sessions = values.sessions[np.unique(values.boots, return_index=True)[1]]
    medians = values.medians()
    return [float(np.median(medians[sessions == each])) for each in np.unique(sessions)]
