# SPDX-License-Identifier: GPL-2.0-only
"""Replay recorded streams of the helper, for tests. Reports say that nothing was measured."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from bench.errors import UsageError
from bench.executors.base import Room
from bench.model.cell import Block, Clock, Rep, Unavailable
from bench.model.facts import ExecutorFacts
from bench.model.limits import JOBS
from bench.protocol.messages import read_reps


class ReplayExecutor:
    """Takes one recorded stream for each block, in the order of the plan."""

    name = "replay"
    boots = 1
    saved_state = ""

    def __init__(self, lines: Iterable[str], clock: Clock) -> None:
        self._lines = deque(lines)
        self.clock = clock

    @staticmethod
    def from_file(path: Path, clock: Clock) -> "ReplayExecutor":
        """Read a recording; UsageError when the file cannot be read."""
        try:
            return ReplayExecutor(path.read_text(errors="replace").splitlines(), clock)
        except OSError as error:
            raise UsageError(f"--executor: {path}: {error.strerror}") from None

    def facts(self) -> ExecutorFacts:
        return ExecutorFacts(name=self.name, note="recorded samples: nothing was measured")

    def room(self) -> Room:
        return Room(1, JOBS.most or 1, "no more than that")

    def begin(self) -> None:
        """Do nothing: a recording is there."""

    def boot_of(self, number: int) -> int:
        return self.boots

    def measure(self, block: Block) -> Generator[Rep | Unavailable]:
        return read_reps([*self._stream()], block)  # all of it: the next block has another

    def close(self) -> None:
        """Do nothing: a recording holds nothing."""

    def _stream(self) -> Iterator[str]:
        """Yield lines up to an exit, or up to the next hello when the helper died before."""
        began = False
        while self._lines:
            if began and self._lines[0].startswith('{"t":"hello"'):
                return
            began = True
            line = self._lines.popleft()
            yield line
            if line.startswith('{"t":"exit"'):
                return
