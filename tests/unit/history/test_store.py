# SPDX-License-Identifier: GPL-2.0-only
"""The store of a history: what it keeps, two that grow apart, and files that are damaged."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import BenchError, UsageError
from bench.history.point import PointValue
from bench.history.read import read_points
from bench.history.store import append, point_text, stored_point
from bench.model.method import Phase
from bench.results.crc import add_crc, check_crc
from bench.sides import read_side
from tests.unit.commands.test_git import git
from tests.unit.histories import LEVEL, commit, day, side, store_of, stored
from tests.unit.profiled import profiled_run
from tests.unit.runs import NEW, RESET


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return store_of(tmp_path / "history", [LEVEL] * 4)


def files(store: Path) -> list[Path]:
    return sorted(store.iterdir())


def test_a_point_is_what_was_stored(tmp_path: Path) -> None:
    path = stored(tmp_path / "history", 3, side({RESET: LEVEL, NEW: 1001.0}, boots=3))
    point = stored_point(path, path.read_bytes())
    assert (point.commit, point.date, point.name) == (commit(3), day(3), path.stem)
    assert point.cells == {
        RESET: PointValue(
            (LEVEL,) * 3, {Phase.RELEASE: (LEVEL / 2,) * 3, Phase.EXEC: (LEVEL / 2,) * 3}
        ),
        NEW: PointValue((1001.0,) * 3, {Phase.RELEASE: (500.0,) * 3, Phase.EXEC: (501.0,) * 3}),
    }
    assert point.facts == side({RESET: LEVEL}).facts


def test_names_are_in_the_order_of_dates(store: Path) -> None:
    assert [path.name[:8] for path in files(store)] == [
        "20260101",
        "20260102",
        "20260103",
        "20260104",
    ]


def test_a_file_is_small(tmp_path: Path) -> None:
    """A boot's reps are one number."""
    assert stored(tmp_path, 1, side({RESET: LEVEL, NEW: LEVEL}, boots=10)).stat().st_size < 4096


def test_the_same_point_is_there_once(store: Path) -> None:
    made = side({RESET: 7.0})
    texts = [point_text(made, day(9), commit(9), "a run") for _ in range(2)]
    first, again = (append(store, text) for text in texts)
    assert (first[0], first[1], again[1]) == (again[0], True, False)
    assert len(files(store)) == 5


def test_a_run_with_the_same_values_is_another_point(store: Path) -> None:
    for run in ("a run", "another"):
        append(store, point_text(side({RESET: 7.0}), day(9), commit(9), run))
    assert len(files(store)) == 6


def test_a_run_has_one_commit(store: Path) -> None:
    made = side({RESET: 7.0})
    append(store, point_text(made, day(9), commit(9), "a run"))
    with pytest.raises(UsageError, match="of another commit"):
        append(store, point_text(made, day(9), commit(8), "a run"))


def test_two_branches_that_add_points_merge(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    store = store_of(tree / "history", [LEVEL])
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "tree")
    for branch, number in (("main", 1), ("other", 2)):
        if branch == "other":
            git(tree, "switch", "--quiet", "--create", "other", "HEAD~1")
        else:
            git(tree, "add", "--all")
            git(tree, "commit", "--quiet", "-m", "a point")
        stored(store, number, side({RESET: LEVEL}))
        git(tree, "add", "--all")
        git(tree, "commit", "--quiet", "-m", "a point")
    git(tree, "merge", "--quiet", "--no-edit", "main")
    assert [point.commit for point in read_points([store]).points] == [
        commit(number) for number in range(3)
    ]


def test_functions_of_profiles_are_kept(tmp_path: Path) -> None:
    path = stored(tmp_path / "history", 1, read_side(profiled_run(tmp_path / "run")))
    point = stored_point(path, path.read_bytes())
    assert point.profiles == (path,)


def test_nothing_is_left_of_a_write_that_failed(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UsageError, match="No space left"):
        stored(store, 9, side({RESET: LEVEL}))
    assert len(files(store)) == 4


def changed(path: Path, **fields: Any) -> None:
    """Change fields of a point, whose crc is right again."""
    whole = json.loads(check_crc(path.read_bytes()))
    path.write_text(add_crc(json.dumps({**whole, **fields})))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"bench_history": 2}, "format 2"),
        ({"bench_history": True}, "format True"),
        ({"date": "yesterday"}, "no date"),
        ({"commit": "HEAD"}, "no id of a commit"),
        ({"phases": []}, "its phases are not those of its cells"),
        ({"phases": [{"exec": [1.0, 2.0]}, {}]}, "not of its 1 boots"),
        ({"phases": [{"exec": [-1.0]}, {}]}, "phases"),
        ({"phases": [{"lunch": [1.0]}, {}]}, "phases"),
        ({"baseline": {}}, "format None"),
        ({"more": 1}, "more"),
    ],
)
def test_wrong_points_are_said_and_left_out(store: Path, fields: dict[str, Any], said: str) -> None:
    changed(files(store)[1], **fields)
    found = read_points([store])
    assert len(found.points) == 3
    (note,) = found.notes
    assert said in note
    assert note.startswith(f"left out: {files(store)[1]}")
    assert "\n" not in note


def test_a_change_is_seen_by_the_crc(store: Path) -> None:
    path = files(store)[2]
    path.write_text(path.read_text().replace("1000000", "1000001", 1))
    assert "crc" in read_points([store]).notes[0]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_are_left_out_in_a_line(store: Path, data: st.DataObject) -> None:
    path = files(store)[1]
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        found = stored_point(path, bytes(whole))
    except BenchError as error:
        assert "\n" not in error.message
    else:  # white space, or the crc's own name
        assert found.cells[RESET].value == LEVEL
