# SPDX-License-Identifier: GPL-2.0-only
"""Give blocks to workers of Dask, whoever has started them."""

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import cloudpickle
from distributed import Client

import bench
from bench.engines.base import Engine
from bench.errors import CannotJudge, UsageError
from bench.worker.block import describe_worker, stop_blocks

PATIENCE = 10  # seconds to wait for a scheduler's answer


class DaskEngine(Engine):
    """The workers of a scheduler, which others may use too."""

    def __init__(self, name: str, client: Client, cluster: Any = None) -> None:
        # Workers have no bench: what they are to do is sent, and not only its name.
        cloudpickle.register_pickle_by_value(bench)
        self._client = client
        self._cluster = cluster  # that is ours to end
        self._shared: dict[Path, Any] = {}
        self._good: list[str] | None = None  # addresses; None: all
        super().__init__(name, self._open())

    def _open(self) -> Executor:
        # pure: a block that is measured twice is measured, and not remembered.
        executor: Executor = self._client.get_executor(pure=False, workers=self._good)
        return executor

    def workers(self) -> int:
        """Return the number of threads of all workers that are there and can be used."""
        try:
            threads: Mapping[str, int] = self._client.nthreads()
        except (OSError, TimeoutError):  # the scheduler is lost, or comes back: `gone` tells
            return 0
        good = self._good
        return sum(n for address, n in threads.items() if good is None or address in good)

    def check(self, qemu: str, memory: int) -> Sequence[str]:
        """Ask the workers that are there; those that come later are asked with their blocks."""
        found = self._client.run(describe_worker, qemu, memory, on_error="return")
        said: list[str] = []
        good: list[str] = []
        for address, text in found.items():
            problem = _problem(text)
            if problem:
                said.append(f"worker {address} is left out: {problem}")
            else:
                good.append(address)
        if said and not good:
            raise CannotJudge(f"--on {self.name}: no worker can be used: {said[0]}", _NEEDS)
        if said:
            self._good = good
            self._executor = self._open()
        return said

    def share(self, path: Path) -> Any:
        """Return the path: where the content is changes with the workers, see `submit`."""
        return path

    def submit(self, job: str, files: Sequence[Any]) -> "Future[str]":
        """Have a block measured where its files are, or go with it."""
        try:
            return super().submit(job, [self._content(path) for path in files])
        except (OSError, TimeoutError) as error:  # the last worker went while it was asked
            future: Future[str] = Future()
            future.set_exception(error)
            return future

    def _content(self, path: Path) -> Any:
        """Return a future of the content, which goes to each worker once.

        To all that are there at once: Dask gives work to those that have what it needs. It is
        sent again if all that had it are gone, as jobs of Slurm are at their time limit.
        """
        known = self._shared.get(path)
        if known is None or known.status != "finished":
            content, good = path.read_bytes(), self._good
            self._shared[path] = self._client.scatter(content, workers=good, broadcast=True)
        return self._shared[path]

    def gone(self) -> bool:
        """Tell whether the scheduler is lost: a client then loses all that it has asked for."""
        return self._client.status != "running"

    def stop(self, run: str) -> None:
        """Take back what waits, and end the guests that run; nothing where nobody can be asked."""
        if self.gone():
            return
        with suppress(OSError, TimeoutError):
            super().stop(run)
            self._client.run(stop_blocks, run, on_error="ignore")

    def _give_up(self, wait: bool) -> None:
        self._executor.shutdown(wait)  # which takes back what has not begun, if it is not to wait

    def close(self) -> None:
        """Leave the scheduler; end it where it is ours."""
        if not self.gone():
            super().close()
        with suppress(OSError, TimeoutError):
            self._client.close(timeout=PATIENCE)
        if self._cluster:
            with suppress(OSError, TimeoutError):
                self._cluster.close(timeout=PATIENCE)


_NEEDS = "workers need QEMU of the version that is here (Debian: qemu-system-x86), and memory"


def _problem(text: object) -> str:
    """Return why a worker cannot be used, "" when it can; its answer may be an exception."""
    try:
        return str(json.loads(str(text)).get("refused", ""))
    except (ValueError, AttributeError):
        return str(text).partition("\n")[0] or type(text).__name__


def dask(argument: str) -> DaskEngine:
    """Connect with the scheduler at an address; UsageError where there is none."""
    be_quiet()
    try:
        client = Client(argument or None, timeout=PATIENCE, set_as_default=False)
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
