# SPDX-License-Identifier: GPL-2.0-only
"""Workers of Dask: which are left out, and what is asked of those that do not answer."""

import json
import os
import socket
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from typing import Any

import pytest

pytest.importorskip("distributed")


from bench.engines import dask as engines
from bench.engines import dask_workers
from bench.engines.dask import DaskEngine
from bench.errors import CannotJudge, UsageError

GOOD = json.dumps({"worker": {}})
FROZEN = "a worker that is stopped"
UNREADABLE = "a worker whose answers have what is not known here"


class Shared:
    """What a scheduler has given to its workers."""

    status = "finished"


class Manager:
    """What takes copies away that nothing waits for."""

    def __init__(self) -> None:
        self.on = True

    def running(self) -> bool:
        return self.on

    def start(self) -> None:
        self.on = True

    def stop(self) -> None:
        self.on = False


class Scheduler:
    """Stands in for a client: workers by address, what each says, and what it was asked for."""

    status = "running"

    def __init__(self, said: Mapping[str, Any], versions: Mapping[tuple[str, str], Any]) -> None:
        self.said, self.versions = said, versions
        self.given: list[Any] = []
        self.sent: list[dict[str, Shared]] = []
        self.amm = Manager()

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.said, 1)

    def scatter(self, contents: Mapping[str, object], **_: object) -> dict[str, "Shared"]:
        self.sent.append({name: Shared() for name in contents})
        return self.sent[-1]

    def submit(self, function: object, *_: object, workers: Any) -> "Future[str]":
        self.given.append(workers)
        return Future()

    def shutdown(self, wait: bool) -> None:
        pass

    def close(self, timeout: float) -> None:
        pass

    def run(self, function: object, *words: object, **options: Any) -> dict[str, Any]:
        there = self.said if options.get("workers") is None else options["workers"]
        if any(self.said[at] is FROZEN for at in there):
            time.sleep(3600)
        if any(self.said[at] is UNREADABLE for at in there):
            raise ModuleNotFoundError("No module named 'theirs'")
        for program, ask in dask_workers.VERSIONS.items():
            if function is ask:
                return {at: self.versions.get((program, at), ask()) for at in there}
        if len(words) == len(("qemu", "memory")):  # bench.worker.block.describe_worker
            return {at: self.said[at] for at in there}
        if function is socket.gethostname:
            return dict.fromkeys(there, "there")
        if function is os.getpid:
            return {at: number for number, at in enumerate(there)}
        time.sleep(3600)  # a worker that is stopped
        return {}


@pytest.fixture(autouse=True)
def executor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a stand-in take what an Executor of Dask would give to its client."""
    monkeypatch.setattr(engines, "ClientOfText", lambda client, pure: client)


def engine(
    said: Mapping[str, Any], versions: Mapping[tuple[str, str], Any] | None = None
) -> DaskEngine:
    """An engine whose workers have these versions of programs, by program and worker."""
    client: Any = Scheduler(said, versions or {})
    return DaskEngine("dask:there", client)


@pytest.mark.parametrize(
    ("program", "version", "why"),
    [
        ("Python", "3.9.1", "its Python is 3.9.1, here it is "),
        ("Python", None, "its Python is None, here it is "),
        ("Python", "9" * 9999, "its Python is 99"),
        ("Python", "\x1b[2J3", "its Python is \\x1b[2J3, here it is "),
        ("Python", OSError("no room"), "no room"),
        ("distributed", "2024.5.0", "its distributed is 2024.5.0, here it is "),
    ],
)
def test_a_worker_with_another_version_is_left_out(program: str, version: Any, why: str) -> None:
    found = engine({"a": GOOD, "b": GOOD}, {(program, "b"): version})
    (line,) = found.check("QEMU", 0)
    assert line.startswith(f"worker b is left out: {why}")
    assert len(line) < 400
    assert found.workers() == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (json.dumps({"refused": "qemu is not installed"}), "qemu is not installed"),
        (OSError("No space left"), "No space left"),
        (b"\x80\x04", "b'"),
        ("[" * 100_000, "[["),
        ("{}" * 9999, "{}"),
    ],
)
def test_a_worker_that_says_something_else_is_left_out(said: object, why: str) -> None:
    found = engine({"a": GOOD, "b": said})
    (line,) = found.check("QEMU", 0)
    assert line.startswith(f"worker b is left out: {why}")
    assert len(line) < 400


def test_without_any_that_can_be_used_the_run_ends() -> None:
    with pytest.raises(CannotJudge, match="no worker can be used: worker a is left out"):
        engine({"a": GOOD}, {("Python", "a"): "2.7.0"}).check("QEMU", 0)


def test_a_worker_that_could_not_run_a_block_gets_no_more_unless_it_is_the_last() -> None:
    client: Any = Scheduler({"a": GOOD, "b": GOOD}, {})
    found = DaskEngine("dask:there", client)
    found.submit("{}", ())
    found.avoid("elsewhere", 0)
    found.avoid("there", 0)
    found.submit("{}", ())
    found.avoid("there", 1)
    found.submit("{}", ())
    assert client.given == [None, ["b"], ["b"]]


def test_a_worker_that_is_frozen_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are asked by themselves, and the run begins with them."""
    monkeypatch.setattr(dask_workers, "_ANSWER", 0.1)
    found = engine({"a": GOOD, "b": FROZEN})
    assert found.check("QEMU", 0) == ["worker b is left out: it does not answer"]
    assert found.workers() == 1


def test_a_worker_whose_answer_cannot_be_read_is_left_out() -> None:
    """Dask reads the answers of all at once: each is asked by itself."""
    found = engine({"a": GOOD, "b": UNREADABLE})
    assert found.check("QEMU", 0) == ["worker b is left out: No module named 'theirs'"]
    assert found.workers() == 1


def test_a_worker_that_goes_while_files_are_sent_fails_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The scheduler then raises whatever it does: the block is tried again."""

    def gone(*_: object, **__: object) -> None:
        raise KeyError("tcp://there")

    monkeypatch.setattr(Scheduler, "scatter", gone)
    assert isinstance(engine({"a": GOOD}).submit("{}", ()).exception(), KeyError)


def test_files_that_a_worker_went_under_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The scheduler never ends such a broadcast, nor begins another: it is to forget it."""
    said = {"a": GOOD, "b": GOOD}
    forgotten: list[str] = []
    for_ever = Event()

    def scatter(self: Scheduler, contents: Mapping[str, object], **_: object) -> None:
        said.pop("b", None)
        for_ever.wait(30)

    monkeypatch.setattr(Scheduler, "scatter", scatter)
    monkeypatch.setattr(engines, "forget", lambda _, keys: forgotten.extend(keys))
    failed = engine(said).submit("{}", ()).exception()
    for_ever.set()
    assert str(failed) == "worker b went while it was sent what it needs"
    assert len(forgotten) == 1


def test_a_worker_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.01)
    engine({"a": GOOD}).stop("run")


def test_a_scheduler_that_is_lost_has_no_workers_and_fails_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise RuntimeError("ConnectionPool is closed")

    for name in ("nthreads", "scatter", "submit", "run"):
        monkeypatch.setattr(Scheduler, name, lost)
    found = engine({"a": GOOD})
    assert found.workers() == 0
    assert isinstance(found.submit("{}", ()).exception(), RuntimeError)
    found.avoid("there", 0)
    found.stop("run")
    with pytest.raises(CannotJudge, match="does not answer any more: ConnectionPool is closed"):
        found.check("QEMU", 0)


@pytest.mark.parametrize("address", ["host", "a:b", "rubbish::x", "tcp://host:"])
def test_what_is_no_address_is_said_before_a_client_is_made(address: str) -> None:
    with pytest.raises(UsageError, match="no scheduler answers"):
        engines.dask(address)


@pytest.mark.parametrize("there", ["2024.5.0", None])
def test_a_scheduler_of_another_version_is_not_talked_to(
    there: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client would fail in the middle: it asks for what such a scheduler does not know."""

    async def asked(_: str) -> object:
        return there

    monkeypatch.setattr(engines, "_version_of_scheduler", asked)
    with pytest.raises(CannotJudge, match=f"scheduler cannot be used: its distributed is {there}"):
        engines.dask("tcp://127.0.0.1:1")


def test_files_are_sent_once_a_boot_and_again_where_they_are_lost(tmp_path: Path) -> None:
    client: Any = Scheduler({"a": GOOD}, {})
    found = DaskEngine("dask:there", client)
    boots = [[tmp_path / name] for name in ("first", "second")]
    for (path,) in boots:
        path.write_bytes(b"its state")
    for files in (boots[0], boots[0], boots[1], boots[1]):
        found.submit("{}", files)
    assert len(client.sent) == len(boots)
    next(iter(client.sent[-1].values())).status = "lost"
    found.submit("{}", boots[1])
    assert len(client.sent) == len(boots) + 1


@pytest.mark.parametrize("on", [True, False])
def test_copies_are_kept_on_workers_while_a_run_is_spread(on: bool) -> None:
    """The manager of copies is as it was when the run has ended."""
    client: Any = Scheduler({"a": GOOD}, {})
    client.amm.on = on
    found = DaskEngine("dask:there", client)
    found.submit("{}", ())
    assert not client.amm.on
    found.close()
    assert client.amm.on == on


def test_the_end_of_another_run_does_not_take_the_copies() -> None:
    client: Any = Scheduler({"a": GOOD}, {})
    client.amm.on = False  # as the other run has left it
    found = DaskEngine("dask:there", client)
    found.submit("{}", ())
    client.amm.start()
    assert found.workers() == 1
    assert not client.amm.on
    found.close()
    assert client.amm.on


def test_a_scheduler_that_is_frozen_at_the_end_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C would not end bench: the manager of copies is not started again then."""
    over = Event()
    monkeypatch.setattr(engines, "PATIENCE", 0.01)
    monkeypatch.setattr(Manager, "start", lambda _: over.wait(20) and None)
    found = engine({"a": GOOD})
    found.submit("{}", ())
    began = time.monotonic()
    found.close()
    assert time.monotonic() - began < 10
    over.set()
