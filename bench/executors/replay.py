# SPDX-License-Identifier: GPL-2.0-only
"""Recorded helper streams in place of a machine: for tests, and labelled as such."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.model.cell import Block, Clock, Rep, Unavailable
from bench.protocol.messages import read_reps


class ReplayExecutor:
    """One recorded stream a block, in the order of the plan."""

    name = "replay"
    boots = 1

    def __init__(self, lines: Iterable[str], clock: Clock) -> None:
        self._lines = deque(lines)
        self.clock = clock

    @staticmethod
    def from_file(path: Path, clock: Clock) -> "ReplayExecutor":
        try:
            return ReplayExecutor(path.read_text(errors="replace").splitlines(), clock)
        except OSError as error:
            raise UsageError(f"--executor: {path}: {error.strerror}") from None

    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "note": "recorded samples: nothing was measured"}

    def measure(self, block: Block) -> Iterator[Rep | Unavailable]:
        stream = self._stream()
        try:
            yield from read_reps(stream, block)
        finally:
            for _ in stream:  # the next block begins with a stream of its own
                pass

    def close(self) -> None:
        """Nothing is held."""

    def _stream(self) -> Iterator[str]:
        """Up to its exit, or to the hello of the next one when it died before."""
        began = False
        while self._lines:
            if began and self._lines[0].startswith('{"t":"hello"'):
                return
            began = True
            line = self._lines.popleft()
            yield line
            if line.startswith('{"t":"exit"'):
                return
