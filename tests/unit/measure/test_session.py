# SPDX-License-Identifier: GPL-2.0-only
"""Who measured: sessions that can stand beside each other, and those that cannot."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import UsageError
from bench.executors.replay import ReplayExecutor
from bench.machine.facts import machine_facts
from bench.measure.resume import carry_on, open_again
from bench.model.cell import Clock
from bench.model.typed import plain
from bench.protocol.helper import helper_digest
from bench.results.crc import add_crc
from tests.unit.stored_runs import cut, resume, stored


def edit(path: Path, change: dict[str, Any]) -> None:
    """As somebody does on purpose: with the crc that it has then."""
    facts = json.loads((path / "run.json").read_text())
    del facts["crc"]
    (path / "run.json").write_text(add_crc(json.dumps({**facts, **change})))


def the_error(path: Path) -> str:
    before = stored(path) if (path / "samples.jsonl").is_file() else b""
    with pytest.raises(UsageError) as caught:
        resume(path)
    assert "\n" not in caught.value.message
    assert not before or stored(path) == before
    return caught.value.message


def test_a_session_says_who_measured(path: Path) -> None:
    cut(path, b"")
    resume(path)
    first, second = json.loads((path / "run.json").read_text())["sessions"]
    assert first["began"] <= second["began"] and second["began"].endswith("+00:00")
    assert first["command"] == "bench run small"
    assert second["command"] == "bench run --resume it"
    assert first["helper"] == second["helper"] == helper_digest()
    assert {*first} == {
        "began",
        "bench",
        "command",
        "host",
        "boot_id",
        "revision",
        "helper",
        "state",
    }


@pytest.mark.parametrize(
    ("table", "key", "told"),
    [
        ("executor", "name", "executor was guest, is replay"),
        ("executor", "kernel", "kernel was guest, is not known"),
        ("executor", "cmdline", "cmdline was guest, is not known"),
        ("machine", "cpu", "cpu was guest, is "),
        ("machine", "kernel", "machine's kernel was guest, is "),
    ],
)
def test_another_machine_is_refused(table: str, key: str, told: str, path: Path) -> None:
    facts = json.loads((path / "run.json").read_text())
    edit(path, {table: {**facts[table], key: "guest"}})
    message = the_error(path)
    assert message.startswith(f"{path}: cannot go on with it here: ")
    assert told in message


def test_another_clock_or_helper_is_refused(path: Path) -> None:
    resumed = open_again(path)
    with pytest.raises(UsageError, match="clock was icount, is wall"):
        carry_on(resumed, ReplayExecutor([], Clock.WALL), [])
    resumed.store.close()
    edit(path, {"sessions": [{"helper": "abc"}]})
    assert "helper was abc, is " in the_error(path)


def test_a_refusal_changes_nothing(path: Path) -> None:
    edit(path, {"executor": {"name": "guest"}})
    before = (path / "run.json").read_bytes()
    the_error(path)
    assert (path / "run.json").read_bytes() == before


def test_words_may_differ(path: Path) -> None:
    machine = plain(machine_facts())
    edit(path, {"executor": {"name": "replay", "reason": "a whim"}, "machine": machine})
    assert resume(path).finished


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 1}, "format 1 cannot be resumed"),
        ({"format": 8}, "format 8: this version of bench reads 1 to 7"),
        ({"seed": 2, "scenario": {}}, "its scenario is of another version of bench"),
        ({"scenario": {"name": "small", "novelty": 1}}, "scenario is of another version"),
        ({"plan": []}, "was planned by another version of bench"),
        ({"left_out": [1]}, "was planned by another version of bench"),
        ({"clock": "sundial"}, "clock: invalid enum value 'sundial'"),
    ],
    ids=str,
)
def test_what_cannot_go_on_says_why(change: dict[str, Any], told: str, path: Path) -> None:
    edit(path, change)
    assert told in the_error(path)


def test_another_seed_is_another_plan(path: Path) -> None:
    facts = json.loads((path / "run.json").read_text())
    edit(path, {"scenario": {**facts["scenario"], "seed": 99}})
    assert "was planned by another version" in the_error(path)


def test_a_run_that_never_began_says_so(path: Path) -> None:
    (path / "run.json").unlink()
    assert the_error(path) == f"{path}/run.json: No such file or directory"
