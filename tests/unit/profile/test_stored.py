# SPDX-License-Identifier: GPL-2.0-only
"""A profile is read as it was written, and a damaged file is said to be one."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from bench.errors import UsageError
from bench.model.cell import Backing, Cell, Pages
from bench.model.method import Method
from bench.model.units import GIB
from bench.profile.profile import Function, Profile, Spent
from bench.profile.stored import encoded, file_of, has_profile, load_profiles

CELL = Cell("sim-net-pa", Method.RESET_OWNER, GIB, Pages.THP, Backing.REAL, GIB)


def profile() -> Profile:
    """a calls b, which calls a again."""
    spans = {
        "release": Spent(10, np.array([0, 2]), np.array([[4, 1], [6, 2]])),
        "map": Spent(0, np.array([], dtype=np.int64), np.zeros((0, 2), dtype=np.int64)),
    }
    functions = (Function("a"), Function('operator<<(x&, "y")\n', "vhost"))
    tree = np.array([0, 1, 0]), np.array([-1, 0, 1])
    return Profile(CELL, 1, ("instructions", "calls"), functions, *tree, spans, ("said",))


def stored(run: Path, data: bytes) -> Path:
    (run / "profiles").mkdir()
    path = run / "profiles" / file_of(CELL)
    path.write_bytes(data)
    return path


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    stored(tmp_path, encoded(profile()))
    found = load_profiles(tmp_path)[CELL]
    assert encoded(found) == encoded(profile())
    assert has_profile(tmp_path, CELL)
    assert found.functions == profile().functions and found.notes == ("said",)


def test_a_recursive_function_counts_once_with_its_callees() -> None:
    own = profile().own(["release"])
    assert profile().by_function(own).tolist() == [10, 0]
    assert profile().with_callees(own).tolist() == [10, 6]


def test_the_callees_of_a_span_that_is_not_there_are_none() -> None:
    assert profile().own(["no-such-span"]).tolist() == [0, 0, 0]


def test_a_run_without_profiles_has_none(tmp_path: Path) -> None:
    assert load_profiles(tmp_path) == {}
    assert not has_profile(tmp_path, CELL)


def changed(**values: object) -> bytes:
    table = json.loads(gzip.decompress(encoded(profile())))
    return gzip.compress(json.dumps({**table, **values}).encode())


def spans_of(nodes: list[int], counts: list[list[int]]) -> dict[str, object]:
    return {"map": {"ticks": 1, "nodes": nodes, "counts": counts}}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "its end is missing"),
        (b"not gzip", "incorrect header"),
        (encoded(profile())[:-20], "its end is missing"),
        (changed(format=99), "format 99"),
        (changed(function_of=[0, 7, 0]), "function that it does not name"),
        (changed(parent_of=[-1, 1, 1]), "before its parent"),
        (changed(parent_of=[-1, 0]), "tree is not whole"),
        (changed(spans={"map": {"ticks": 1, "nodes": [5], "counts": [[1], [1]]}}), "span map"),
        (changed(spans={"map": {"ticks": 1, "nodes": [0], "counts": [[1]]}}), "span map"),
        (changed(spans=spans_of(nodes=[0, 0], counts=[[1, 2], [1, 1]])), "names a node twice"),
        (changed(spans=spans_of(nodes=[0], counts=[[0], [1]])), "no instruction"),
        (changed(spans={}), "no instruction"),
        (changed(spans=spans_of(nodes=[0, 1], counts=[[1, 2**63 - 1], [1, 1]])), "too large"),
        (changed(kinds=["loads", "calls"]), "kinds do not begin"),
        (changed(kinds=["instructions", "calls", "calls"]), "kinds do not begin"),
        (changed(rep="x"), "rep: expected int"),
        (changed(more=1), "more"),
    ],
)
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, data: bytes, why: str) -> None:
    path = stored(tmp_path, data)
    with pytest.raises(UsageError, match=why) as caught:
        load_profiles(tmp_path)
    assert str(path) in caught.value.message
    assert not has_profile(tmp_path, CELL)  # a run that is gone on with makes it again


def test_a_damaged_check_sum_is_noticed(tmp_path: Path) -> None:
    data = bytearray(encoded(profile()))
    data[len(data) // 2] ^= 1
    stored(tmp_path, bytes(data))
    with pytest.raises(UsageError, match="not a profile"):
        load_profiles(tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.profile.stored._MOST", 1000)
    stored(tmp_path, gzip.compress(b" " * 100_000))
    with pytest.raises(UsageError, match="too long"):
        load_profiles(tmp_path)
