# SPDX-License-Identifier: GPL-2.0-only
"""The next call undoes what the dead have left behind, and touches nothing of the living."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from bench.cleanup.journal import Journal, recover
from bench.cleanup.undo import read_value, write_value
from bench.machine.procfs import process
from bench.paths import cache_dir
from tests.unit.machines import POOL_SIZE, files, left, setting


def test_scratch_in_the_temporary_place(directory: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        (tmp_path / "bench-1/part").mkdir(parents=True)
        (tmp_path / "other").mkdir()
        foreign = {"kind": "scratch", "path": str(tmp_path / "other")}
        left(directory, {"kind": "scratch", "path": str(tmp_path / "bench-1")}, foreign)
        lines = recover()
    assert not (tmp_path / "bench-1").exists()
    assert (tmp_path / "other").exists()
    assert "is no scratch file of bench: left alone" in lines[0]


def test_a_path_need_not_be_text(directory: Path) -> None:
    path = cache_dir() / os.fsdecode(b"\xff %41 \xc3\xa9.tmp")
    with Journal() as journal:
        journal.note_scratch(path)
        path.touch()
        text = files(directory)[0].read_text()  # itself it is locked, wherever it goes
        left(directory).write_text(text)
        assert len(recover()) == 1
        assert not path.exists()


def test_a_dead_owner_is_undone_for(directory: Path, root: Path) -> None:
    write_value(root / POOL_SIZE, "9")
    left(directory, setting(root / POOL_SIZE, "4", "9"))
    (line,) = recover(root)
    assert line == f"left behind by process 1: {root / POOL_SIZE}: 4 again, was 9"
    assert read_value(root / POOL_SIZE) == "4"
    assert recover(root) == []
    assert files(directory) == []


@pytest.mark.parametrize(
    ("present", "settled", "after"),
    [
        ("7", False, "4"),  # killed while the pool grew from 4 to 9
        ("7", True, "7"),  # somebody else's
        ("12", False, "12"),
        ("never", False, "never"),
    ],
)
def test_a_pool_on_its_way(
    present: str, settled: bool, after: str, directory: Path, root: Path
) -> None:
    write_value(root / POOL_SIZE, present)
    left(directory, setting(root / POOL_SIZE, "4", "9", settled))
    assert len(recover(root)) == 1
    assert read_value(root / POOL_SIZE) == after


@pytest.mark.parametrize("alive", [True, False])
def test_an_owner_that_is_alive_is_left_alone(alive: bool, directory: Path, root: Path) -> None:
    """A pid that is used again is another process: it began later."""
    me = process(os.getpid())
    assert me
    write_value(root / POOL_SIZE, "9")
    left(directory, setting(root / POOL_SIZE, "4", "9"), pid=me.pid, start=me.start - (not alive))
    assert len(recover(root)) == (not alive)
    assert read_value(root / POOL_SIZE) == ("9" if alive else "4")


def test_a_lock_tells_of_an_owner_whose_pid_cannot_be_seen(directory: Path, root: Path) -> None:
    """In a container that shares the cache, process ids are others."""
    write_value(root / POOL_SIZE, "9")
    path = left(directory, setting(root / POOL_SIZE, "4", "9"), space=1)
    with path.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert recover(root) == []
        assert read_value(root / POOL_SIZE) == "9"
    assert len(recover(root)) == 1


def test_of_an_earlier_boot_only_files_are_left(directory: Path, root: Path) -> None:
    scratch = cache_dir() / "x.tmp"
    scratch.touch()
    write_value(root / POOL_SIZE, "9")
    session = {"kind": "session", "sid": os.getpid(), "start": 1, "mark": "0" * 16}
    entries = ({"kind": "scratch", "path": str(scratch)}, session)
    left(directory, setting(root / POOL_SIZE, "4", "9"), *entries, boot="0-0")
    assert recover(root) == [f"left behind by process 1: {scratch}: removed"]
    assert read_value(root / POOL_SIZE) == "9"
    assert files(directory) == []


def test_a_session_that_is_not_ours_is_left_alone(directory: Path) -> None:
    """Its number and times fit; but a number is used again, and these have not our mark."""
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as other:
        began = process(other.pid)
        assert began
        fields = {"kind": "session", "sid": other.pid, "start": began.start, "mark": "0" * 16}
        left(directory, fields)
        assert recover() == []
        assert other.poll() is None
        other.kill()
