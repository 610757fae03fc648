# SPDX-License-Identifier: GPL-2.0-only
"""A run that was killed goes on: wherever that was, it ends as if nothing had happened."""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.measure.resume import carry_on, open_again
from bench.model.cell import Clock
from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from bench.results.writer import create, load
from tests.unit.stored_runs import (
    PLAN,
    begun,
    cut,
    executor,
    mutated,
    resume,
    shape,
    stored,
)
from tests.unit.streams import Silent, make_scenario, recording

REPS = 3  # of each block: one warms up


@pytest.mark.parametrize("step", [37, pytest.param(1, marks=pytest.mark.long)])
def test_a_cut_at_any_byte(
    step: int, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept are the blocks that are whole, unchanged; the end is that of any run."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # up to 30,000 of them; no power fails here
    data, end = stored(whole), shape(load(whole).samples)
    lines = data.splitlines(keepends=True)
    blocks = [b"".join(lines[:3]), b"".join(lines[:5]), data]  # the second one failed
    path = Path(shutil.copytree(whole, tmp_path / "run"))
    facts = (path / "run.json").read_bytes()
    for at in range(0, len(data) + 1, step):
        (path / "run.json").write_bytes(facts)
        cut(path, data[:at])
        kept = max((block for block in blocks if len(block) <= at + 1), key=len, default=b"")
        resumed = resume(path)
        assert stored(path).startswith(kept)
        assert len(resumed.rest.blocks) == sum(len(block) > at + 1 for block in blocks)
        finished = load(path)
        assert shape(finished.samples) == end
        assert not finished.damage and not finished.missing


@settings(max_examples=200, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_an_accident_at_any_place(whole: Path, rng: random.Random) -> None:
    good, facts = stored(whole), (whole / "run.json").read_bytes()
    before = load(whole).samples
    try:
        cut(whole, mutated(rng, good))
        left = {*map(repr, load(whole).samples)}
        resumed = resume(whole)
        finished = load(whole)
        assert shape(finished.samples) == shape(before)
        assert not finished.damage and not finished.missing
        kept = [s for s in finished.samples if repr(s) in left]
        assert len(kept) >= len(before) - REPS * len(resumed.rest.blocks)
    finally:
        cut(whole, good)
        (whole / "run.json").write_bytes(facts)
        (whole / "samples.damaged.jsonl").unlink(missing_ok=True)


def test_nothing_is_deleted(path: Path) -> None:
    """A bad line in the middle: its block is measured again, what was there is kept aside."""
    lines = stored(path).splitlines(keepends=True)
    bad = lines[1].replace(b'"extents": 2', b'"extents": 3')
    cut(path, b"".join([lines[0], bad, *lines[2:], b'{"torn']))
    resumed = resume(path)
    assert resumed.rest.blocks == PLAN.blocks[:1]
    assert resumed.set_aside == 4
    aside = (path / "samples.damaged.jsonl").read_bytes()
    assert aside == b"".join([lines[0], bad, lines[2], b'{"torn\n'])
    assert stored(path).startswith(b"".join(lines[3:]))


def test_what_is_set_aside_twice_is_all_there(path: Path) -> None:
    for rubbish in (b"one", b"two\n"):
        cut(path, stored(path) + rubbish)
        assert resume(path).set_aside == 1
    assert (path / "samples.damaged.jsonl").read_bytes() == b"one\ntwo\n"


def test_a_finished_run_is_finished(path: Path) -> None:
    before = stored(path)
    resumed = open_again(path)
    assert resumed.finished
    assert resumed.plan == PLAN
    assert resumed.set_aside == 0
    assert stored(path) == before
    assert not (path / "samples.damaged.jsonl").exists()


def test_a_last_line_without_its_end_gets_one(path: Path) -> None:
    before = stored(path)
    cut(path, before[:-1])
    assert open_again(path).finished
    assert stored(path) == before


def test_a_run_that_is_killed_again_keeps_what_it_measured(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    begun(path)
    for left in (3, 2):
        resumed = open_again(path)
        assert len(resumed.rest.blocks) == left
        replay = executor(resumed.rest)
        boots = carry_on(resumed, replay, ["run"])
        with pytest.raises(KeyboardInterrupt):
            run(resumed.rest, replay, resumed.store, OneBlock(), boots)
        resumed.store.close()
    assert len(resume(path).rest.blocks) == 1
    assert shape(load(path).samples) == shape(load(whole).samples)
    assert len(json.loads((path / "run.json").read_text())["sessions"]) == 4


class OneBlock(Silent):
    """Interrupts when the second block begins."""

    begun = 0

    def begin(self, block: object) -> None:
        self.begun += 1
        if self.begun == 2:
            raise KeyboardInterrupt


def test_what_was_left_out_is_said_once(tmp_path: Path) -> None:
    """Of a plan with a budget; also when it was killed before that was stored."""
    scenario = make_scenario(mem="64M,128M", pages="4k,thp", budget="20s")
    plan = make_plan(scenario)
    assert plan.left_out and plan.blocks
    store = create(tmp_path / "run", "small")
    replay = ReplayExecutor(recording(plan), Clock.ICOUNT)
    store.write_facts(run_facts(scenario, plan, replay, []))
    store.close()
    resumed = open_again(store.path)
    assert resumed.rest == plan
    run(resumed.rest, replay, resumed.store, Silent())
    resumed.store.close()
    assert open_again(store.path).finished


@pytest.mark.parametrize("overrides", [{}, {"break": "drop-mapping"}, {"budget": "10m"}])
@pytest.mark.parametrize("name", ["smoke", "live-update", "pin"])
def test_scenarios_come_back_from_their_dump(
    name: str, overrides: dict[str, Any], tmp_path: Path
) -> None:
    if name == "pin":
        overrides = {key: value for key, value in overrides.items() if key != "break"}
    scenario = load_scenario(name, overrides)
    plan = make_plan(scenario)
    store = create(tmp_path / "run", scenario.name)
    store.write_facts(run_facts(scenario, plan, executor(), []))
    store.close()
    resumed = open_again(store.path)
    assert resumed.scenario == scenario
    assert resumed.plan == resumed.rest == plan


def test_boots_go_on_counting(path: Path) -> None:
    """After a reboot the kernel that runs is another one; without, it is the same."""
    cut(path, b"".join(stored(path).splitlines(keepends=True)[:3]))
    resumed = open_again(path)
    assert resumed.boots == 1
    assert carry_on(resumed, executor(), []) == 0
    other = replace(resumed.facts.sessions[0], boot_id="other")
    resumed.store.write_facts(replace(resumed.facts, sessions=(other,)))
    resumed.store.close()
    resumed = resume(path)
    assert [sample.boot for sample in load(path).samples] == [1, 1, 1, 2, 2, 2, 2, 2]


class Saved(ReplayExecutor):
    """Goes on from a saved state, as the guest's executor."""

    saved_state = "0badcafe"


@pytest.mark.parametrize(("state", "boot"), [("0badcafe", 1), ("0badcaff", 2), ("", 2)])
def test_a_saved_state_is_the_same_boot(state: str, boot: int, path: Path) -> None:
    """Also after a reboot of the machine; a guest that was saved anew is another one."""
    cut(path, b"".join(stored(path).splitlines(keepends=True)[:3]))
    resumed = open_again(path)
    first = replace(resumed.facts.sessions[0], boot_id="other", state=state)
    resumed.store.write_facts(replace(resumed.facts, sessions=(first,)))
    resumed.store.close()
    resumed = open_again(path)
    replay = Saved(recording(resumed.rest), Clock.ICOUNT)
    boots = carry_on(resumed, replay, [])
    run(resumed.rest, replay, resumed.store, Silent(), boots)
    resumed.store.close()
    assert [sample.boot for sample in load(path).samples] == [1] * 3 + [boot] * 6
    sessions = json.loads((path / "run.json").read_text())["sessions"]
    assert [session["state"] for session in sessions] == [state, "0badcafe"]


def test_consoles_of_guests_that_were_killed_are_gathered(path: Path) -> None:
    (path / "console.log").write_text("whole\n")
    (path / "console-2.log").write_text("second\n")
    (path / "console-1.log").write_text("first\n")
    open_again(path).store.close()
    assert (path / "console.log").read_text() == "whole\nfirst\nsecond\n"
    assert not [*path.glob("console-*")]


class Fresh(ReplayExecutor):
    """Has started no kernel yet, as the guest's executor."""

    boots = 0


def test_boots_of_guests_go_on_counting_without_a_reboot(path: Path) -> None:
    resumed = open_again(path)
    assert carry_on(resumed, Fresh([], Clock.ICOUNT), []) == 1
