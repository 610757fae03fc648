# SPDX-License-Identifier: GPL-2.0-only
"""Give blocks to workers of Dask: of a scheduler that runs, or that Slurm is asked for."""

import asyncio
import logging
import operator
import os
import secrets
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

from distributed import Client, rpc
from distributed.security import Security

from bench.engines.base import Engine
from bench.engines.dask_workers import (
    AS_DATA,
    LONG,
    LOST,
    ClientOfText,
    Sent,
    answers,
    at_most,
    forget,
    other_version,
    problems_of,
)
from bench.errors import CannotJudge, UsageError
from bench.worker.block import measure_block, stop_blocks

PATIENCE = 10  # seconds to wait for a scheduler's answer


class DaskEngine(Engine):
    """The workers of a scheduler, which others may use too."""

    def __init__(self, name: str, client: Client, cluster: Any = None) -> None:
        self._client = client
        self._cluster = cluster  # that is ours to end
        # What the workers have: files, and the futures of their contents.
        self._sent: tuple[tuple[Path, ...] | None, Sequence[Any]] = (None, ())
        self._manages = False  # whether the scheduler's memory manager is to be started again
        self._bad: set[str] = set()  # addresses of workers that cannot run the blocks of this run
        # pure: a block that is measured twice is measured, and not remembered.
        executor: Executor = ClientOfText(client, pure=False)
        super().__init__(name, executor)

    def workers(self) -> int:
        """Return the number of threads of all workers that are there and can be used."""
        try:
            threads: Mapping[str, int] = self._client.nthreads()
            if self._sent[1]:
                self._keep_copies()  # the end of another run may have started what takes them
        except LOST:  # the scheduler, or comes back: `gone` tells
            return 0
        return sum(n for address, n in threads.items() if address not in self._bad)

    def _good(self) -> list[str] | None:
        """Return the addresses of workers that can be used, None where all can."""
        if not self._bad:
            return None
        with suppress(*LOST):
            return [address for address in self._client.nthreads() if address not in self._bad]
        return None

    def avoid(self, host: str, pid: int) -> None:
        """Take a worker for one that cannot be used; not the last one, whose reason is told."""
        with suppress(*LOST):
            hosts, pids = (answers(self._client, ask) for ask in (socket.gethostname, os.getpid))
            found = {at for at in pids if (hosts.get(at), pids[at]) == (host, pid)}
            others = {at for at in pids if not isinstance(pids[at], Exception)} - found
            if others - self._bad:
                self._bad |= found

    def check(self, qemu: str, memory: int) -> Sequence[str]:
        """Ask the workers that are there; those that come later are asked with their blocks."""
        with self._asked():
            problems = problems_of(self._client, qemu, memory)
        bad = {at: problem for at, problem in problems.items() if problem}
        self._bad |= bad.keys()
        said = [f"worker {at} is left out: {problem}" for at, problem in bad.items()]
        if said and bad.keys() == problems.keys():
            raise CannotJudge(f"--on {self.name}: no worker can be used: {said[0]}", _NEEDS)
        return said

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Raise CannotJudge where the scheduler is lost while it is asked for something."""
        try:
            yield
        except LOST as error:
            why = str(error).partition("\n")[0][:LONG] or type(error).__name__
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
        except Exception as error:  # the last worker may be gone, or the scheduler
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
            futures = self._broadcast(contents)
            self._sent = ((*files,), futures)
        return futures

    def _broadcast(self, contents: Sequence[Any]) -> Sequence[Any]:
        """Copy contents to all workers that can be used, and have the copies kept.

        OSError where one of them goes meanwhile: the scheduler would then try for ever.
        """
        sent: Future[Mapping[str, Any]] = Future()
        named = {f"bench-{secrets.token_hex(16)}": content for content in contents}
        there = {*self._client.nthreads()} - self._bad

        def send() -> None:
            try:
                copies = self._client.scatter(named, workers=self._good(), broadcast=True)
                sent.set_result(copies)
            except Exception as error:  # a KeyError, where a worker goes at the wrong moment
                sent.set_exception(error)

        self._keep_copies()
        Thread(target=send, daemon=True).start()
        while not sent.done():
            wait([sent], timeout=1.0)
            self._keep_copies()
            gone = there - {*self._client.nthreads()}
            if gone and not sent.done():
                forget(self._client, [*named])
                raise OSError(f"worker {min(gone)} went while it was sent what it needs")
        copies = sent.result()
        return [copies[name] for name in named]

    def _keep_copies(self) -> None:
        """Stop Dask's active memory manager, to the end of the run.

        Every two seconds it takes away all copies but one of what no task waits for: those of a
        broadcast that takes longer, which then never ends, and those of workers that are about
        to get a block.
        """
        if self._client.amm.running():
            self._manages = True
            self._client.amm.stop()

    def gone(self) -> bool:
        """Tell whether the scheduler is lost: a client then loses all that it has asked for."""
        return self._client.status != "running"

    def stop(self, run: str) -> None:
        """Take back what waits, and end the guests that run; nothing where nobody can be asked."""
        if self.gone():
            return
        with suppress(*LOST):
            super().stop(run)
        _try_to(lambda: self._client.run(Sent(stop_blocks), run, on_error="ignore"))

    def _give_up(self, wait: bool) -> None:
        self._executor.shutdown(wait)  # which takes back what has not begun, if it is not to wait

    def close(self) -> None:
        """Leave the scheduler; end it where it is ours."""
        if not self.gone():
            super().close()
            if self._manages:
                _try_to(self._client.amm.start)
        with suppress(*LOST):
            self._client.close(timeout=PATIENCE)
        if self._cluster:
            with suppress(*LOST):
                self._cluster.close(timeout=PATIENCE)


def _try_to(ask: Callable[[], object]) -> None:
    """Ask for what is not needed: a scheduler or worker may be there and not answer, nor end."""

    def asking() -> None:
        with suppress(Exception):  # nobody would be told of it in this thread
            ask()

    at_most(PATIENCE, [asking])


_ANEW = "start a scheduler and workers, and this again"
_NEEDS = "workers need Python and QEMU as they are here (Debian: qemu-system-x86), and memory"


def dask(argument: str) -> DaskEngine:
    """Connect with the scheduler at an address; UsageError where there is none."""
    if not argument:  # Dask would start workers of its own, on this machine
        raise UsageError("--on: dask: which scheduler?", "name its address: dask:ADDRESS")
    be_quiet()
    try:
        # Before a client is made: one that cannot begin leaves a traceback.
        there = asyncio.run(_version_of_scheduler(argument))
        problem = other_version("distributed", there, version("distributed"))
        options = {"timeout": PATIENCE, "set_as_default": False, **AS_DATA}
        client = None if problem else Client(argument, **options)
    except Exception as error:  # of any kind: it may be no scheduler, or of any version
        why = str(error).partition("\n")[0][:LONG] or type(error).__name__
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
