# SPDX-License-Identifier: GPL-2.0-only
"""Show progress on a terminal: a bar over the whole command, and below it what goes on."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bench.measure.display import Display, without
from bench.model.cell import Block, Unavailable
from bench.model.steps import Step
from bench.model.visible import visible_lines

_WIDEST = 40  # columns of the bar itself


class Bar(Display):
    """Draw how far the command is, several times a second; it is gone when the command is done."""

    def __init__(self, console: Console, boots: Sequence[Mapping[Step, float]]) -> None:
        super().__init__(boots)
        self._console = console
        self._began = time.monotonic()
        self._spinner = Spinner("line" if console.options.ascii_only else "dots")
        self._live = Live(
            get_renderable=self.drawn, console=console, transient=True, refresh_per_second=8
        )

    def __enter__(self) -> "Bar":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, line: str) -> None:
        self._console.print(visible_lines(line), markup=False, highlight=False, soft_wrap=True)

    def without(self, block: Block, item: Unavailable) -> None:
        super().without(block, item)
        self.show(without(item))

    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None:
        super().end(block, problem, details, took)
        if problem:
            self.show(f"{block.label}: {problem}")
        if details:
            self.show(f"  {details}")

    def drawn(self) -> Group:
        """Return what stands on the terminal now: two lines."""
        share, left = self.how_far()
        width = min(_WIDEST, max(4, self._console.width - 30))
        bar = ProgressBar(total=1.0, completed=share, width=width)
        passed = timedelta(seconds=int(time.monotonic() - self._began))
        figures = Table.grid(padding=(0, 1))
        figures.add_row(bar, f"{share:4.0%}", str(passed), f"ETA {left}")
        doing = Table.grid(padding=(0, 1))
        doing.add_row(self._spinner, Text(self.doing(), no_wrap=True, overflow="ellipsis"))
        return Group(figures, doing)
