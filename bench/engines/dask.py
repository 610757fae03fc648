# SPDX-License-Identifier: GPL-2.0-only
"""Give blocks to workers of Dask: of a scheduler that runs, or that Slurm is asked for."""

import json
import logging
import operator
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import cloudpickle
import msgspec
from distributed import Client

import bench
from bench.engines.base import Engine
from bench.errors import CannotJudge, UsageError
from bench.process import find_tool
from bench.worker.block import describe_worker, measure_block, stop_blocks

_PATIENCE = 10  # seconds to wait for a scheduler's answer


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
        self._shared: dict[Path, Any] = {}
        self._measure: Any = None  # the same for what measures a block
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
        found = self._client.run(Sent(describe_worker), qemu, memory, on_error="return")
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
        """Return a future of the content, which goes to each worker once.

        To all that are there at once: Dask gives work to those that have what it needs.
        """
        if path not in self._shared:
            self._shared[path] = self._spread(path.read_bytes())
        return self._shared[path]

    def _spread(self, data: Any) -> Any:
        return self._client.scatter(data, workers=self._good, broadcast=True, hash=False)

    def submit(self, job: str, files: Sequence[Any]) -> "Future[str]":
        """Have a block measured; what measures it goes to each worker once, as a file does."""
        if self._measure is None:
            self._measure = self._spread(Sent(measure_block))
        return self._executor.submit(operator.call, self._measure, job, *files)

    def gone(self) -> bool:
        """Tell whether the scheduler is lost: a client then loses all that it has asked for."""
        return self._client.status != "running"

    def stop(self, run: str) -> None:
        """Take back what waits, and end the guests that run; nothing where nobody can be asked."""
        if self.gone():
            return
        with suppress(OSError, TimeoutError):
            super().stop(run)
            self._client.run(Sent(stop_blocks), run, on_error="ignore")

    def _give_up(self, wait: bool) -> None:
        self._executor.shutdown(wait)  # which takes back what has not begun, if it is not to wait

    def close(self) -> None:
        """Leave the scheduler; end it where it is ours."""
        if not self.gone():
            super().close()
        with suppress(OSError, TimeoutError):
            self._client.close(timeout=_PATIENCE)
        if self._cluster:
            self._cluster.close(timeout=_PATIENCE)


_NEEDS = "workers need QEMU of the version that is here (Debian: qemu-system-x86), and memory"


def _problem(text: object) -> str:
    """Return why a worker cannot be used, "" when it can; its answer may be an exception."""
    try:
        return str(json.loads(str(text)).get("refused", ""))
    except (ValueError, AttributeError):
        return str(text).partition("\n")[0] or type(text).__name__


def dask(argument: str) -> DaskEngine:
    """Connect with the scheduler at an address; UsageError where there is none."""
    _be_quiet()
    try:
        client = Client(argument or None, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise UsageError(
            f"--on: dask:{argument}: no scheduler answers: {why}",
            "start one: dask scheduler; and workers: dask worker ADDRESS",
        ) from None
    return DaskEngine(f"dask:{argument}", client)


def dask_slurm(argument: str) -> DaskEngine:
    """Ask Slurm for workers as a file says; UsageError where that is none.

    The file is YAML: ``jobs``, how many, and what dask_jobqueue.SLURMCluster takes.
    """
    from dask_jobqueue.slurm import SLURMCluster

    _be_quiet()
    table = _read(Path(argument))
    find_tool("sbatch", "slurm-client")  # else workers would be waited for in vain
    jobs = table.pop("jobs", 1)
    try:
        cluster = SLURMCluster(**table)
        cluster.scale(jobs=jobs)
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise UsageError(f"--on: dask-slurm:{argument}: {why}", _SLURM) from None
    client = Client(cluster, timeout=_PATIENCE, set_as_default=False)
    return DaskEngine(f"dask-slurm:{argument}", client, cluster)


_SLURM = "docs/spread.md says what is in the file"


def _read(path: Path) -> dict[str, Any]:
    try:
        table = msgspec.yaml.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise UsageError(f"--on: dask-slurm:{path}: {why}", _SLURM) from None
    return table


def _be_quiet() -> None:
    """Leave it to bench to say what is wrong: Dask prints tracebacks of its own threads."""
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
