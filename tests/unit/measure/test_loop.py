# SPDX-License-Identifier: GPL-2.0-only
"""The loop: stored block by block, whatever ends it."""

from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from bench.errors import CannotJudge
from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run
from bench.model.cell import Block, Clock, Plan, Rep, Sample, Unavailable
from bench.model.facts import RunFacts
from bench.model.method import Family, Method
from bench.results.writer import Store, create, load
from tests.unit.streams import (
    PIN_METHODS,
    failing_stream,
    line,
    recording,
    skip_of,
    small_plan,
    stream,
)

ERROR = {"t": "error", "op": "NEW_OWNER", "errno": 22, "text": "Invalid argument"}
SKIP = {"t": "skip", "why": "no NEW_OWNER", "need": "the live-update series"}

PLAN = small_plan(mem="64M,128M,256M")
REPS = len(PLAN.blocks[0].order)


class Recorded(ReplayExecutor):
    """Counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


class Watcher:
    """A progress that notes what it is told, and interrupts after some reps."""

    def __init__(self, patience: int = 1000) -> None:
        self.begun: list[Block] = []
        self.reps: list[Rep] = []
        self.missing: list[Unavailable] = []
        self.ended: list[tuple[str, str]] = []
        self._patience = patience

    def begin(self, block: Block) -> None:
        self.begun.append(block)

    def advance(self, block: Block, rep: Rep) -> None:
        self.reps.append(rep)
        if len(self.reps) == self._patience:
            raise KeyboardInterrupt

    def without(self, block: Block, item: Unavailable) -> None:
        self.missing.append(item)

    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None:
        self.ended.append((problem, details))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = create(tmp_path / "run", "small")
    made.write_facts(RunFacts(clock=Clock.ICOUNT))
    return made


def stored(store: Store) -> tuple[Sample, ...]:
    return load(store.path).samples


def of_block(samples: Iterable[Sample], block: Block) -> list[Sample]:
    return [sample for sample in samples if sample.cell in block.cells]


def executor(lines: Iterable[str], clock: Clock = Clock.ICOUNT) -> Recorded:
    return Recorded(lines, clock)


def lines_with(plan: Plan, number: int, replacement: list[str]) -> list[str]:
    """The recording of a plan with another stream for one block."""
    streams = [stream(block) for block in plan.blocks]
    streams[number] = replacement
    return [text for lines in streams for text in lines]


def test_every_rep_is_stored_in_order(store: Store) -> None:
    watcher = Watcher()
    replay = executor(recording(PLAN))
    run(PLAN, replay, store, watcher)
    samples = stored(store)
    assert [s.cell.method for s in samples] == [m for block in PLAN.blocks for m in block.order]
    assert [s.pause for s in samples] == [rep.pause for rep in watcher.reps]
    assert [s.rep for s in samples] == [*range(REPS)] * 3
    assert watcher.begun == list(PLAN.blocks)
    assert watcher.ended == [("", "")] * 3
    assert replay.closed == 1


def test_a_warmup_is_stored_but_not_ok(store: Store) -> None:
    run(PLAN, executor(recording(PLAN)), store, Watcher())
    for block in PLAN.blocks:
        warmup, *others = of_block(stored(store), block)
        assert warmup.status.startswith("warmup")
        assert warmup.pause
        assert {sample.status for sample in others} == {"ok"}


@pytest.mark.parametrize("clock", Clock)
def test_samples_have_the_clock_and_boot_of_the_executor(clock: Clock, tmp_path: Path) -> None:
    store = create(tmp_path / "run", "small")
    store.write_facts(RunFacts(clock=clock))
    run(PLAN, executor(recording(PLAN), clock), store, Watcher())
    assert {(sample.clock, sample.boot) for sample in stored(store)} == {(clock, 1)}


@pytest.mark.parametrize("reps", [0, 1, REPS - 1, REPS])
def test_a_failed_block_leaves_its_reason(reps: int, store: Store) -> None:
    bad = failing_stream(PLAN.blocks[1], reps, ERROR)
    watcher = Watcher()
    run(PLAN, executor(lines_with(PLAN, 1, bad)), store, watcher)
    samples = stored(store)
    failed = of_block(samples, PLAN.blocks[1])
    assert [s.cell for s in failed] == list(PLAN.blocks[1].cells)
    assert {s.status for s in failed} == {"failed: NEW_OWNER: Invalid argument"}
    assert {(s.rep, s.pause) for s in failed} == {(None, None)}
    assert watcher.ended == [("", ""), ("failed: NEW_OWNER: Invalid argument", ""), ("", "")]


def test_a_failed_block_leaves_the_others_whole(store: Store) -> None:
    bad = failing_stream(PLAN.blocks[1], 2, ERROR)
    run(PLAN, executor(lines_with(PLAN, 1, bad)), store, Watcher())
    for block in (PLAN.blocks[0], PLAN.blocks[2]):
        assert [s.cell.method for s in of_block(stored(store), block)] == list(block.order)


def test_a_skipped_block_says_what_it_needs(store: Store) -> None:
    bad = failing_stream(PLAN.blocks[0], 0, SKIP)
    watcher = Watcher()
    run(PLAN, executor(lines_with(PLAN, 0, bad)), store, watcher)
    skipped = of_block(stored(store), PLAN.blocks[0])
    assert [s.cell for s in skipped] == list(PLAN.blocks[0].cells)
    assert {s.status for s in skipped} == {"skipped: no NEW_OWNER (needs: the live-update series)"}
    assert watcher.ended[0] == ("skipped: no NEW_OWNER", "it needs: the live-update series")
    assert sum(s.ok for s in stored(store)) == 2 * (REPS - 1)


def test_a_stream_that_dies_costs_its_own_block_only(store: Store) -> None:
    dead = stream(PLAN.blocks[0])[:3]
    run(PLAN, executor(lines_with(PLAN, 0, dead)), store, Watcher())
    samples = stored(store)
    assert {s.status[:7] for s in of_block(samples, PLAN.blocks[0])} == {"failed:"}
    for block in PLAN.blocks[1:]:
        measured = of_block(samples, block)
        assert [s.cell.method for s in measured] == list(block.order)
        assert {s.pinned for s in measured} == {block.any_cell.mem}


def test_streams_never_reach_the_cells_of_another_block(store: Store) -> None:
    run(PLAN, executor(lines_with(PLAN, 0, [])), store, Watcher())
    for sample in stored(store):
        assert not sample.ok or sample.pinned == sample.cell.mem


@pytest.mark.parametrize("patience", [1, REPS, REPS + 1, 3 * REPS])
def test_an_interrupt_keeps_the_finished_blocks(patience: int, store: Store) -> None:
    replay = executor(recording(PLAN))
    with pytest.raises(KeyboardInterrupt):
        run(PLAN, replay, store, Watcher(patience))
    finished = (patience - 1) // REPS
    assert len(stored(store)) == finished * REPS
    assert replay.closed == 1


def test_a_full_disk_ends_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    appended: list[int] = []
    append = Store.append_rows

    def full_after_one(self: Store, lines: bytes) -> None:
        if appended:
            raise CannotJudge("samples.jsonl: No space left on device")
        appended.append(1)
        append(self, lines)

    monkeypatch.setattr(Store, "append_rows", full_after_one)
    replay = executor(recording(PLAN))
    with pytest.raises(CannotJudge, match="No space left"):
        run(PLAN, replay, store, Watcher())
    assert len(stored(store)) == REPS
    assert replay.closed == 1


def test_a_bug_of_ours_closes_the_executor_too(store: Store) -> None:
    class Broken(Recorded):
        def measure(self, block: Block) -> Generator[Rep | Unavailable]:
            raise RuntimeError("a bug")

    replay = Broken([], Clock.ICOUNT)
    with pytest.raises(RuntimeError, match="a bug"):
        run(PLAN, replay, store, Watcher())
    assert replay.closed == 1
    assert stored(store) == ()


def test_all_methods_reach_the_store(store: Store) -> None:
    plan = small_plan(device="sim-net-pa,vfio-type1,iommufd", method=",".join(Method))
    run(plan, executor(recording(plan)), store, Watcher())
    ok = [sample.cell for sample in stored(store) if sample.ok]
    assert {cell.method for cell in ok} == set(Method)
    assert {(cell.device, cell.method) for cell in ok if cell.method.family is Family.TYPE1} == {
        ("vfio-type1", Method.VFIO_VADDR),
        ("vfio-type1", Method.VFIO_REMAP),
    }


PINS = small_plan(method=",".join(PIN_METHODS), device="none", threads=2)
(PIN_BLOCK,) = PINS.blocks


def test_a_method_that_cannot_be_had_costs_no_other(store: Store) -> None:
    watcher = Watcher()
    missing = [Method.IO_URING, Method.GUP_TEST]
    run(PINS, executor(stream(PIN_BLOCK, without=missing)), store, watcher)
    samples = stored(store)
    assert [item.method for item in watcher.missing] == missing
    assert [(s.cell.method, s.status) for s in samples[:2]] == [
        (method, f"skipped: no {method} (needs: a {method})") for method in missing
    ]
    reps = samples[2:]
    assert tuple(s.cell.method for s in reps) == PIN_BLOCK.order_without(missing)
    assert [s.ok for s in reps] == [False] + [True] * (len(reps) - 1)
    assert {s.window for s in reps} == {PIN_BLOCK.any_cell.mem // 2}
    assert watcher.ended == [("", "")]


def test_a_block_without_any_method_is_skipped(store: Store) -> None:
    *others, last = PIN_METHODS
    skips = [line(skip_of(method)) for method in others]
    final = {key: value for key, value in skip_of(last).items() if key != "method"}
    ended = [line(final), line({"t": "exit", "code": 4})]
    run(PINS, executor([stream(PIN_BLOCK)[0], *skips, *ended]), store, Watcher())
    assert sorted(s.cell for s in stored(store)) == sorted(PIN_BLOCK.cells)
    reasons = {s.cell.method: s.status for s in stored(store)}
    assert reasons == {m: f"skipped: no {m} (needs: a {m})" for m in PIN_METHODS}
