# SPDX-License-Identifier: GPL-2.0-only
"""Give blocks to processes of this machine."""

import ctypes
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor, wait

from bench.engines.base import Engine
from bench.errors import UsageError
from bench.model.limits import JOBS
from bench.worker.block import stop_blocks

_PR_SET_PDEATHSIG = 1  # prctl(2)


class LocalEngine(Engine):
    """So many worker processes, which end with this one."""

    def __init__(self, count: int) -> None:
        self._count = count
        super().__init__(f"local:{count}", _pool(count))

    def workers(self) -> int:
        """Return the number of processes."""
        return self._count

    def restart(self) -> None:
        """Start all processes anew: a pool ends with the first one that dies."""
        self._executor = _pool(self._count)

    def stop(self, run: str) -> None:
        """End guests and processes: a pool would begin with what it has handed out already."""
        super().stop(run)
        for child in multiprocessing.active_children():  # there are no others in bench
            child.kill()
        stop_blocks(run)  # where no setpriv has tied them to their worker


def local(argument: str) -> LocalEngine:
    """Open ``local:N``; UsageError for what is no number of processes."""
    if not (argument.isascii() and argument.isdecimal() and int(argument) in JOBS):
        raise UsageError(f"--on: local:{argument}: how many processes?", f"a number {JOBS}")
    return LocalEngine(int(argument))


def _pool(count: int) -> ProcessPoolExecutor:
    # A process that is forked would have our threads' locks, and our handlers of signals.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin)
    # All of them now: each ends with the thread that has started it.
    wait([pool.submit(int) for _ in range(count)])
    return pool


def _begin() -> None:
    """Leave Ctrl-C to bench, and end with it whatever ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
