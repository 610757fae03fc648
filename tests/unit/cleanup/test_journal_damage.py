# SPDX-License-Identifier: GPL-2.0-only
"""A journal that cannot be trusted is said, put aside, and never acted upon."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cleanup.journal import recover
from bench.machine.facts import boot_id
from bench.machine.procfs import pid_namespace

NAME = f"{boot_id()}_{pid_namespace()}_1_987654321_{'0' * 16}.json"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = tmp_path / "bench/journal"
    made.mkdir(parents=True)
    return made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format":2,"entries":[]}',
        '{"format":1}',
        '{"format":1,"entries":[{"kind":"other"}]}',
        '{"format":1,"entries":[{"kind":"scratch","path":"relative"}]}',
        '{"format":1,"entries":[{"kind":"scratch","path":5}]}',
        '{"format":1,"entries":[{"kind":"session","sid":"1","start":1,"mark":"0000000000000000"}]}',
        '{"format":1,"entries":[{"kind":"session","sid":0,"start":1,"mark":"0000000000000000"}]}',
        '{"format":1,"entries":[{"kind":"session","sid":1,"start":1,"mark":""}]}',
        "\udcff",
        " " * (1 << 20) + "[]",
    ],
)
def test_a_broken_journal_is_said_once_and_moved_aside(text: str, directory: Path) -> None:
    (directory / NAME).write_text(text, errors="surrogateescape")
    (line,) = recover()
    assert NAME in line and "moved aside to" in line
    assert recover() == []
    kept = directory / NAME.replace(".json", ".unreadable")
    assert kept.read_text(errors="surrogateescape") == text


@pytest.mark.parametrize("name", ["x.json", f"0_0_0_{'x' * 16}.json", "_.json"])
def test_a_name_that_says_no_owner(name: str, directory: Path) -> None:
    (directory / name).write_text('{"format":1,"entries":[]}')
    assert "is no journal of bench; moved aside" in recover()[0]
    assert recover() == []


def test_what_is_no_file(directory: Path) -> None:
    (directory / NAME).mkdir()
    os.mkfifo(directory / NAME.replace("_1_9", "_2_9"))
    (directory / NAME.replace("_1_9", "_3_9")).symlink_to("/etc/passwd")
    assert len(recover()) == 3
    assert recover() == []


def test_what_was_half_written_goes(directory: Path) -> None:
    (directory / NAME).with_suffix(".tmp").write_text("{")
    assert recover() == []
    assert [path.name for path in directory.iterdir()] == [".lock"]


def test_a_journal_of_another_user_is_not_obeyed(directory: Path, tmp_path: Path) -> None:
    """Root must not remove, kill or write what an ordinary user wrote into a file."""
    scratch = tmp_path / "bench/x"
    scratch.touch()
    path = directory / NAME
    path.write_text(
        json.dumps({"format": 1, "entries": [{"kind": "scratch", "path": str(scratch)}]})
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        (line,) = recover()
    assert f"left by user {path.stat().st_uid}" in line
    assert scratch.exists() and path.exists()


def test_a_directory_that_cannot_be_used(directory: Path) -> None:
    (directory / NAME).touch()
    (directory / ".lock").mkdir()
    (line,) = recover()
    assert "is not undone" in line


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert recover() == []


WORD = st.sampled_from(["/", "/sys", "/sys/\0", "/sys/kernel", "/%00", "/%ff", "", "never"])
NUMBER = st.integers(-1, 1 << 64) | st.none()
ENTRY = st.fixed_dictionaries(
    {"kind": st.sampled_from(["setting", "scratch", "session"])},
    optional={
        "path": WORD | st.text(),
        "before": WORD | st.text(),
        "after": WORD | st.text(),
        "settled": st.booleans(),
        "sid": NUMBER,
        "start": NUMBER,
        "mark": st.just("f" * 16) | st.text(),
    },
)
RUBBISH = st.recursive(st.none() | st.text() | NUMBER, lambda inner: st.lists(inner), max_leaves=5)


@given(
    body=st.fixed_dictionaries({"format": st.just(1), "entries": st.lists(ENTRY | RUBBISH)})
    | RUBBISH,
    cut=st.integers(0, 400),
)
def test_whatever_a_journal_says_there_is_no_exception(
    body: Any, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("rubbish")
    directory = base / "bench/journal"
    directory.mkdir(parents=True)
    text = json.dumps(body)
    (directory / NAME).write_text(text[:cut] if cut < len(text) else text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(base))
        lines = recover(base / "nowhere")
        assert all(isinstance(line, str) and line for line in lines)
        recover(base / "nowhere")
        assert not {path.suffix for path in directory.iterdir()} & {".tmp"}
