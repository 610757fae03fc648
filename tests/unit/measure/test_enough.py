# SPDX-License-Identifier: GPL-2.0-only
"""Reps that are needed: blocks end by what they measured, and what is stored shows that."""

import json
import os
import shutil
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.measure.resume import open_again
from bench.model.cell import Block, Clock, Plan, Rep, Unavailable
from bench.model.facts import RunFacts
from bench.model.method import Method
from bench.plan.matrix import make_plan
from bench.results.crc import add_crc
from bench.results.writer import Store, create, load
from tests.unit.command import Bench
from tests.unit.stored_runs import cut, resume, stored
from tests.unit.streams import (
    PIN_METHODS,
    Silent,
    line,
    make_scenario,
    messages,
    small_plan,
    split_pause,
)

# Three blocks: one that is steady, one whose first two rounds are not, one that never is.
SCENARIO = make_scenario(mem="64M,128M,256M", method="reopen,reset-owner,new-owner", reps="auto")
PLAN = make_plan(SCENARIO)
STEADY, LATE, NEVER = PLAN.blocks
WHOLE = len(STEADY.order)
DUE = {STEADY: 1 + 3 * 3, LATE: 1 + 9 * 3, NEVER: WHOLE}  # 9 values do without the two outermost

LEVEL = 5_000_000
Pauses = Callable[[int], int]  # by the number of the rep
PAUSES: Mapping[Block, Pauses] = {
    STEADY: lambda number: LEVEL + number,
    LATE: lambda number: LEVEL + number + 100_000 * {1: 1, 2: -1}.get((number + 2) // 3, 0),
    NEVER: lambda number: LEVEL + 10_000 * number,
}


def stream(block: Block, pauses: Pauses, without: tuple[Method, ...] = ()) -> list[str]:
    """What the helper writes for all of a block's order, with these pauses."""
    lines = messages(block, without=without)
    for message in lines:
        if message["t"] == "rep":
            pause = pauses(message["i"])
            phases = split_pause(pause, Method(message["method"]))
            message.update(pause=pause, phases=phases)
    return [line(message) for message in lines]


def lines_of(plan: Plan) -> list[str]:
    return [text for block in plan.blocks for text in stream(block, PAUSES[block])]


def executor(plan: Plan = PLAN, clock: Clock = Clock.ICOUNT) -> ReplayExecutor:
    return ReplayExecutor(lines_of(plan), clock)


def begun(path: Path, clock: Clock = Clock.ICOUNT) -> Store:
    store = create(path, SCENARIO.name)
    store.write_facts(run_facts(SCENARIO, PLAN, executor(clock=clock), ["run", "small"]))
    return store


def measured(path: Path, jobs: int = 1) -> Path:
    store = begun(path)
    run(PLAN, executor(), store, Silent(), jobs=jobs)
    store.close()
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measured(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


@pytest.mark.parametrize("clock", Clock)
def test_each_block_has_the_reps_that_it_needs(clock: Clock, tmp_path: Path) -> None:
    store = begun(tmp_path / "run", clock)
    run(PLAN, executor(clock=clock), store, Silent())
    found = load(store.path)
    assert not found.damage and not found.missing
    for block in PLAN.blocks:
        reps = [sample for sample in found.samples if sample.cell in block.cells]
        assert tuple(sample.cell.method for sample in reps) == block.order[: DUE[block]]
        assert [sample.rep for sample in reps] == [*range(DUE[block])]
        counts = {sum(s.ok and s.cell == cell for s in reps) for cell in block.cells}
        assert counts == {(DUE[block] - 1) // 3}


def test_a_number_is_a_number_however_steady(tmp_path: Path) -> None:
    plan = small_plan(reps=5)
    store = create(tmp_path / "run", "small")
    store.write_facts(RunFacts(clock=Clock.ICOUNT))
    (block,) = plan.blocks
    run(plan, ReplayExecutor(stream(block, lambda _: LEVEL), Clock.ICOUNT), store, Silent())
    assert len(load(store.path).samples) == 11


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_number_of_jobs_changes_nothing(jobs: int, whole: Path, tmp_path: Path) -> None:
    assert stored(measured(tmp_path / "run", jobs)) == stored(whole)


def test_a_run_that_was_killed_ends_as_any_other(
    whole: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind any line: a block that ended by itself is whole there, and nowhere before."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power fails here
    lines = stored(whole).splitlines(keepends=True)
    ends = [DUE[STEADY], DUE[STEADY] + DUE[LATE], sum(DUE.values())]
    facts = (path / "run.json").read_bytes()
    for at in range(len(lines) + 1):
        (path / "run.json").write_bytes(facts)
        cut(path, b"".join(lines[:at]))
        resumed = resume(path, executor)
        assert len(resumed.rest.blocks) == sum(at < end for end in ends)
        assert stored(path) == stored(whole)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (0, f"{DUE[LATE] - 1} of at least {DUE[LATE] - 1} lines are left"),
        (4, f"{DUE[LATE] - 1} of at least {DUE[LATE] - 1} lines are left"),
        (DUE[LATE] - 1, f"{DUE[LATE] - 1} of at least {DUE[LATE]} lines are left"),
    ],
)
def test_a_lost_line_is_missed(lost: int, said: str, whole: Path, path: Path) -> None:
    lines = stored(whole).splitlines(keepends=True)
    del lines[DUE[STEADY] + lost]
    cut(path, b"".join(lines))
    (damage,) = load(path).damage
    assert damage == f"{LATE.label}: {said}"
    assert resume(path, executor).rest.blocks == (LATE,)


def test_a_round_too_many_is_not_whole(path: Path) -> None:
    """As of a block of another rule: what is stored has to be what was measured."""
    store = begun(path.with_name("more"))
    exact = replace(PLAN, blocks=tuple(replace(block, least=None) for block in PLAN.blocks))
    run(exact, executor(), store, Silent())
    assert [damage.partition(":")[0] for damage in load(store.path).damage] == [
        STEADY.label,
        LATE.label,
    ]


@pytest.mark.parametrize("least", [0, -1, "3", 3.5, True])
def test_a_plan_whose_least_is_none_is_no_plan(least: object, path: Path) -> None:
    facts = json.loads((path / "run.json").read_text())
    facts["plan"][0]["least"] = least
    del facts["crc"]
    (path / "run.json").write_text(add_crc(json.dumps(facts)))
    with pytest.raises(UsageError, match="least"):
        load(path)


class Watched(ReplayExecutor):
    """Notes which blocks are at an end, and whether that was their order's."""

    def __init__(self) -> None:
        super().__init__(lines_of(PLAN), Clock.ICOUNT)
        self.ended: dict[Block, bool] = {}

    def measure(self, block: Block) -> Generator[Rep | Unavailable]:
        return self._watched(block, super().measure(block))

    def _watched(
        self, block: Block, items: Generator[Rep | Unavailable]
    ) -> Generator[Rep | Unavailable]:
        self.ended[block] = False
        try:
            yield from items
        except GeneratorExit:
            self.ended[block] = True
            raise


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_measures_is_ended_with_the_block(jobs: int, tmp_path: Path) -> None:
    """Closed while it is at it where the block needs no more, read to its end elsewhere."""
    replay = Watched()
    run(PLAN, replay, begun(tmp_path / "run"), Silent(), jobs=jobs)
    assert replay.ended == {STEADY: True, LATE: True, NEVER: False}


PINS = make_scenario(method=",".join(PIN_METHODS), device="none", reps="4+")


@pytest.mark.parametrize("gone", [PIN_METHODS[:1], PIN_METHODS[1:3], PIN_METHODS[:-1]])
def test_rounds_do_without_a_method_that_cannot_be_had(
    gone: tuple[Method, ...], tmp_path: Path
) -> None:
    plan = make_plan(PINS)
    (block,) = plan.blocks
    store = create(tmp_path / "run", "small")
    replay = ReplayExecutor(stream(block, PAUSES[STEADY], gone), Clock.ICOUNT)
    store.write_facts(run_facts(PINS, plan, replay, ["run", "small"]))
    run(plan, replay, store, Silent())
    store.close()
    found = load(store.path)
    assert not found.damage and not found.missing
    left = len(PIN_METHODS) - len(gone)
    assert [s.rep for s in found.samples if s.rep is not None] == [*range(1 + 4 * left)]
    assert open_again(store.path).finished


def test_a_helper_that_stops_short_of_enough_fails_the_block(tmp_path: Path) -> None:
    short = stream(NEVER, PAUSES[NEVER])
    short[13:-2] = []
    store = begun(tmp_path / "run")
    lines = [*stream(STEADY, PAUSES[STEADY]), *stream(LATE, PAUSES[LATE]), *short]
    run(PLAN, ReplayExecutor(lines, Clock.ICOUNT), store, Silent())
    statuses = {s.status for s in load(store.path).samples if s.cell in NEVER.cells}
    (status,) = statuses
    assert status.startswith("failed: ")


def test_the_command_line_measures_what_is_needed(replay: Bench, tmp_path: Path) -> None:
    plan = small_plan(reps="6+")
    lines = stream(plan.blocks[0], PAUSES[STEADY])
    ended = replay(lines, "--reps", "6+", "--mem", "64M")
    assert ended.code == 0
    assert "[1/1]" in ended.err and ": 13 to 41 handovers, at least about " in ended.err
    assert len(load(tmp_path / "out").samples) == 13
    assert load(tmp_path / "out").facts.scenario["reps"] == "6+"
    assert load(tmp_path / "out").facts.plan[0]["least"] == 6
