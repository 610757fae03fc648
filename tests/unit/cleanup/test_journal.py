# SPDX-License-Identifier: GPL-2.0-only
"""What was changed is as before at the end of the block, and the next call finds the rest."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cleanup import journal as journals
from bench.cleanup.journal import Journal, recover
from bench.cleanup.undo import read_value, write_value
from bench.errors import CannotJudge, NoSpace
from bench.paths import ROOT, cache_dir
from tests.unit.machines import POOL_SIZE, SERVER, SHMEM, files, left, machine, setting, values


def test_nothing_is_made_where_nothing_is_to_be_undone(directory: Path, root: Path) -> None:
    with Journal(root) as journal:
        assert journal.write_setting(root / SHMEM, "never") == "never"
    assert recover(root) == []
    assert not directory.parent.exists()


def test_a_setting_is_written_down_before_it_is_changed(directory: Path, root: Path) -> None:
    with Journal(root) as journal:
        assert journal.write_setting(root / SHMEM, "advise") == "advise"
        assert read_value(root / SHMEM) == "advise"
        entry = json.loads(files(directory)[0].read_text())["entries"][0]
        assert entry == setting(root / SHMEM, "never", "advise")
    assert read_value(root / SHMEM) == "never"
    assert journal.problems == []
    assert files(directory) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, CannotJudge])
def test_every_way_out_restores(error: type[BaseException], root: Path) -> None:
    before = values(root)
    with pytest.raises(error), Journal(root) as journal:
        journal.write_setting(root / SHMEM, "advise")
        journal.write_setting(root / POOL_SIZE, "9")
        raise error("x")
    assert values(root) == before


def test_what_cannot_be_written_down_is_not_done(directory: Path, root: Path) -> None:
    directory.parent.mkdir(parents=True)
    directory.touch()
    with Journal(root) as journal, pytest.raises(NoSpace, match="journal"):
        journal.write_setting(root / SHMEM, "advise")
    assert read_value(root / SHMEM) == "never"


def test_only_settings_of_the_system_are_changed(root: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "file", root / "etc/passwd", root / "sys/../etc/passwd"):
        with Journal(root) as journal, pytest.raises(ValueError, match="neither"):
            journal.write_setting(path, "1")


def test_what_somebody_else_has_changed_since_is_left(directory: Path, root: Path) -> None:
    with Journal(root) as journal:
        journal.write_setting(root / SHMEM, "advise")
        journal.write_setting(root / POOL_SIZE, "9")
        write_value(root / SHMEM, "always")
    assert read_value(root / SHMEM) == "always"
    assert read_value(root / POOL_SIZE) == "4"
    (problem,) = journal.problems
    assert "is always now, not advise as bench set it: left alone, it was never" in problem
    assert files(directory) == []


def test_what_fails_stays_for_the_next_call(
    directory: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken, Journal(root) as journal:
        journal.write_setting(root / SHMEM, "advise")
        journal.write_setting(root / POOL_SIZE, "9")

        def refuse(path: Path, value: str) -> None:
            if path == root / POOL_SIZE:
                raise OSError(5, "Input/output error")
            write_value(path, value)

        broken.setattr("bench.cleanup.undo.write_value", refuse)
    assert read_value(root / SHMEM) == "never"
    assert "Input/output error" in journal.problems[0]
    (path,) = files(directory)
    assert recover(root) == []  # its owner, which is us, is alive
    path.rename(left(directory))
    assert len(recover(root)) == 1
    assert read_value(root / POOL_SIZE) == "4"


STEPS = st.lists(
    st.tuples(st.sampled_from([name for name in SERVER if "isolated" not in name]), st.text("ab1")),
    max_size=8,
)


@given(steps=STEPS, fails=st.integers(0, 30), where=st.sampled_from(["store", "write", "read"]))
def test_a_failure_at_any_step_ends_with_everything_as_it_was(
    steps: list[tuple[str, str]], fails: int, where: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = machine(tmp_path_factory.mktemp("machine"), SERVER)
    before = values(root)
    name = {"store": "locked", "write": "write_value", "read": "read_value"}[where]
    real = getattr(journals, name)
    calls = 0

    def flaky(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == fails:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        patch.setattr(journals, name, flaky)
        with Journal(root) as journal:
            for path, value in steps:
                try:
                    journal.write_setting(root / path, value)
                except (OSError, NoSpace):
                    break
    assert values(root) == before


def test_scratch_is_removed_and_nothing_else() -> None:
    scratch, link = cache_dir() / "x.tmp", cache_dir() / "link"
    kept = cache_dir() / "kept"
    kept.mkdir()
    with Journal() as journal:
        journal.note_scratch(scratch)
        journal.note_scratch(link)
        journal.note_scratch(cache_dir() / "never-made")
        (scratch / "deep").mkdir(parents=True)
        link.symlink_to(kept)
        for path in (Path("/etc/passwd"), cache_dir(), cache_dir() / "x/../../y", Path("/tmp/x")):
            with pytest.raises(ValueError, match="neither"):
                journal.note_scratch(path)
    assert not scratch.exists() and not link.is_symlink() and kept.is_dir()
    assert journal.problems == []


def test_only_one_bench_tunes_at_a_time(directory: Path, root: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from bench.cleanup.journal import Journal\n"
        "with Journal(Path(sys.argv[1])) as j:\n"
        "    j.write_setting(Path(sys.argv[2]), 'advise'); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(root), str(root / SHMEM)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdin and other.stdout
        other.stdout.readline()
        with Journal(root) as journal, pytest.raises(CannotJudge, match=f"process {other.pid}"):
            journal.write_setting(root / POOL_SIZE, "9")
        assert recover(root) == []
        assert read_value(root / SHMEM) == "advise"
        other.stdin.close()
        assert other.wait(5) == 0
    assert values(root) == values(machine(root.parent / "other", SERVER))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What is started in the background may have been told to ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_waits_until_all_is_undone(root: Path) -> None:
    def undo_and_interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), Journal(root) as journal:
        journal.write_setting(root / SHMEM, "advise")
        journal.at_end(undo_and_interrupt)
    assert read_value(root / SHMEM) == "never"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
