# SPDX-License-Identifier: GPL-2.0-only
"""What makes a boot itself, which session measured it, and in how many pieces its memory was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.model.cell import Clock
from bench.results.writer import Store
from bench.sides import Side, read_side
from tests.unit.runs import NEW, RESET, counts, sample, write_run, write_series
from tests.unit.side_files import MAKERS, Make, foreign


def session(number: int = 1, **more: str) -> dict[str, str]:
    return {"began": f"2026-01-0{number}T00:00:00+00:00", "helper": "h1", **more}


def host(path: Path, boot_ids: list[str], values: Any, first: int = 1) -> Path:
    found = [session(at, boot_id=boot_id) for at, boot_id in enumerate(boot_ids, first)]
    return write_run(path, values, executor={"name": "host"}, sessions=found)


def sessions_of(side: Side) -> list[int]:
    found = side.cells[NEW].sessions
    assert found is not None
    return [int(number) for number in found]


def test_boots_that_took_turns_are_of_one_session(tmp_path: Path) -> None:
    parent = write_series(tmp_path / "s", {"a": 1.0, "b": 1.0}, boots=3)
    both = [parent / place for place in ("a/01", "a/02", "b/01")]
    side = read_side([*both, write_run(tmp_path / "alone", {NEW: {1: [7], 2: [8]}})])
    assert sessions_of(side) == [1] * 12 + [2, 2]
    other = write_series(tmp_path / "other", {"a": 1.0, "b": 1.0}, boots=1)
    assert {*sessions_of(read_side([parent / "a/01", other / "b/01"]))} == {1, 2}


def test_a_run_that_was_resumed_is_one_session(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", {NEW: {1: [1], 2: [2]}}, sessions=[session(1), session(2)])
    assert sessions_of(read_side(run)) == [1, 1]


def test_boots_of_a_session_are_never_of_two(tmp_path: Path) -> None:
    """Runs on one boot of the host share its number: a boot belongs to one session."""
    a = host(tmp_path / "a", ["x"], {NEW: {1: [1]}})
    b = host(tmp_path / "b", ["x", "y"], {NEW: {1: [2], 2: [3]}}, 2)
    c = host(tmp_path / "c", ["z"], {NEW: {1: [4]}}, 4)
    side = read_side([a, b, c])
    assert (side.cells[NEW].boots.tolist(), sessions_of(side)) == ([1, 1, 2, 3], [1, 1, 1, 3])
    assert side.identities == {1: "boot_id x", 2: "boot_id y", 3: "boot_id z"}


@pytest.mark.parametrize("make", MAKERS)
def test_a_file_of_one_run_is_one_session(make: Make, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {NEW: {1: [5, 6], 2: [7]}})
    assert sessions_of(read_side(make(run, tmp_path / "file"))) == [1, 1, 1]
    theirs = read_side(foreign(tmp_path / "theirs.json")).cells["theirs"].sessions
    assert theirs is not None and theirs.tolist() == [1, 1, 1]


def extents_of(side: Side) -> list[int] | None:
    found = side.cells[NEW].extents
    return None if found is None else found.tolist()


def test_extents_are_known_of_all_values_or_of_none(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", {NEW: {1: [5, 6]}})
    Store(a).append([replace(sample(NEW, Clock.WALL, 2, 1, 7), extents=9)])
    assert extents_of(read_side(a)) == [2, 2, 9]
    b = write_run(tmp_path / "b", {NEW: {1: [8]}})
    assert extents_of(read_side([b, a])) == [2, 2, 2, 9]
    Store(b).append([replace(sample(NEW, Clock.WALL, 2, 1, 7), extents=0)])  # not of root
    assert extents_of(read_side(b)) is None
    assert extents_of(read_side([a, b])) is None


def identity(tmp_path: Path, name: str, clock: Clock = Clock.ICOUNT, **changed: Any) -> str:
    values = counts() if clock is Clock.ICOUNT else {NEW: {1: [5]}}
    return read_side(write_run(tmp_path / name, values, clock, **changed)).identities.get(1, "")


def test_a_count_is_decided_by_kernel_state_and_seed(tmp_path: Path) -> None:
    saved: dict[str, Any] = {"sessions": [session(state="aa")]}
    first = identity(tmp_path, "a", seed=1, **saved)
    assert first == "kernel 0123456789ab, seed 1, state aa"
    assert first == identity(tmp_path, "b", seed=1, sessions=[session(2, state="aa")])
    others = [
        identity(tmp_path, "c", seed=2, **saved),
        identity(tmp_path, "d", seed=1, sessions=[session(state="bb")]),
        identity(tmp_path, "e", seed=1, executor={"kernel_digest": "other"}, **saved),
        identity(tmp_path, "f", seed=1, sessions=[session()]),
    ]
    assert len({first, *others}) == 5 and "fresh" in others[-1]
    assert not identity(tmp_path, "g", executor={"kernel_digest": ""}, **saved)
    assert not identity(tmp_path, "h", seed=None, **saved)


def test_a_time_is_of_when_and_where_it_was_measured(tmp_path: Path) -> None:
    first = identity(tmp_path, "a", Clock.WALL, seed=1, sessions=[session(boot_id="x")])
    assert first == ("began 2026-01-01T00:00:00+00:00 x, kernel 0123456789ab, seed 1, boot 1")
    other = identity(tmp_path, "b", Clock.WALL, seed=1, sessions=[session(2, boot_id="x")])
    assert other != first
    assert not identity(tmp_path, "c", Clock.WALL, sessions=[])


def test_joined_boots_keep_what_is_theirs(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", {NEW: {1: [5], 2: [6]}}, seed=1, sessions=[session(1)])
    b = write_run(tmp_path / "b", {NEW: {3: [7]}, RESET: {1: [8]}}, seed=2, sessions=[session(2)])
    side = read_side([a, b])
    ends = {number: text.partition("seed ")[2] for number, text in side.identities.items()}
    assert ends == {1: "1, boot 1", 2: "1, boot 2", 3: "2, boot 1", 4: "2, boot 3"}
    assert side.began == {n: f"2026-01-0{1 + n // 3}T00:00:00+00:00" for n in (1, 2, 3, 4)}
    alone = read_side(b)
    assert [*alone.identities] == [1, 3] and np.unique(alone.cells[NEW].boots).tolist() == [3]
