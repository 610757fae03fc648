# SPDX-License-Identifier: GPL-2.0-only
"""Noise between whole sessions: against a computation by hand, and where there is none."""

from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from statistics import stdev

import numpy as np
import pytest

from bench.model.cell import Clock
from bench.sides import SessionNoise, Side, read_side, session_noise
from tests.unit.runs import NEW, RESET, write_run


def sessions(
    tmp_path: Path, *boots: Mapping[int, Sequence[int]], clock: Clock = Clock.WALL
) -> Side:
    """A run directory for each, which is a session of its own."""
    paths = [
        write_run(tmp_path / f"{at}", {NEW: values}, clock, seed=at)
        for at, values in enumerate(boots)
    ]
    return read_side(paths)


def test_noise_is_that_of_the_medians_of_sessions(tmp_path: Path) -> None:
    """Boots of one session count as one, however many they are."""
    side = sessions(
        tmp_path,
        {1: [1000, 1010, 9000], 2: [1020, 1030], 3: [1040]},
        {1: [1100]},
        {1: [1200], 2: [1300]},
    )
    expected = stdev(map(log, (1025, 1100, 1250)))
    found = session_noise(side)[NEW]
    assert found == SessionNoise(found.sd, 3) and found.sd == pytest.approx(expected)


def test_it_is_what_was_simulated(tmp_path: Path) -> None:
    """50 sessions of 3 boots with a standard deviation of 2 %: within 4 standard errors."""
    rng = np.random.default_rng(1)
    levels = 1e7 * np.exp(rng.normal(0, 0.02, 50))
    boots = [
        {b: [round(v) for v in level * rng.normal(1, 0.001, 3)] for b in (1, 2, 3)}
        for level in levels
    ]
    found = session_noise(sessions(tmp_path, *boots))[NEW]
    assert found.sessions == 50
    assert abs(found.sd - 0.02) < 4 * 0.02 / np.sqrt(2 * 49)


def test_two_sessions_are_too_few(tmp_path: Path) -> None:
    assert not session_noise(sessions(tmp_path, {1: [5], 2: [6], 3: [7]}, {1: [8]}))


def test_counts_and_medians_of_0_have_none(tmp_path: Path) -> None:
    for name, clock, low in (("a", Clock.ICOUNT, 5), ("b", Clock.WALL, 0)):
        side = sessions(tmp_path / name, *({1: [n]} for n in (low, 6, 7)), clock=clock)
        assert not session_noise(side)


def test_a_cell_that_few_sessions_measured_has_none(tmp_path: Path) -> None:
    values = [{NEW: {1: [5]}}, {NEW: {1: [6]}}, {NEW: {1: [7]}, RESET: {1: [8]}}]
    paths = [write_run(tmp_path / f"{at}", each, seed=at) for at, each in enumerate(values)]
    assert session_noise(read_side(paths)).keys() == {NEW}
