# SPDX-License-Identifier: GPL-2.0-only
"""What a file system can do to a run directory: each is one line, and what was stored stays."""

import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.errors import BenchError, CannotJudge
from bench.measure.loop import run
from bench.measure.resume import carry_on, open_again
from bench.results.writer import create, load
from tests.unit.runs import SAMPLES
from tests.unit.stored_runs import PLAN, begun, cut, executor, resume, shape, stored
from tests.unit.streams import Silent

NOBODY = 65534


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The error of a full disk, for files that would become larger (Python ignores SIGXFSZ)."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Permissions do not bind root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def the_error(path: Path, call: Callable[[Path], object] = load) -> str:
    with pytest.raises(BenchError) as caught:
        call(path)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_full_disk_keeps_whole_blocks(whole: Path, tmp_path: Path) -> None:
    """Wherever it fills up; with room again, the run goes on."""
    path = tmp_path / "run"
    store = begun(path)
    room = (path / "run.json").stat().st_size
    for size in range(room, len(stored(whole)), 400):
        cut(path, b"")
        with largest_file(size), pytest.raises(CannotJudge, match=r"samples.jsonl: File too large"):
            run(PLAN, executor(), store, Silent())
        assert stored(whole).startswith(stored(path))
        assert not load(path).damage
    store.close()
    resume(path)
    assert shape(load(path).samples) == shape(load(whole).samples)


def test_a_full_disk_at_the_resume_loses_nothing(path: Path) -> None:
    lines = stored(path).splitlines(keepends=True)
    cut(path, b"".join(lines[1:]))
    before = stored(path)
    for size in (100, len(lines[1] + lines[2]), len(before) - 2000):
        with largest_file(size), pytest.raises(CannotJudge, match="File too large"):
            open_again(path)
        assert stored(path) == before
    assert not list(path.glob("*.tmp"))
    resume(path)
    assert not load(path).damage


def test_a_run_that_cannot_be_resumed_is_not_locked(path: Path) -> None:
    """While the exception is kept, too, and what it refers to."""
    lines = stored(path).splitlines(keepends=True)
    cut(path, b"".join(lines[1:]))
    with largest_file(100), pytest.raises(CannotJudge) as kept:
        open_again(path)
    open_again(path).store.close()
    assert kept.value.message


def test_a_full_disk_keeps_the_facts(path: Path) -> None:
    resumed = open_again(path)
    before = (path / "run.json").read_bytes()
    with largest_file(100), pytest.raises(CannotJudge, match=r"run.json: File too large"):
        carry_on(resumed, executor(), [])
    assert (path / "run.json").read_bytes() == before
    assert not list(path.glob("*.tmp"))


def test_a_device_that_is_full(path: Path) -> None:
    resumed = open_again(path)
    (path / "samples.jsonl").unlink()
    (path / "samples.jsonl").symlink_to("/dev/full")
    with pytest.raises(CannotJudge, match=r"samples.jsonl: No space left on device"):
        resumed.store.append(SAMPLES)
    assert the_error(path).endswith("samples.jsonl: not a file")


def test_a_directory_that_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read it is enough for a report."""
    path.parent.chmod(0o711)
    monkeypatch.chdir(path.parent)  # above it all is closed to others
    here = Path(path.name)
    cut(path, stored(path)[:-1])
    for name in ("run.json", "samples.jsonl"):
        (path / name).chmod(0o444)
    path.chmod(0o555)
    with ordinary_user():
        assert load(here).measured
        assert the_error(here, resume) == "whole/samples.jsonl: Permission denied"
        assert the_error(here / "sub", lambda out: create(out, "x")) == (
            "--out: whole/sub: Permission denied"
        )
        monkeypatch.setattr("bench.paths.REPORTS", Path(path.name))
        assert the_error(here, lambda _: create(None, "x")) == (
            "a run cannot be put into whole/ below the working directory: Permission denied"
        )
    path.chmod(0o755)


def test_files_that_cannot_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.chmod(0o711)
    monkeypatch.chdir(path.parent)
    for name in ("run.json", "samples.jsonl"):
        (path / name).chmod(0)
        with ordinary_user():
            assert the_error(Path(path.name)) == f"whole/{name}: Permission denied"
        (path / name).chmod(0o644)


def test_a_directory_that_vanishes(path: Path) -> None:
    resumed = open_again(path)
    shutil.rmtree(path)
    with pytest.raises(CannotJudge, match=r"samples.jsonl: No such file or directory"):
        resumed.store.append(SAMPLES)
    with pytest.raises(CannotJudge, match=r"run.json: No such file or directory"):
        carry_on(resumed, executor(), [])
    assert the_error(path) == f"{path}/run.json: No such file or directory"
    assert the_error(path, open_again) == f"{path}: No such file or directory"


def test_facts_that_vanish(path: Path) -> None:
    (path / "run.json").unlink()
    assert the_error(path) == f"{path}/run.json: No such file or directory"
    assert the_error(path, open_again) == f"{path}/run.json: No such file or directory"


def test_a_run_directory_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert the_error(path) == f"{path}: a file, and no run directory"
    assert the_error(path, open_again) == f"{path}: Not a directory"


def _directory(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("name", ["run.json", "samples.jsonl"])
@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_directory, "Is a directory"),
        (_loop, "Too many levels of symbolic links"),
        (os.mkfifo, "not a file"),
    ],
)
def test_what_is_no_file(name: str, make: Callable[[Path], None], told: str, path: Path) -> None:
    (path / name).unlink()
    make(path / name)
    assert the_error(path) == f"{path}/{name}: {told}"
    assert the_error(path, open_again) == f"{path}/{name}: {told}"


def test_a_symlink_loop_as_a_directory(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert the_error(path).endswith("run.json: Too many levels of symbolic links")
    assert the_error(path, open_again).endswith("loop: Too many levels of symbolic links")


@pytest.mark.parametrize("data", [b"", b"\0" * 4096, bytes(range(256)) * 9], ids=len)
def test_facts_of_rubbish(data: bytes, path: Path) -> None:
    (path / "run.json").write_bytes(data)
    assert the_error(path).startswith(f"{path}/run.json: not ")
    assert the_error(path, open_again).startswith(f"{path}/run.json: not ")


def test_no_samples_at_all(path: Path) -> None:
    cut(path, b"")
    found = load(path)
    assert not found.damage and not found.samples
    assert len(found.missing) == 6
    assert open_again(path).rest == PLAN


@pytest.mark.parametrize("data", [b"\0" * 4096, bytes(range(256)) * 9, b"\n" * 99], ids=len)
def test_samples_of_rubbish(data: bytes, path: Path) -> None:
    cut(path, data)
    found = load(path)
    assert found.damage and not found.samples
    assert len(found.missing) == 6
    assert all(what.isprintable() for what in found.damage)
    resume(path)
    assert not load(path).damage
    assert (path / "samples.damaged.jsonl").read_bytes().startswith(data)


@pytest.mark.parametrize(
    "line",
    [
        b"x" * 10_000_000,
        b'{"crc": ' * 1_250_000,
        b', "crc": 1' * 1_000_000,
        b'{"' + b"k" * 10_000_000 + b'": 1}',
        b'{"device": "x", "crc": ' + b"1" * 10_000_000 + b"}",
        b"{" + b" " * 10_000_000 + b"}",
    ],
    ids=range(6),
)
def test_a_line_of_ten_megabytes(line: bytes, path: Path) -> None:
    before = load(path).samples
    cut(path, line + b"\n" + stored(path))
    found = load(path)
    assert found.samples == before
    assert len(found.damage[0]) < 300
