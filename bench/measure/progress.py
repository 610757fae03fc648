# SPDX-License-Identifier: GPL-2.0-only
"""Choose how progress is shown, and write lines to standard error."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import TextIOBase
from typing import TextIO, cast

from rich.console import Console

from bench.measure.bar import Bar
from bench.measure.display import Display
from bench.measure.lines import Lines
from bench.model.steps import Step
from bench.model.visible import visible_lines


class _Lasting(TextIOBase):
    """Standard error that may go away, or be on a full disk: messages end, measuring does not."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        return self._try(lambda: self._stream.write(text))

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, work: Callable[[], int | None]) -> int:
        try:
            return work() or 0
        except OSError:
            with suppress(OSError):  # so that what waits in its buffer has a place to go to
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            return 0


class StderrConsole(Console):
    """A console on stderr, for progress and messages: stdout has the table alone."""

    def __init__(self) -> None:
        stream = cast(TextIO, _Lasting(sys.stderr)) if sys.stderr else None
        super().__init__(file=stream, stderr=True)

    def say(self, line: str) -> None:
        """Write lines as they are, but for what a terminal would obey."""
        self.print(visible_lines(line), markup=False, highlight=False, soft_wrap=True)


def show_progress(say: Callable[[str], None], boots: Sequence[Mapping[Step, float]]) -> Display:
    """Return a display to enter: a bar where standard error is a terminal, else lines for ``say``.

    ``boots`` has the estimated seconds of the steps of each boot.
    """
    console = StderrConsole()
    return Bar(console, boots) if console.is_interactive else Lines(say, boots)
