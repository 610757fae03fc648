# SPDX-License-Identifier: GPL-2.0-only
"""A run directory that is damaged: the file and line are named, nothing is guessed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError, CannotJudge, UsageError
from bench.store import FORMAT, Store, create, load
from tests.unit.samples import FACTS, FAILED, SAMPLES, rows
from tests.unit.streams import mutations


def write_rows(store: Store, changed: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in changed)
    (store.path / "samples.jsonl").write_text(text)


def the_error(path: Path) -> str:
    with pytest.raises((UsageError, CannotJudge)) as caught:
        load(path)
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("kind", ["missing", "file", "empty"])
def test_what_is_no_run_directory_is_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / kind
    if kind == "file":
        path.touch()
    if kind == "empty":
        path.mkdir()
    assert the_error(path).startswith(f"{path}/run.json: ")


def test_missing_samples_are_named(store: Store) -> None:
    (store.path / "samples.jsonl").unlink()
    assert the_error(store.path) == f"{store.path}/samples.jsonl: No such file or directory"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"format": 1}',
        '{"format": 1, "clock": "sundial"}',
        '{"format": 1, "clock": []}',
        '{"format": 1, "clock": "icount", "executor": "guest"}',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_broken_facts_name_the_file(text: str, store: Store) -> None:
    (store.path / "run.json").write_text(text)
    assert the_error(store.path).startswith(f"{store.path}/run.json: ")


@pytest.mark.parametrize("version", [0, FORMAT + 1, None, "1", 1.5])
def test_another_format_is_refused(version: object, store: Store) -> None:
    facts = json.dumps({"format": version, **FACTS})
    (store.path / "run.json").write_text(facts)
    message = the_error(store.path)
    assert message.startswith(f"{store.path}/run.json: ")
    assert f"reads {FORMAT}" in message


def test_another_format_is_refused_whatever_else_it_holds(store: Store) -> None:
    (store.path / "run.json").write_text(f'{{"format": {FORMAT + 1}}}')
    assert f"format {FORMAT + 1}" in the_error(store.path)


def test_a_truncated_last_line_is_named(store: Store) -> None:
    path = store.path / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert the_error(store.path).startswith(f"{store.path}/samples.jsonl:3: ")


def test_bytes_that_are_no_text_are_named(store: Store) -> None:
    path = store.path / "samples.jsonl"
    path.write_bytes(path.read_bytes() + b"\xff\n")
    assert the_error(store.path).startswith(f"{path}: not text: ")


WEIRD: list[Any] = [None, True, -1, 1.5, 1e400, 1 << 64, "", "x", [], {}, {"map": 1}]


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "ns"},
        {"unit": "bananas"},
        {"clock": "wall"},
        {"clock": "wall", "unit": "ns"},
        {"pause": 1},
        {"pause": None},
        {"phases": {}},
        {"phases": {"map": 1001}},
        {"phases": []},
        {"phases": {"nap": 1001}},
        {"device": None},
        {"method": "magic"},
        {"mem": 0},
        {"mem": -1},
        {"mem": "64M"},
        {"mem": 1e400},
        {"mem": 64.5},
        {"file": True},
        {"regions": 0},
        {"regions": ""},
        {"boot": -1},
        {"boot": "1"},
        {"rep": None},
        {"rep": 1.5},
        {"status": None},
        {"status": ""},
    ],
    ids=str,
)
def test_a_wrong_line_is_named(change: dict[str, Any], store: Store) -> None:
    changed = rows(store)
    changed[1].update(change)
    write_rows(store, changed)
    assert the_error(store.path).startswith(f"{store.path}/samples.jsonl:2: ")


def test_a_pause_beyond_64_bits_is_named(store: Store) -> None:
    changed = rows(store)
    changed[1]["pause"] += 1 << 64
    changed[1]["phases"]["map"] += 1 << 64
    write_rows(store, changed)
    assert the_error(store.path).startswith(f"{store.path}/samples.jsonl:2: ")


@pytest.mark.parametrize("key", ["device", "pause", "phases", "unit", "status"])
def test_a_missing_field_is_named(key: str, store: Store) -> None:
    changed = rows(store)
    del changed[0][key]
    write_rows(store, changed)
    message = the_error(store.path)
    assert message.startswith(f"{store.path}/samples.jsonl:1: ")
    assert key in message


@pytest.mark.parametrize(
    "line", ["", "null", "[]", "{}", "7", pytest.param("[" * 100_000, id="deep")]
)
def test_a_line_that_is_no_sample_is_named(line: str, store: Store) -> None:
    with (store.path / "samples.jsonl").open("a") as handle:
        handle.write(f"{line}\n")
    assert the_error(store.path).startswith(f"{store.path}/samples.jsonl:4: ")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = create(tmp_path_factory.mktemp("damage") / "run", "small")
    made.write_facts(FACTS)
    made.append([*SAMPLES, FAILED])
    return made


@pytest.mark.parametrize("name", ["samples.jsonl", "run.json"])
@settings(max_examples=500)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_consistent(
    name: str, data: st.DataObject, scratch: Store
) -> None:
    path = scratch.path / name
    good = path.read_bytes()
    try:
        path.write_bytes(data.draw(mutations(good)))
        loaded = load(scratch.path).samples
    except BenchError:
        return
    finally:
        path.write_bytes(good)
    assert all(sum(s.phases.values()) == s.pause for s in loaded if s.ok)


@settings(max_examples=500)
@given(st.data())
def test_a_weird_value_is_refused_or_consistent(scratch: Store, data: st.DataObject) -> None:
    path = scratch.path / "samples.jsonl"
    good = path.read_bytes()
    changed = rows(scratch)
    key = data.draw(st.sampled_from(sorted(changed[0])))
    changed[0][key] = data.draw(st.sampled_from(WEIRD))
    try:
        write_rows(scratch, changed)
        loaded = load(scratch.path).samples
    except BenchError:
        return
    finally:
        path.write_bytes(good)
    assert all(sum(s.phases.values()) == s.pause for s in loaded if s.ok)
