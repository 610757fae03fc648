# SPDX-License-Identifier: GPL-2.0-only
"""Blocks side by side: what is stored depends neither on how many, nor on which ends first."""

import threading
from collections.abc import Generator
from pathlib import Path
from typing import ClassVar

import pytest

from bench.errors import CannotJudge, GuestLost, UsageError
from bench.executors.base import Room
from bench.executors.replay import ReplayExecutor
from bench.measure.jobs import choose_jobs, parse_jobs
from bench.measure.loop import run
from bench.model.cell import Block, Clock, Rep, Unavailable
from bench.results.reader import AHEAD
from bench.results.writer import Store, load
from tests.unit.stored_runs import PLAN, begun, executor, lines_of, measured, resume, stored
from tests.unit.streams import Silent

FIRST = PLAN.blocks[0]
JOBS = len(PLAN.blocks)
_PATIENCE = 30  # seconds until a test that waits for another thread has failed


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one job stores."""
    return stored(measured(tmp_path_factory.mktemp("whole") / "run"))


class Held(ReplayExecutor):
    """Its first block ends when it is let go, or fails then."""

    def __init__(self, lines: list[str], failure: Exception | None = None) -> None:
        super().__init__(lines, Clock.ICOUNT)
        self.let_go = threading.Event()
        self._failure = failure

    def measure(self, block: Block) -> Generator[Rep | Unavailable]:
        items = super().measure(block)
        return self._held(items) if block == FIRST else items

    def _held(self, items: Generator[Rep | Unavailable]) -> Generator[Rep | Unavailable]:
        assert self.let_go.wait(_PATIENCE)
        if self._failure:
            raise self._failure
        yield from items


def held(failure: Exception | None = None) -> Held:
    return Held(lines_of(PLAN), failure)


class Watcher(Silent):
    """Lets the first block go on when so many others have ended, and interrupts if it is to."""

    def __init__(self, ends: int, held: Held, interrupts: bool = False) -> None:
        self._left, self._held, self._interrupts = ends, held, interrupts

    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None:
        self._left -= 1
        if self._left == 0:
            self._held.let_go.set()
        if self._left == 0 and self._interrupts:
            raise KeyboardInterrupt


@pytest.mark.parametrize("jobs", [1, 2, 3, 64])
def test_the_number_of_jobs_changes_nothing(jobs: int, whole: bytes, tmp_path: Path) -> None:
    store = begun(tmp_path / "run")
    run(PLAN, executor(), store, Silent(), jobs=jobs)
    assert stored(store.path) == whole
    assert not (store.path / AHEAD).exists()


class Noting(Store):
    """Notes what was stored when a block had to wait."""

    seen: ClassVar[list[bytes]] = []

    def append_ahead(self, lines: bytes) -> None:
        super().append_ahead(lines)
        self.seen.append(stored(self.path))


def test_blocks_are_stored_in_the_order_of_the_plan(whole: bytes, tmp_path: Path) -> None:
    """The first one ends last."""
    path, replay = begun(tmp_path / "run").path, held()
    run(PLAN, replay, Noting(path), Watcher(JOBS - 1, replay), jobs=JOBS)
    assert Noting.seen == [b""] * (JOBS - 1)
    assert stored(path) == whole
    assert not (path / AHEAD).exists()


def interrupted(path: Path) -> Path:
    """A run that was interrupted before its first block had ended, when one had been stored."""
    store, replay = begun(path), held()
    with pytest.raises(KeyboardInterrupt):
        run(PLAN, replay, store, Watcher(JOBS - 1, replay, interrupts=True), jobs=JOBS)
    store.close()
    assert stored(path) == b""
    return path


def ahead_of(path: Path) -> list[Block]:
    found = load(path)
    return [block for block in PLAN.blocks if {*block.cells} <= {*found.cells}]


def test_what_has_ended_is_kept_and_gone_on_with(whole: bytes, tmp_path: Path) -> None:
    path = interrupted(tmp_path / "run")
    found = load(path)
    (block,) = ahead_of(path)
    assert block != FIRST
    assert not found.damage
    assert {*found.missing} == {c for b in PLAN.blocks if b != block for c in b.cells}
    assert {*found.missing.values()} == {"not measured: the run was interrupted"}
    assert [*resume(path).ahead] == [block]
    assert stored(path) == whole
    assert not (path / AHEAD).exists()


@pytest.mark.parametrize("at", [0, 1, 100, -100, -1])
def test_what_was_torn_is_measured_again(at: int, whole: bytes, tmp_path: Path) -> None:
    """A kill while a block is kept ahead: the part that is there counts for nothing."""
    path = interrupted(tmp_path / "run")
    data = (path / AHEAD).read_bytes()
    (path / AHEAD).write_bytes(data[:at])
    assert bool(ahead_of(path)) == (at == -1)  # all of it but its last end of a line
    resume(path)
    assert stored(path) == whole


def test_what_stands_in_both_files_counts_once(whole: bytes, tmp_path: Path) -> None:
    """A kill between the last block and the end of the file that is ahead."""
    path = measured(tmp_path / "run")
    before = load(path).samples
    (path / AHEAD).write_bytes(b"".join(whole.splitlines(keepends=True)[3:]))
    assert load(path).samples == before
    assert resume(path).finished
    assert stored(path) == whole


def test_a_guest_that_dies_costs_its_own_block(tmp_path: Path) -> None:
    path = begun(tmp_path / "run").path
    replay = held(GuestLost("QEMU ended (exit -9)"))
    run(PLAN, replay, Store(path), Watcher(JOBS - 1, replay), jobs=JOBS)
    found = load(path)
    statuses = {s.status for s in found.samples if s.cell in FIRST.cells}
    assert statuses == {"failed: QEMU ended (exit -9)"}
    others = [s for s in found.samples if s.cell in PLAN.blocks[2].cells]
    assert [s.rep for s in others] == [*range(len(PLAN.blocks[2].order))]


def test_an_error_of_the_run_waits_for_the_blocks_before(whole: bytes, tmp_path: Path) -> None:
    """What comes after it is kept, and gone on with."""
    path, replay = begun(tmp_path / "run").path, held(CannotJudge("the disk is gone"))
    with pytest.raises(CannotJudge, match="the disk is gone"):
        run(PLAN, replay, Store(path), Watcher(JOBS - 1, replay), jobs=JOBS)
    assert ahead_of(path) == [*PLAN.blocks[1:]]
    resume(path)
    assert stored(path) == whole


@pytest.mark.parametrize("text", ["0", "x", "-1", "1.5", "257", "", "\u0663"])
def test_a_number_of_jobs_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match=f"--jobs: '{text}' is neither auto nor .* 1 to 256"):
        parse_jobs(text)


def test_fewer_jobs_than_were_asked_for_are_said() -> None:
    said: list[str] = []
    room = Room(2, 2, "bench may use 2 cores")
    assert choose_jobs(parse_jobs("64"), room, said.append) == 2
    assert said == ["--jobs: 2 instead of 64: bench may use 2 cores"]
    assert [choose_jobs(parse_jobs(text), room, said.append) for text in ("1", "2", "auto")] == [
        1,
        2,
        2,
    ]
    assert len(said) == 1


def test_times_are_measured_one_by_one() -> None:
    room = Room(1, 1, "guests at once would change each other's times", harmful=True)
    with pytest.raises(UsageError, match="--jobs: 2 are too many: guests at once"):
        choose_jobs(2, room, lambda _: None)
    assert choose_jobs(1, room, lambda _: None) == choose_jobs(None, room, lambda _: None) == 1
