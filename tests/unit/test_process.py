# SPDX-License-Identifier: GPL-2.0-only
"""Processes end when they should: with an error, a deadline, their block, or us."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cleanup.journal import recover
from bench.errors import CannotJudge, MissingTool, NoSpace
from bench.paths import ROOT
from bench.process import Child, ProcessFailed, find_tool, run, spawn
from tests.unit.children import assert_dies, eventually, is_gone, pid_in


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of its own: what is killed here on purpose is not for the user's next call."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/bench"


SLEEP = ["sh", "-c", 'echo $$ >"$0"; exec sleep 1000']


def test_run_gives_the_output() -> None:
    assert run(["sh", "-c", "echo out; echo err >&2"]) == "out\n"


def test_run_gives_the_input() -> None:
    assert run(["cat"], stdin=b"some\xff") == "some\ufffd"
    assert run(["cat"]) == ""


def test_run_sets_the_place_and_the_environment(tmp_path: Path) -> None:
    script = 'pwd; echo "$LC_ALL $WORD"'
    said = run(["sh", "-c", script], cwd=tmp_path, env={"WORD": "banana"})
    assert said == f"{tmp_path}\nC banana\n"


def test_a_failing_command_is_quoted_by_its_last_line() -> None:
    argv = ["sh", "-c", "echo first; echo 'the last' >&2; exit 3"]
    with pytest.raises(ProcessFailed) as caught:
        run(argv)
    assert caught.value.message == "sh failed (exit 3): the last"
    assert caught.value.code == 3
    assert caught.value.output == "first\nthe last\n"
    assert caught.value.exit_code == 125
    assert "'the last'" in caught.value.hint.replace("'\"'\"'", "'")


def test_a_command_that_fails_in_silence() -> None:
    with pytest.raises(ProcessFailed, match=r"^false failed \(exit 1\): no output$"):
        run(["false"])


def test_a_missing_command_is_named() -> None:
    with pytest.raises(MissingTool, match="no-such-tool is not installed"):
        run(["no-such-tool"])


def test_a_command_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("no program")
    with pytest.raises(CannotJudge, match="tool"):
        run([str(tmp_path / "tool")])


def test_a_missing_tool_names_its_package() -> None:
    with pytest.raises(MissingTool) as caught:
        find_tool("no-such-tool", "the-package")
    assert caught.value.message == "no-such-tool is not installed"
    assert "the-package" in caught.value.hint


def test_a_tool_of_the_administrator_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert Path(find_tool("ldconfig", "libc-bin")).is_file()


def test_a_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed) as caught:
        run([*SLEEP, str(tmp_path / "pid")], timeout=0.3)
    assert caught.value.code == 124
    assert "no end after" in caught.value.message
    assert_dies(pid_in(tmp_path / "pid"))


def test_a_deadline_ends_what_the_command_started_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(ProcessFailed):
        run(["sh", "-c", 'sleep 1000 & echo $! >"$0"; wait', str(pid_file)], timeout=0.3)
    assert_dies(pid_in(pid_file))


@pytest.mark.parametrize(("grace", "left"), [(0, ["half"]), (5, [])])
def test_a_command_may_tidy_up_before_it_is_killed(
    grace: float, left: list[str], tmp_path: Path
) -> None:
    script = "trap 'rm half; exit' TERM; touch half; while :; do sleep 0.05; done"
    with pytest.raises(ProcessFailed, match=r"no end after"):
        run(["sh", "-c", script], cwd=tmp_path, timeout=0.5, grace=grace)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == left


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    script = "trap '' TERM; echo $$ >pid; while :; do sleep 0.05; done"
    with pytest.raises(ProcessFailed, match=r"no end after"):
        run(["sh", "-c", script], cwd=tmp_path, timeout=0.5, grace=0.2)
    assert_dies(pid_in(tmp_path / "pid"))


def test_a_child_ends_with_its_block(tmp_path: Path) -> None:
    with spawn([*SLEEP, str(tmp_path / "pid")], log=tmp_path / "log") as child:
        pid = pid_in(tmp_path / "pid")
        assert not is_gone(pid)
        assert child.exit_code() is None
        assert child.wait(0.01) is None
    assert is_gone(pid)
    assert child.exit_code() == -signal.SIGKILL


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_child_ends_with_an_exception(error: type[BaseException], tmp_path: Path) -> None:
    with (
        pytest.raises(error),
        spawn([*SLEEP, str(tmp_path / "pid")], log=tmp_path / "log"),
    ):
        pid = pid_in(tmp_path / "pid")
        raise error
    assert is_gone(pid)


def test_the_children_of_a_child_end_with_its_block(tmp_path: Path) -> None:
    script = 'sleep 1000 & echo $! >"$0"; wait'
    with spawn(["sh", "-c", script, str(tmp_path / "pid")], log=tmp_path / "log"):
        pid = pid_in(tmp_path / "pid")
    assert_dies(pid)


def test_a_child_that_ended_has_its_exit_code(tmp_path: Path) -> None:
    with spawn(["sh", "-c", "exit 7"], log=tmp_path / "log") as child:
        assert child.wait(5) == 7
        assert child.exit_code() == 7


def test_what_a_child_says_is_appended_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    with spawn(["sh", "-c", "echo out; echo err >&2"], log=log) as child:
        child.wait(5)
    assert log.read_text() == "before\nout\nerr\n"


def test_a_child_inherits_what_it_is_given_and_no_more(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    script = f"echo given >/proc/self/fd/{writing}; ls /proc/self/fd"
    with (
        os.fdopen(reading) as stream,
        spawn(["sh", "-c", script], log=tmp_path / "log", pass_fds=[writing]) as child,
    ):
        assert child.wait(5) == 0
        os.close(writing)
        assert stream.read() == "given\n"
    assert str(reading) not in (tmp_path / "log").read_text().split()


def test_a_missing_child_is_not_silent(tmp_path: Path) -> None:
    def start() -> Child:
        with spawn(["no-such-tool"], log=tmp_path / "log") as child:
            assert child.wait(5) == 127
            return child

    start()
    assert "no-such-tool" in (tmp_path / "log").read_text()


def test_no_child_begins_before_it_is_written_down(tmp_path: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "journal").touch()  # where a directory has to be
    with (
        pytest.raises(NoSpace, match="journal"),
        spawn([*SLEEP, str(tmp_path / "pid")], log=tmp_path / "log"),
    ):
        pass
    assert not (tmp_path / "pid").exists()


def test_nothing_is_written_down_about_what_has_ended(tmp_path: Path, cache: Path) -> None:
    with spawn([*SLEEP, str(tmp_path / "pid")], log=tmp_path / "log"):
        assert len([*(cache / "journal").glob("*.json")]) == 1
    assert [path.name for path in (cache / "journal").iterdir()] == [".lock"]


def test_what_a_child_leaves_behind_ends_with_its_block(tmp_path: Path) -> None:
    """In a process group of its own, and with nobody above it any more."""
    script = 'set -m; sleep 1000 & echo $! >"$0"'
    with spawn(["sh", "-c", script, str(tmp_path / "pid")], log=tmp_path / "log") as child:
        assert child.wait(5) == 0
        pid = pid_in(tmp_path / "pid")
        assert not is_gone(pid)
    assert_dies(pid)


PARENT = """
import sys, time
from pathlib import Path
from bench.process import spawn
with spawn(["sh", "-c", sys.argv[1], sys.argv[2]], log=Path(sys.argv[3])):
    time.sleep(1000)
"""


def kill_parent_of(script: str, tmp_path: Path, parent_code: str = PARENT) -> int:
    """The pid that the script wrote; whoever spawned the script was killed since."""
    words = [script, str(tmp_path / "pid"), str(tmp_path / "log")]
    with subprocess.Popen([sys.executable, "-c", parent_code, *words], cwd=ROOT) as parent:
        try:
            assert eventually((tmp_path / "pid").exists, 10)
            pid = pid_in(tmp_path / "pid")
            assert not is_gone(pid)
        finally:
            parent.kill()
        assert parent.wait(5) == -signal.SIGKILL
    return pid


def test_a_child_ends_when_we_are_killed(tmp_path: Path) -> None:
    assert_dies(kill_parent_of('echo $$ >"$0"; exec sleep 1000', tmp_path))


TIED = """
import sys
from bench.process import run
run(["sh", "-c", sys.argv[1], sys.argv[2]], tied=True)
"""


def test_a_command_that_is_tied_ends_when_we_are_killed(tmp_path: Path) -> None:
    assert_dies(kill_parent_of('echo $$ >"$0"; exec sleep 1000', tmp_path, TIED))


def test_what_a_child_had_started_ends_with_the_next_call(tmp_path: Path, cache: Path) -> None:
    pid = kill_parent_of('sleep 1000 & echo $! >"$0"; wait', tmp_path)
    try:
        assert not is_gone(pid)  # the kernel ended its parent only
        said = recover()
    finally:
        assert_dies(pid)
    assert len(said) == 1 and str(pid) in said[0]
    assert [path.name for path in (cache / "journal").iterdir()] == [".lock"]


def test_memory_that_runs_out_ends_the_child_and_not_bench(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with spawn(["cat", "/proc/self/oom_score_adj"], log=log) as child:
        assert child.wait(5) == 0
    assert log.read_text() == "1000\n"


def test_a_failure_is_described_by_the_line_that_names_a_limit() -> None:
    script = "echo 'cc: x.o: No space left on device' >&2; echo 'make: *** Error 1' >&2; exit 2"
    with pytest.raises(ProcessFailed, match="No space left") as failed:
        run(["sh", "-c", script])
    assert "df -i" in failed.value.hint
