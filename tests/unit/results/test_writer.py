# SPDX-License-Identifier: GPL-2.0-only
"""The run directory: what was appended is what is loaded."""

import json
import resource
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock
from bench.model.facts import FORMAT, SessionFacts, WorkerFacts
from bench.model.method import Experiment
from bench.results.crc import add_crc
from bench.results.writer import Store, create, load
from tests.unit.runs import DIED, FACTS, SAMPLES, stored_rows


def test_what_is_appended_is_loaded(store: Store) -> None:
    store.append([DIED])
    assert load(store.path).samples == (*SAMPLES, DIED)
    assert load(store.path).clock is Clock.ICOUNT


def test_a_line_spells_the_factors_as_the_options_do(store: Store) -> None:
    row = stored_rows(store)[0]
    assert row["device"] == "sim-net-pa"
    assert row["method"] == "new-owner"
    assert row["mem"] == row["file"] == 64 << 20
    assert row["pages"] == "thp"
    assert (row["clock"], row["unit"]) == ("icount", "instructions")
    assert tuple(row["phases"]) == Experiment.LIVE_UPDATE.phases


def test_facts_carry_the_format(store: Store) -> None:
    facts = json.loads((store.path / "run.json").read_text())
    assert facts["format"] == FORMAT
    assert (next(iter(facts)), next(reversed(facts))) == ("format", "crc")
    assert facts.pop("crc") > 0
    assert facts == FACTS.as_json()


def test_a_session_is_added_and_what_a_newer_version_wrote_stays(store: Store) -> None:
    path = store.path / "run.json"
    newer = {**FACTS.as_json(), "novelty": [1], "machine": {"cpu": "A CPU", "colour": "red"}}
    path.write_text(add_crc(json.dumps(newer)))
    store.add_session(SessionFacts(host="a", helper="h1"))
    store.add_session(SessionFacts(host="b", helper="h1"))
    table = json.loads(path.read_text())
    sessions = [{"host": each["host"], "helper": each["helper"]} for each in table["sessions"]]
    assert sessions == [{"host": "a", "helper": "h1"}, {"host": "b", "helper": "h1"}]
    assert {name: table[name] for name in newer if name != "sessions"} == {
        name: value for name, value in newer.items() if name != "sessions"
    }
    assert load(store.path).facts.sessions[-1] == SessionFacts(host="b", helper="h1")


def test_a_run_that_knew_nothing_can_begin_again(tmp_path: Path) -> None:
    """It was killed before or while it wrote run.json."""
    for name in ("samples.jsonl", "run.tmp", "console.log"):
        assert create(tmp_path / "run", "small").path == tmp_path / "run"
        (tmp_path / "run" / name).touch()
    (tmp_path / "run" / "notes").touch()
    with pytest.raises(UsageError, match="exists"):
        create(tmp_path / "run", "small")


def test_a_line_ends_in_its_crc(store: Store) -> None:
    assert [list(row)[-1] for row in stored_rows(store)] == ["crc"] * 3
    assert len({row["crc"] for row in stored_rows(store)}) == 3


@pytest.mark.parametrize("version", [1, 2, 3, 5])
def test_formats_before_are_read(version: int, store: Store) -> None:
    """5 has no after_pause, 3 no settle, 2 runs for extents, 1 no threads, window or counters."""
    facts = {"scenario": {"name": "small"}, "seed": 1, "clock": "icount"}
    seal = str if version == 1 else add_crc  # which came with 2
    whole = {"format": version, **facts, "executor": {"name": "guest"}}
    (store.path / "run.json").write_text(seal(json.dumps(whole)))
    for row in (changed := stored_rows(store)):
        del row["crc"], row["after_pause"]
        if version <= 3:
            del row["settle"]
        if version < 3:
            row["runs"] = row.pop("extents")
        for key in ("threads", "window", "counters") if version == 1 else ():
            del row[key]
    text = "".join(seal(json.dumps(row)) + "\n" for row in changed)
    (store.path / "samples.jsonl").write_text(text)
    run = load(store.path)
    assert (run.samples, run.damage) == (SAMPLES, ())
    assert load(store.path).facts == replace(FACTS, format=version)


def test_facts_can_be_written_again(store: Store) -> None:
    store.write_facts(replace(FACTS, seed=2))
    assert load(store.path).facts.seed == 2
    assert sorted(path.name for path in store.path.iterdir()) == ["run.json", "samples.jsonl"]


def test_facts_hold_any_word_of_a_command_line(store: Store) -> None:
    facts = replace(FACTS, command="bench run \u00e9\udcff")
    store.write_facts(facts)
    assert load(store.path).facts == facts


def test_a_new_run_has_no_samples(tmp_path: Path) -> None:
    made = create(tmp_path / "deep" / "run", "small")
    made.write_facts(FACTS)
    assert load(made.path).samples == ()


def test_runs_are_named_by_time_and_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.paths.REPORTS", tmp_path)
    paths = {create(None, "small").path for _ in range(3)}
    assert len(paths) == 3
    assert all(path.parent == tmp_path and "-small" in path.name for path in paths)


def test_a_directory_that_exists_is_left_alone(store: Store) -> None:
    before = stored_rows(store)
    with pytest.raises(UsageError, match=r"^--out: .*/run exists$"):
        create(store.path, "small")
    assert stored_rows(store) == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"^--out: .*/file/run: Not a directory$"):
        create(tmp_path / "file" / "run", "small")
    with pytest.raises(CannotJudge, match=r"file/samples.jsonl: Not a directory$"):
        Store(tmp_path / "file").append(SAMPLES)
    with pytest.raises(CannotJudge, match=r"file/run.json: Not a directory$"):
        Store(tmp_path / "file").write_facts(FACTS)


def test_a_disk_that_fills_up_leaves_what_was_stored_before(store: Store) -> None:
    stored = (store.path / "samples.jsonl").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (stored + 100, limits[1]))
    try:
        with pytest.raises(CannotJudge, match=r"samples.jsonl: File too large$"):
            store.append(SAMPLES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load(store.path).samples == SAMPLES


def test_workers_of_a_session_that_went_on_are_added(store: Store) -> None:
    store.add_workers("local:2", [WorkerFacts(host="a", pid=1, blocks=(0, 2))])
    store.add_workers("dask:there", [WorkerFacts(host="b", pid=1, blocks=(1,))])
    executor = load(store.path).facts.executor
    assert executor.engine == "local:2"
    assert [(each.host, each.blocks) for each in executor.workers] == [("a", (0, 2)), ("b", (1,))]
