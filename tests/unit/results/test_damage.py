# SPDX-License-Identifier: GPL-2.0-only
"""A run directory that is damaged: what is whole is read, the rest is named, nothing guessed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import CannotJudge, UsageError
from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.measure.resume import open_again
from bench.model.cell import Clock
from bench.model.facts import FORMAT, SessionFacts
from bench.plan.matrix import make_plan
from bench.results.crc import add_crc
from bench.results.writer import Store, create, load
from tests.unit.runs import DIED, FACTS, SAMPLES, run_text, stored_rows
from tests.unit.stored_runs import PLAN, cut, stored
from tests.unit.streams import Silent, make_scenario, recording


def write_rows(store: Store, changed: list[dict[str, Any]]) -> None:
    """As somebody does who changes lines on purpose: with the crc that they have then."""
    for row in changed:
        row.pop("crc", None)
    text = "".join(add_crc(json.dumps(row)) + "\n" for row in changed)
    (store.path / "samples.jsonl").write_text(text)


def the_damage(store: Store, line: int) -> str:
    """What is wrong with the only line that is; the other samples are read."""
    run = load(store.path)
    assert run.samples == tuple(s for n, s in enumerate(SAMPLES, 1) if n != line)
    (damage,) = run.damage
    assert damage.startswith(f"samples.jsonl:{line}: not a sample: ")
    assert len(damage) < 300 and damage.isprintable()
    return damage


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
    named = path if kind == "file" else path / "run.json"
    assert the_error(path).startswith(f"{named}: ")


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
        '{"format": 1, "clock": "icount", "scenario": []}',
        '{"format": 2, "clock": "icount", "sessions": [3]}',
        '{"format": 2, "clock": "icount", "plan": 3}',
        '{"format": 2, "clock": "icount", "plan": [{"cells": [], "order": []}]}',
        '{"format": 2, "clock": "icount", "left_out": [{"cells": [{"mem": 1}], "why": ""}]}',
        '{"format": 2, "clock": "icount", "crc": 1.5}',
        '{"format": 2, "clock": "icount", "crd": 123}',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_broken_facts_name_the_file(text: str, store: Store) -> None:
    (store.path / "run.json").write_text(text)
    assert the_error(store.path).startswith(f"{store.path}/run.json: ")


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"clock": "sundial"}, "clock: invalid enum value 'sundial'"),
        ({"clock": None}, "clock: expected str, got null"),
        ({"clock": 3}, "clock: expected str, got int"),
        ({"seed": "1"}, "seed: expected int, got str"),
        ({"command": ["bench"]}, "command: expected str, got array"),
        ({"machine": []}, "machine: expected object, got array"),
        ({"machine": {"cpu": 3}}, "machine.cpu: expected str, got int"),
        ({"machine": {"cpus": "2"}}, "machine.cpus: expected int, got str"),
        ({"machine": {"cpus": True}}, "machine.cpus: expected int, got bool"),
        ({"machine": {"load": [1.0]}}, "machine.load: expected array of length 3, got 1"),
        ({"machine": {"hugepages": {"x": {}}}}, "hugepages: expected int, got str as a key"),
        ({"machine": {"hugepages": {"1": 2}}}, "machine.hugepages[...]: expected object, got int"),
        ({"machine": {"untrustworthy": "no"}}, "machine.untrustworthy: expected array, got str"),
        ({"executor": {"memory": 1.5}}, "executor.memory: expected int, got float"),
        ({"executor": {"devices": [{"path": 1}]}}, "devices[0].path: expected str, got int"),
        ({"scenario": {"question": 3}}, "scenario.question: expected str, got int"),
        ({"sessions": [{}, {"helper": 3}]}, "sessions[1].helper: expected str, got int"),
        ({"tune": 1}, "tune: expected bool, got int"),
        ({"tuned": {}}, "tuned: expected array, got object"),
        ({"plan": {}}, "plan: expected array, got object"),
    ],
    ids=str,
)
def test_a_fact_of_a_wrong_type_is_named(facts: dict[str, Any], told: str, store: Store) -> None:
    (store.path / "run.json").write_text(json.dumps({**FACTS.as_json(), **facts}))
    message = the_error(store.path)
    assert message.startswith(f"{store.path}/run.json: not a run: ") and told in message


def test_a_null_is_a_fact_that_is_not_there(store: Store) -> None:
    null = {"qemu": None, "memory": None, "devices": None, "name": "guest"}
    table = {**FACTS.as_json(), "executor": null, "machine": {"cpu": None, "load": None}}
    (store.path / "run.json").write_text(json.dumps(table))
    assert load(store.path).facts == FACTS


def test_facts_that_are_not_known_are_ignored(store: Store) -> None:
    newer = {**FACTS.as_json(), "novelty": {"a": 1}}
    newer["machine"]["colour"] = "red"
    (store.path / "run.json").write_text(json.dumps(newer))
    assert load(store.path).facts == FACTS


@pytest.mark.parametrize("version", [0, FORMAT + 1, 9, None, "1", 1.5, True])
def test_another_format_is_refused(version: object, store: Store) -> None:
    facts = json.dumps({**FACTS.as_json(), "format": version})
    (store.path / "run.json").write_text(facts)
    message = the_error(store.path)
    assert message.startswith(f"{store.path}/run.json: ")
    assert message.endswith(f"format {version!r}: this version of bench reads 1 to 7")


def test_another_format_is_refused_whatever_else_it_holds(store: Store) -> None:
    (store.path / "run.json").write_text(f'{{"format": {FORMAT + 1}}}')
    assert f"format {FORMAT + 1}" in the_error(store.path)


def test_a_truncated_last_line_is_named(store: Store) -> None:
    path = store.path / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    the_damage(store, 3)


def test_a_last_line_that_only_lost_its_end_is_read(store: Store) -> None:
    path = store.path / "samples.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    assert load(store.path).samples == SAMPLES


def test_bytes_that_are_no_text_are_named(store: Store) -> None:
    path = store.path / "samples.jsonl"
    path.write_bytes(path.read_bytes() + b'{"device": "\xff"}\n')
    assert the_damage(store, 4).endswith("it is no text")


def test_a_line_that_was_changed_is_named(store: Store) -> None:
    path = store.path / "samples.jsonl"
    path.write_text(path.read_text().replace('"pinned": 67108864', '"pinned": 67108865', 1))
    assert "crc" in the_damage(store, 1)


def test_a_line_twice_is_one_sample(store: Store) -> None:
    path = store.path / "samples.jsonl"
    first = path.read_text().splitlines(keepends=True)[0]
    path.write_text(path.read_text() + first)
    assert "another one of its cell, boot 1, rep 0" in the_damage(store, 4)


def test_a_reason_twice_is_one_sample(store: Store) -> None:
    store.append([DIED, DIED])
    run = load(store.path)
    assert run.samples == (*SAMPLES, DIED)
    assert len(run.damage) == 1


def test_no_more_than_a_handful_of_lines_is_named(store: Store) -> None:
    with (store.path / "samples.jsonl").open("a") as handle:
        handle.write("rubbish\n" * 100)
    run = load(store.path)
    assert run.samples == SAMPLES
    assert len(run.damage) == 6
    assert run.damage[-1] == "samples.jsonl: and 95 more lines"


def test_changed_facts_say_what_to_do(store: Store) -> None:
    path = store.path / "run.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    message = the_error(store.path)
    assert message.startswith(f"{path}: not a run: it was changed")
    assert message.endswith("its crc does not fit")


def test_facts_without_their_crc_are_damage(store: Store) -> None:
    """A change that drops the key would hide itself."""
    path = store.path / "run.json"
    facts = json.loads(path.read_text())
    del facts["crc"]
    path.write_text(json.dumps({**facts, "seed": 2}, indent=1))
    run = load(store.path)
    assert run.damage == ("run.json: it was changed after it was written: its crc is gone",)
    assert (run.samples, run.facts.seed) == (SAMPLES, 2)
    store.close()
    for write in (lambda: store.add_session(SessionFacts()), lambda: open_again(store.path)):
        with pytest.raises((CannotJudge, UsageError), match="its crc is gone"):
            write()


def test_a_line_without_its_crc_is_damage(store: Store) -> None:
    path = store.path / "samples.jsonl"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([re.sub(r', "crc": \d+', "", first), *rest]))
    assert the_damage(store, 1).endswith("it was changed after it was written: its crc is gone")


WEIRD: list[Any] = [None, True, -1, 1.5, 1e400, 1 << 64, "", "x", [], {}, {"map": 1}]


WRONG: dict[str, list[Any]] = {
    "unit": ["ns", "bananas"],
    "clock": ["wall"],
    "pause": [1, None],
    "phases": [{}, {"map": 1001}, [], {"nap": 1001}],
    "device": [None],
    "method": ["magic"],
    "mem": [0, -1, "64M", 1e400, 64.5],
    "file": [True],
    "regions": [0, ""],
    "boot": [-1, "1"],
    "rep": [None, 1.5],
    "status": [None, ""],
}


@pytest.mark.parametrize(
    "change",
    [{"clock": "wall", "unit": "ns"}, *({key: v} for key, of in WRONG.items() for v in of)],
    ids=str,
)
def test_a_wrong_line_is_named(change: dict[str, Any], store: Store) -> None:
    changed = stored_rows(store)
    changed[1].update(change)
    write_rows(store, changed)
    the_damage(store, 2)


def test_a_pause_beyond_64_bits_is_named(store: Store) -> None:
    changed = stored_rows(store)
    changed[1]["pause"] += 1 << 64
    changed[1]["phases"]["map"] += 1 << 64
    write_rows(store, changed)
    the_damage(store, 2)


@pytest.mark.parametrize("key", ["device", "pause", "phases", "unit", "status"])
def test_a_missing_field_is_named(key: str, store: Store) -> None:
    changed = stored_rows(store)
    del changed[0][key]
    write_rows(store, changed)
    assert key in the_damage(store, 1)


@pytest.mark.parametrize(
    "line", ["", "null", "[]", "{}", "7", pytest.param("[" * 100_000, id="deep")]
)
def test_a_line_that_is_no_sample_is_named(line: str, store: Store) -> None:
    with (store.path / "samples.jsonl").open("a") as handle:
        handle.write(f"{line}\n")
    the_damage(store, 4)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = create(tmp_path_factory.mktemp("damage") / "run", "small")
    made.write_facts(FACTS)
    made.append([*SAMPLES, DIED])
    return made


@settings(max_examples=500)
@given(st.data())
def test_a_weird_value_is_refused_or_consistent(scratch: Store, data: st.DataObject) -> None:
    path = scratch.path / "samples.jsonl"
    good = path.read_bytes()
    changed = stored_rows(scratch)
    key = data.draw(st.sampled_from(sorted(changed[0])))
    changed[0][key] = data.draw(st.sampled_from(WEIRD))
    try:
        write_rows(scratch, changed)
        loaded = load(scratch.path).samples
    finally:
        path.write_bytes(good)
    assert all(sum(s.phases.values()) == s.pause for s in loaded if s.ok)


def test_cells_that_were_not_reached_are_in_the_report(path: Path) -> None:
    cut(path, b"".join(stored(path).splitlines(keepends=True)[:3]))
    run = load(path)
    assert not run.damage
    assert [*run.missing] == [cell for block in PLAN.blocks[1:] for cell in block.cells]
    assert run_text(run).count("not measured: the run was interrupted") == 4


def test_a_block_that_lost_lines_is_in_the_report(path: Path) -> None:
    lines = stored(path).splitlines(keepends=True)
    cut(path, b"".join([*lines[:1], *lines[2:]]))
    (damage,) = load(path).damage
    assert damage.endswith("(reset-owner, new-owner): 2 of 3 lines are left")
    assert f"\n\nDamaged: what follows is made from the lines that are whole\n  {damage}\n" in (
        run_text(load(path))
    )


def test_a_block_that_lost_all_lines_is_in_the_report(path: Path) -> None:
    cut(path, b"".join(stored(path).splitlines(keepends=True)[3:]))
    run = load(path)
    assert "0 of 3 lines are left" in run.damage[0]
    assert {*run.missing.values()} == {"lost: its lines are damaged"}
    assert "Damaged" in run_text(run)


def test_a_sample_of_another_run_is_damage(path: Path, tmp_path: Path) -> None:
    other = make_scenario(mem="512M")
    store = create(tmp_path / "other", "small")
    replay = ReplayExecutor(recording(make_plan(other)), Clock.ICOUNT)
    store.write_facts(run_facts(other, make_plan(other), replay, []))
    run(make_plan(other), replay, store, Silent())
    before = load(path).samples
    cut(path, stored(path) + stored(store.path).splitlines(keepends=True)[0])
    assert load(path).samples == before
    assert load(path).damage[0].endswith("its cell is not in the plan")
