# SPDX-License-Identifier: GPL-2.0-only
"""Give blocks to workers of Dask: of a scheduler that runs, or that Slurm is asked for."""

import asyncio
import json
import logging
import operator
import os
import pickle
import platform
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import cloudpickle
from distributed import Client, rpc
from distributed.security import Security

import bench
from bench.engines.base import Engine
from bench.errors import CannotJudge, UsageError
from bench.worker.block import describe_worker, measure_block, stop_blocks

PATIENCE = 10  # seconds to wait for a scheduler's answer
_ANSWER = 15  # and for that of workers, who may have to start QEMU from a slow disk
_LOST = (OSError, TimeoutError, RuntimeError, CancelledError)  # a scheduler, as Dask says it
_LONG = 300  # characters of what a worker says that are shown


class Sent:
    """A function of bench as workers get it, who have no bench: what it does, not its name.

    Dask's own pickles have the name, whatever cloudpickle is told of a package.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        cloudpickle.register_pickle_by_value(bench)
        self._code: bytes = cloudpickle.dumps(function)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[bytes]]:
        return pickle.loads, (self._code,)


class DaskEngine(Engine):
    """The workers of a scheduler, which others may use too."""

    def __init__(self, name: str, client: Client, cluster: Any = None) -> None:
        self._client = client
        self._cluster = cluster  # that is ours to end
        # What the workers have: files, and the futures of their contents.
        self._sent: tuple[tuple[Path, ...] | None, Sequence[Any]] = (None, ())
        self._bad: set[str] = set()  # addresses of workers that cannot run the blocks of this run
        # pure: a block that is measured twice is measured, and not remembered.
        executor: Executor = client.get_executor(pure=False)
        super().__init__(name, executor)

    def workers(self) -> int:
        """Return the number of threads of all workers that are there and can be used."""
        try:
            threads: Mapping[str, int] = self._client.nthreads()
        except _LOST:  # the scheduler, or comes back: `gone` tells
            return 0
        return sum(n for address, n in threads.items() if address not in self._bad)

    def _good(self) -> list[str] | None:
        """Return the addresses of workers that can be used, None where all can."""
        if not self._bad:
            return None
        with suppress(*_LOST):
            return [address for address in self._client.nthreads() if address not in self._bad]
        return None

    def avoid(self, host: str, pid: int) -> None:
        """Take a worker for one that cannot be used; not the last one, whose reason is told."""
        with suppress(*_LOST):
            hosts, pids = (self._answers(ask) for ask in (socket.gethostname, os.getpid))
            found = {at for at in pids if (hosts.get(at), pids[at]) == (host, pid)}
            others = {at for at in pids if not isinstance(pids[at], Exception)} - found
            if others - self._bad:
                self._bad |= found

    def check(self, qemu: str, memory: int) -> Sequence[str]:
        """Ask the workers that are there; those that come later are asked with their blocks."""
        with self._asked():
            problems = dict.fromkeys(self._client.nthreads(), "")
            for program, ask in VERSIONS.items():
                here = ask()
                for at, there in self._answers(ask, workers=_without_one(problems)).items():
                    problems[at] = _other_version(program, there, here)
            able = self._answers(
                Sent(describe_worker), qemu, memory, workers=_without_one(problems)
            )
            problems |= {at: _problem(text) for at, text in able.items()}
        bad = {at: problem for at, problem in problems.items() if problem}
        self._bad |= bad.keys()
        said = [f"worker {at} is left out: {problem}" for at, problem in bad.items()]
        if said and bad.keys() == problems.keys():
            raise CannotJudge(f"--on {self.name}: no worker can be used: {said[0]}", _NEEDS)
        return said

    def _answers(
        self,
        function: "Callable[..., Any] | Sent",
        *words: object,
        workers: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Call a function on workers, all unless some are named; return what each says.

        Of one that fails, or does not answer, that is an exception: all are asked at once, and
        each by itself if that does not end, since Dask waits minutes for a worker that is frozen.
        """
        asked = [*self._client.nthreads()] if workers is None else [*workers]
        answers: dict[str, Any] = {}
        lost: list[BaseException] = []

        def ask(some: Sequence[str]) -> None:
            try:
                answers.update(
                    self._client.run(function, *words, workers=[*some], on_error="return")
                )
            except _LOST as error:
                lost.append(error)

        _in_time(ask, [asked])
        if lost:
            raise lost[0]
        _in_time(ask, [[at] for at in asked if at not in answers])
        return {at: answers.get(at, TimeoutError("it does not answer")) for at in asked}

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Raise CannotJudge where the scheduler is lost while it is asked for something."""
        try:
            yield
        except _LOST as error:
            why = str(error).partition("\n")[0][:_LONG] or type(error).__name__
            raise CannotJudge(f"{self.name} does not answer any more: {why}", _ANEW) from None

    def share(self, path: Path) -> Any:
        """Return the path: where the content is changes with the workers, see `submit`."""
        return path

    def submit(self, job: str, files: Sequence[Any]) -> "Future[str]":
        """Have a block measured by a worker that can be used, and that has what it takes."""
        # An option of Dask's own submit(), which the type of an Executor does not have.
        submit: Any = self._executor.submit
        future: Future[str] = Future()
        try:
            measure, *contents = self._there(files)
            future = submit(operator.call, measure, job, *contents, workers=self._good())
        except _LOST as error:  # the last worker may be gone, or the scheduler
            future.set_exception(error)
        return future

    def _there(self, files: Sequence[Path]) -> Sequence[Any]:
        """Return futures of what goes to each worker once: what measures a block, and its files.

        To all that are there at once: Dask gives work to those that have what it needs. It is
        sent again if all that had it are gone, as jobs of Slurm are at their time limit; what
        those of another boot were is forgotten, here and by the workers.
        """
        known, futures = self._sent
        if known != (*files,) or any(each.status != "finished" for each in futures):
            contents = [Sent(measure_block), *(path.read_bytes() for path in files)]
            futures = self._client.scatter(
                contents, workers=self._good(), broadcast=True, hash=False
            )
            self._sent = ((*files,), futures)
        return futures

    def gone(self) -> bool:
        """Tell whether the scheduler is lost: a client then loses all that it has asked for."""
        return self._client.status != "running"

    def stop(self, run: str) -> None:
        """Take back what waits, and end the guests that run; nothing where nobody can be asked."""
        if self.gone():
            return
        with suppress(*_LOST):
            super().stop(run)
        # Not for longer than this: a worker may be there and not answer.
        ending = Thread(target=self._end_guests, args=(run,), daemon=True)
        ending.start()
        ending.join(PATIENCE)

    def _end_guests(self, run: str) -> None:
        with suppress(*_LOST):
            self._client.run(Sent(stop_blocks), run, on_error="ignore")

    def _give_up(self, wait: bool) -> None:
        self._executor.shutdown(wait)  # which takes back what has not begun, if it is not to wait

    def close(self) -> None:
        """Leave the scheduler; end it where it is ours."""
        if not self.gone():
            super().close()
        with suppress(*_LOST):
            self._client.close(timeout=PATIENCE)
        if self._cluster:
            with suppress(*_LOST):
                self._cluster.close(timeout=PATIENCE)


def _in_time(ask: Callable[[Sequence[str]], None], groups: Sequence[Sequence[str]]) -> None:
    """Ask groups of workers at once, and do not wait for them for long."""
    asking = [Thread(target=ask, args=(group,), daemon=True) for group in groups if group]
    for thread in asking:
        thread.start()
    ends = time.monotonic() + _ANSWER
    for thread in asking:
        thread.join(max(0.0, ends - time.monotonic()))


def _without_one(problems: Mapping[str, str]) -> list[str]:
    """List the workers that no problem is known of."""
    return [at for at, problem in problems.items() if not problem]


# Functions that workers have, whatever else they can read of what is sent, which is code.
VERSIONS: Mapping[str, Callable[[], str]] = {
    "Python": platform.python_version,
    "distributed": partial(version, "distributed"),
}


def _other_version(program: str, there: object, here: str) -> str:
    """Return why a version of a program cannot be used, "" where it can: two parts tell."""
    if isinstance(there, Exception):
        return _problem(there)
    parts, ours = (str(text).split(".")[:2] for text in (there, here))
    return "" if parts == ours else f"its {program} is {str(there)[:_LONG]}, here it is {here}"


_ANEW = "start a scheduler and workers, and this again"
_NEEDS = "workers need Python and QEMU as they are here (Debian: qemu-system-x86), and memory"


def _problem(text: object) -> str:
    """Return why a worker cannot be used, "" when it can; its answer may be an exception."""
    try:
        answer = json.loads(text if isinstance(text, str) else "")
        return str(answer.get("refused", ""))[:_LONG]
    except (ValueError, AttributeError, RecursionError):
        return str(text).partition("\n")[0][:_LONG] or type(text).__name__


def dask(argument: str) -> DaskEngine:
    """Connect with the scheduler at an address; UsageError where there is none."""
    if not argument:  # Dask would start workers of its own, on this machine
        raise UsageError("--on: dask: which scheduler?", "name its address: dask:ADDRESS")
    be_quiet()
    try:
        # Before a client is made: one that cannot begin leaves a traceback.
        there = asyncio.run(_version_of_scheduler(argument))
        problem = _other_version("distributed", there, version("distributed"))
        client = None if problem else Client(argument, timeout=PATIENCE, set_as_default=False)
    except Exception as error:  # of any kind: it may be no scheduler, or of any version
        why = str(error).partition("\n")[0][:_LONG] or type(error).__name__
        raise UsageError(
            f"--on: dask:{argument}: no scheduler answers: {why}",
            "start one: dask scheduler; and workers: dask worker ADDRESS",
        ) from None
    if client is None:
        raise CannotJudge(
            f"--on: dask:{argument}: the scheduler cannot be used: {problem}",
            "start it and its workers with the distributed that bench has",
        )
    return DaskEngine(f"dask:{argument}", client)


async def _version_of_scheduler(address: str) -> object:
    """Ask as a client does, without being one: clients of another version fail in the middle."""
    connection = Security().get_connection_args("client")
    async with rpc(address, timeout=PATIENCE, connection_args=connection) as scheduler:
        answer = await asyncio.wait_for(scheduler.versions(), PATIENCE)
        return answer["packages"]["distributed"]


def be_quiet() -> None:
    """Leave it to bench to say what is wrong: Dask prints tracebacks of its own threads."""
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    for package in ("distributed", "dask_jobqueue"):
        warnings.filterwarnings("ignore", module=package)
