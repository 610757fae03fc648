# SPDX-License-Identifier: GPL-2.0-only
"""Define what a run asks of an engine: to run blocks somewhere, and to say who is there."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from bench.worker.block import measure_block


class Engine:
    """An Executor of concurrent.futures, and what beside it a run has to know.

    This one is for an Executor of others, whose workers see the files of this machine.
    """

    def __init__(self, name: str, executor: Executor) -> None:
        self.name = name
        self._executor = executor

    def workers(self) -> int | None:
        """Return how many blocks can be measured at once; None where nobody can tell."""
        return None

    def check(self, qemu: str, memory: int) -> Sequence[str]:
        """Ask workers whether they can run such guests, and leave others out.

        Returns a line for each that was left out.
        """
        return ()

    def share(self, path: Path) -> Any:
        """Return what a job is given for a file: here its path."""
        return str(path)

    def submit(self, job: str, files: Sequence[Any]) -> "Future[str]":
        """Have a block measured; the future has the answer, or why there is none."""
        return self._executor.submit(measure_block, job, *files)

    def avoid(self, host: str, pid: int) -> None:
        """Give no more blocks to a worker that could not run one, where there are others."""

    def restart(self) -> None:
        """Make the engine usable again after BrokenExecutor."""

    def gone(self) -> bool:
        """Tell whether the engine as a whole cannot be used any more, and not only a worker."""
        return False

    def stop(self, run: str) -> None:
        """End what is being measured for a run, and take back what waits."""
        self._give_up(wait=False)

    def close(self) -> None:
        """Give the workers up; those that others have started stay."""
        self._give_up(wait=True)

    def _give_up(self, wait: bool) -> None:
        self._executor.shutdown(wait=wait, cancel_futures=True)
