# SPDX-License-Identifier: GPL-2.0-only
"""Blocks given to an engine: what comes back is data, and what is lost is tried again."""

import json
from collections import Counter, defaultdict
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import Any

import pytest

from bench.engines.base import Engine
from bench.errors import CannotJudge, GuestHung, GuestLost, GuestPanic, ProtocolError
from bench.guest.recorded import Answer, Recorded, read_answer
from bench.measure.elsewhere import TRIES, Elsewhere
from bench.measure.events import Begun, Ended
from bench.model.cell import Block, Plan, Rep, Unavailable
from bench.protocol.messages import read_reps
from tests.unit.streams import small_plan, stream

PLAN = small_plan(mem="64M,128M,256M", method="new-owner,reset-owner", reps=1)
HELPER = "bench-helper"
WORKER = {"host": "there", "pid": 7, "cpu": "a CPU", "load": [0.5, 0.25, 0.125]}
DEAD = BrokenProcessPool("a process died")


def answer(block: Block, **other: Any) -> str:
    return json.dumps({"worker": WORKER, "lines": [stream(block)[:-1]], **other})


class Recordings(Engine):
    """Gives recorded answers, after others that are due for a block."""

    def __init__(self, due: dict[int, list[str | Exception]] | None = None) -> None:
        super().__init__("recordings", ThreadPoolExecutor(1))
        self.due = defaultdict(list, due or {})
        self.jobs: Counter[int] = Counter()
        self.restarts = 0
        self.avoided: list[tuple[str, int]] = []
        self.here = [2] * 1000  # workers, at each look

    def workers(self) -> int:
        return self.here.pop(0)

    def submit(self, job: str, files: Sequence[Any] = ()) -> "Future[str]":
        return self._executor.submit(self._give, int(job))

    def _give(self, place: int) -> str:
        self.jobs[place] += 1
        given = self.due[place].pop(0) if self.due[place] else answer(PLAN.blocks[place])
        if isinstance(given, Exception):
            raise given
        return given

    def restart(self) -> None:
        self.restarts += 1

    def avoid(self, host: str, pid: int) -> None:
        self.avoided.append((host, pid))


class Replayed:
    """Stands in for guests: reads recorded lines as those of a guest are read."""

    def __init__(self, engine: Recordings, plan: Plan = PLAN) -> None:
        self.engine = engine
        self._plan = plan
        self.stopped = 0

    def submit(self, block: Block) -> "Future[str]":
        return self.engine.submit(str(self._plan.blocks.index(block)))

    def answered(self, _: int, block: Block, found: Answer) -> Generator[Rep | Unavailable]:
        guest = Recorded(found, [HELPER], booted=False)
        yield from read_reps(guest.lines(HELPER, 9), block, to_exit=False)

    def stop(self) -> None:
        self.stopped += 1


def measured(engine: Recordings) -> tuple[dict[int, list[Any]], list[str]]:
    said: list[str] = []
    found: dict[int, list[Any]] = defaultdict(list)
    with closing(
        Elsewhere(Replayed(engine), [*enumerate(PLAN.blocks)], said.append).events()
    ) as all_:
        for number, event in all_:
            found[number].append(event)
    return found, said


def problem_of(events: list[Any]) -> Exception | None:
    assert isinstance(events[-1], Ended)
    return events[-1].problem


def test_every_block_begins_has_its_reps_and_ends() -> None:
    found, said = measured(Recordings())
    assert found.keys() == {0, 1, 2}
    for number, (first, *reps, last) in found.items():
        assert (first, last) == (Begun(), Ended())
        assert [rep.method for rep in reps] == [*PLAN.blocks[number].order]
    assert said == []


@pytest.mark.parametrize(
    "what", [OSError("connection lost"), answer(PLAN.blocks[1], refused="no QEMU")]
)
def test_a_lost_block_is_tried_again_and_that_is_said(what: str | Exception) -> None:
    engine = Recordings({1: [what, what]})
    found, said = measured(engine)
    assert problem_of(found[1]) is None
    assert engine.jobs == {0: 1, 1: 3, 2: 1}
    assert engine.avoided == ([] if isinstance(what, Exception) else [("there", 7)] * 2)
    assert len(said) == 2
    assert all(line.endswith("; it is tried again") for line in said)


class Deserted(Recordings):
    """Has no worker from the moment when a block is lost until somebody waits for one."""

    def __init__(self, due: dict[int, list[str | Exception]]) -> None:
        super().__init__(due)
        self.seen: list[str] = []

    def workers(self) -> int:
        return 0 if self.seen[-1:] == ["lost"] else 1

    def submit(self, job: str, files: Sequence[Any] = ()) -> "Future[str]":
        assert self.workers()
        return super().submit(job, files)

    def _give(self, place: int) -> str:
        if place == 0 and not self.jobs[0]:
            self.seen.append("lost")
        return super()._give(place)


def test_a_block_waits_for_a_worker_before_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Jobs of Slurm end all at once, at their time limit, and come again in a while."""
    engine = Deserted({0: [OSError("connection lost")]})
    wait = "bench.measure.elsewhere.time.sleep"
    monkeypatch.setattr(wait, lambda _: engine.seen.append("waited"))
    found, _ = measured(engine)
    assert problem_of(found[0]) is None
    assert engine.seen == ["lost", "waited"]


def test_nobody_waits_for_workers_of_an_engine_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Recordings, "gone", lambda _: True)
    engine = Recordings({n: [OSError("connection lost")] for n in range(3)})
    engine.here = [0] * 1000
    found, _ = measured(engine)
    assert isinstance(problem_of(found[0]), CannotJudge)


def test_a_block_that_is_lost_each_time_ends_the_run() -> None:
    engine = Recordings({1: [OSError("gone")] * TRIES})
    found, said = measured(engine)
    problem = problem_of(found[1])
    assert isinstance(problem, CannotJudge)
    assert f"gone, {TRIES} times" in problem.message
    assert "--resume" in problem.hint
    assert (problem_of(found[0]), problem_of(found[2]), len(said)) == (None, None, TRIES - 1)


def test_an_engine_that_broke_down_is_made_usable_once_for_all_that_it_lost() -> None:
    engine = Recordings({0: [DEAD], 1: [DEAD], 2: [DEAD]})
    found, _ = measured(engine)
    assert [problem_of(found[n]) for n in range(3)] == [None] * 3
    assert engine.restarts == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"worker": 7}', answer(PLAN.blocks[0], lines="x"), "\udcff"]
)
def test_what_is_no_answer_fails_the_block(text: str) -> None:
    found, _ = measured(Recordings({0: [text]}))
    assert isinstance(problem_of(found[0]), ProtocolError)
    assert problem_of(found[1]) is None


def test_an_answer_that_is_no_text_is_not_looked_into() -> None:
    with pytest.raises(ProtocolError, match="no answer"):
        read_answer({"worker": WORKER})


def test_an_answer_of_another_block_is_not_believed() -> None:
    found, _ = measured(Recordings({0: [answer(PLAN.blocks[1])]}))
    assert isinstance(problem_of(found[0]), ProtocolError)


@pytest.mark.parametrize(
    ("other", "kind", "said"),
    [
        ({"end": "hung"}, GuestHung, "no word from the guest for 9 s"),
        ({"end": "lost", "code": 3}, GuestLost, "QEMU ended (exit 3)"),
        ({"end": "lost", "console": "Kernel panic - not syncing"}, GuestPanic, "panicked"),
        ({}, ProtocolError, "stops short"),
    ],
)
def test_what_ended_a_guest_there_is_said_as_if_it_were_here(
    other: dict[str, Any], kind: type[Exception], said: str
) -> None:
    cut = answer(PLAN.blocks[0], lines=[stream(PLAN.blocks[0])[:2]], **other)
    found, _ = measured(Recordings({0: [cut, cut]}))
    problem = problem_of(found[0])
    assert type(problem) is kind
    assert said in str(problem)


def test_no_worker_for_a_minute_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr("bench.measure.elsewhere.time.monotonic", lambda: float(next(clock)))
    monkeypatch.setattr("bench.measure.elsewhere.time.sleep", lambda _: None)
    engine = Recordings()
    engine.here = [0] * 40 + [2] * 1000
    found, said = measured(engine)
    assert len(said) == 1
    assert said[0].startswith("recordings has had no worker for a minute: start one")
    assert found.keys() == {0, 1, 2}


def test_whoever_stops_to_listen_ends_what_is_being_measured() -> None:
    remote = Replayed(Recordings())
    events = Elsewhere(remote, [*enumerate(PLAN.blocks)], lambda _: None).events()
    next(events)
    events.close()
    assert remote.stopped == 1


class Counting(Replayed):
    """Counts what an engine has been given, and not answered yet."""

    given = most = 0

    def submit(self, block: Block) -> "Future[str]":
        self.given += 1
        self.most = max(self.most, self.given)
        return super().submit(block)


def test_an_engine_has_what_its_workers_do_now_and_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.measure.elsewhere._SPARE", 1)
    engine = Recordings()
    engine.here = [1] * 1000
    remote = Counting(engine)
    ended = 0
    for _, event in Elsewhere(remote, [*enumerate(PLAN.blocks)], lambda _: None).events():
        remote.given -= isinstance(event, Ended)
        ended += isinstance(event, Ended)
    assert (ended, remote.most) == (3, 2)


def test_workers_are_counted_once_a_second_and_not_for_each_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.measure.elsewhere.time.monotonic", lambda: 7.0)
    engine = Recordings()
    looks = len(engine.here)
    measured(engine)
    assert looks - len(engine.here) == 1


@pytest.mark.parametrize("code", [-9, -15])
def test_a_qemu_that_was_killed_there_is_tried_elsewhere(code: int) -> None:
    killed = answer(PLAN.blocks[1], lines=[[]], end="lost", code=code)
    engine = Recordings({1: [killed]})
    found, said = measured(engine)
    assert problem_of(found[1]) is None
    assert said[0].endswith("its QEMU was killed on worker there 7; it is tried again")
    always = Recordings({1: [killed] * TRIES})
    assert isinstance(problem_of(measured(always)[0][1]), GuestLost)  # as if it were here


HOSTILE = {"host": "\x1b[31m[red]" * 99, "pid": 7, "cpu": "a\nb", "boot_id": "../..", "blocks": [1]}


def test_what_a_worker_says_of_itself_cannot_do_anything() -> None:
    rest = {"refused": "\x1b]0;" + "x" * 9999, "console": "y" * 99999}
    text = json.dumps({"worker": HOSTILE, **rest})
    read = read_answer(text)
    assert read.worker.host.startswith("\\x1b[31m[red]")
    assert read.worker.cpu == "a\\nb"
    assert read.worker.host.isprintable() and read.refused.isprintable()
    assert len(read.refused) < 400 and len(read.console) == 64 * 1024


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", '"1"'])
def test_a_load_that_is_no_number_does_not_come_to_run_json(number: str) -> None:
    text = answer(PLAN.blocks[0]).replace("0.25", number)
    try:
        assert read_answer(text).worker.load is None
    except ProtocolError as error:
        assert "no answer" in str(error)


def test_an_answer_of_200_mb_is_not_read() -> None:
    with pytest.raises(ProtocolError, match="no answer"):
        read_answer(f'{{"worker": {{"host": "{"x" * 200_000_000}"}}}}')


def test_a_block_took_what_its_worker_says() -> None:
    """When it began nobody tells: it may have waited for the one before."""
    engine = Recordings({1: [answer(PLAN.blocks[1], seconds=6.5)]})
    events = [*Elsewhere(Replayed(engine), [*enumerate(PLAN.blocks)], print).events()]
    took = {number: event.seconds for number, event in events if isinstance(event, Ended)}
    assert took == {0: None, 1: 6.5, 2: None}


@pytest.mark.parametrize("seconds", [-1, 1e300])
def test_seconds_that_no_block_takes_are_not_shown(seconds: float) -> None:
    assert read_answer(json.dumps({"worker": WORKER, "seconds": seconds})).seconds is None


def test_a_guest_that_hung_on_a_busy_host_is_tried_once_more() -> None:
    hung = answer(PLAN.blocks[0], lines=[[]], end="hung")
    found, said = measured(Recordings({0: [hung]}))
    assert problem_of(found[0]) is None
    (line,) = said
    assert line.endswith("its guest hung on worker there 7; it is tried again")


def test_a_soak_that_hung_is_not_begun_again() -> None:
    """What it has shown in its hours is kept."""
    plan = small_plan(mem="64M", reps="4", handovers="1000")
    (block,) = plan.blocks
    engine = Recordings({0: [answer(block, lines=[[]], end="hung")]})
    events = [*Elsewhere(Replayed(engine, plan), [(0, block)], print).events()]
    assert isinstance(problem_of([event for _, event in events]), GuestHung)
    assert engine.jobs[0] == 1
