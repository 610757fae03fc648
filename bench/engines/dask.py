# SPDX-License-Identifier: GPL-2.0-only
"""Give blocks to workers of Dask: of a scheduler that runs, or that Slurm is asked for."""

import json
import logging
import operator
import os
import pickle
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import cloudpickle
from distributed import Client
from distributed.comm.addressing import parse_address, parse_host_port

import bench
from bench.engines.base import Engine
from bench.errors import CannotJudge, UsageError
from bench.worker.block import describe_worker, measure_block, stop_blocks

PATIENCE = 10  # seconds to wait for a scheduler's answer
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
        self._shared: dict[Path | None, Any] = {}  # files, and what measures a block
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
            hosts, pids = (self._client.run(ask) for ask in (socket.gethostname, os.getpid))
            found = {at for at in pids if (hosts.get(at), pids[at]) == (host, pid)}
            if pids.keys() - found - self._bad:
                self._bad |= found

    def check(self, qemu: str, memory: int) -> Sequence[str]:
        """Ask the workers that are there; those that come later are asked with their blocks."""
        with self._asked():
            said = self._leave_out_other_pythons()
            found = self._client.run(
                *(Sent(describe_worker), qemu, memory), workers=self._good(), on_error="return"
            )
        good = False
        for address, text in found.items():
            problem = _problem(text)
            if problem:
                said.append(f"worker {address} is left out: {problem}")
                self._bad.add(address)
            else:
                good = True
        if said and not good:
            raise CannotJudge(f"--on {self.name}: no worker can be used: {said[0]}", _NEEDS)
        return said

    def _leave_out_other_pythons(self) -> list[str]:
        """Leave out workers that cannot read what is sent, which is code; say which, and why."""
        versions: Any = self._client.get_versions()
        here = _python(versions["client"])
        said = []
        for address, each in versions["workers"].items():
            if (there := _python(each)) != here:
                self._bad.add(address)
                said.append(
                    f"worker {address} is left out: its Python is {there}, here it is {here}"
                )
        return said

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
            measure = self._there(None, lambda: Sent(measure_block))
            contents = [self._there(path, path.read_bytes) for path in files]
            future = submit(operator.call, measure, job, *contents, workers=self._good())
        except _LOST as error:  # the last worker may be gone, or the scheduler
            future.set_exception(error)
        return future

    def _there(self, key: Path | None, content: Callable[[], Any]) -> Any:
        """Return a future of what goes to each worker once.

        To all that are there at once: Dask gives work to those that have what it needs. It is
        sent again if all that had it are gone, as jobs of Slurm are at their time limit.
        """
        known = self._shared.get(key)
        if known is None or known.status != "finished":
            self._shared[key] = self._client.scatter(
                content(), workers=self._good(), broadcast=True, hash=False
            )
        return self._shared[key]

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


def _python(versions: Any) -> str:
    """Return major and minor version of the Python of a client or a worker."""
    try:
        return ".".join(str(versions["host"]["python"]).split(".")[:2])[:_LONG]
    except (TypeError, KeyError):
        return "not known"


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
        parse_host_port(parse_address(argument)[1])
        client = Client(argument, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(
            f"--on: dask:{argument}: no scheduler answers: {why}",
            "start one: dask scheduler; and workers: dask worker ADDRESS",
        ) from None
    return DaskEngine(f"dask:{argument}", client)


def be_quiet() -> None:
    """Leave it to bench to say what is wrong: Dask prints tracebacks of its own threads."""
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    for package in ("distributed", "dask_jobqueue"):
        warnings.filterwarnings("ignore", module=package)
