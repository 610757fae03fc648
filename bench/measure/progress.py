# SPDX-License-Identifier: GPL-2.0-only
"""Show how far a run is: a bar on a terminal, plain lines elsewhere. Never silent for long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bench.model.cell import Block, Plan, Rep, Unavailable
from bench.model.method import Experiment
from bench.model.units import format_duration
from bench.plan.duration import block_seconds, rep_seconds


class StderrConsole(Console):
    """A console on stderr, for progress and messages: stdout has the table alone.

    A reader of stderr that goes away ends the messages, not the measurement.
    """

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        self.quiet = True

    def say(self, line: str) -> None:
        """Write a line as it is."""
        _write(self, line)


def _write(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


_SILENCE = 25.0  # seconds that a log may have no line


class Reminder:
    """Say a line, and say what goes on when nothing was said for a while, until it is left."""

    def __init__(
        self, say: Callable[[str], None], what: Callable[[], str], silence: float = _SILENCE
    ) -> None:
        self._say, self._what, self._silence = say, what, silence
        self._said = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Reminder":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self._thread.join()

    def say(self, line: str) -> None:
        self._said = time.monotonic()
        self._say(line)

    def _watch(self) -> None:
        while not self._over.wait(max(0.0, self._said + self._silence - time.monotonic())):
            if time.monotonic() - self._said >= self._silence and (what := self._what()):
                self.say(f"still at it: {what}")


@contextmanager
def preparing(say: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Show that something goes on before there is a bar, until the block is left.

    Yields what to say lines with. On a terminal the last one stands beside something that moves;
    elsewhere it is said again when there is none for a while.
    """
    console = StderrConsole()
    last = ["it begins"]
    if console.is_terminal:
        with console.status(last[0]) as status:

            def show(line: str) -> None:
                console.say(line)
                status.update(Text(line))

            yield show
        return
    with Reminder(say, lambda: last[-1]) as reminder:

        def note(line: str) -> None:
            last.append(line)
            reminder.say(line)

        yield note


_UNITS = {Experiment.LIVE_UPDATE: "handovers", Experiment.PIN: "turns"}


def _without(item: Unavailable) -> str:
    return f"  without {item.method}: {item.why} (needs: {item.need})"


class PlainProgress:
    """Write a line when a block begins and when it has ended, with its place in the plan."""

    def __init__(self, console: Console, plan: Plan, silence: float = _SILENCE) -> None:
        total = len(plan.blocks)
        self._places = {block: f"[{n}/{total}]" for n, block in enumerate(plan.blocks, 1)}
        self._began: dict[Block, float] = {}
        self._done: dict[Block, int] = {}  # reps of the blocks that run
        self._reminder = Reminder(lambda line: _write(console, line), self._at, silence)

    def begin(self, block: Block) -> None:
        self._began[block] = time.monotonic()
        self._done[block] = 0
        expected = format_duration(block_seconds(block))
        about = "about" if block.least is None else "at least about"
        reps = f"{block.count} {_UNITS[block.experiment]}"
        self._say(f"{self._places[block]} {block.label}: {reps}, {about} {expected}")

    def __enter__(self) -> "PlainProgress":
        self._reminder.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        self._reminder.__exit__()

    def advance(self, block: Block, rep: Rep) -> None:
        """Write nothing: there are too many reps."""
        self._done[block] += 1

    def without(self, block: Block, item: Unavailable) -> None:
        self._say(_without(item))

    def end(self, block: Block, problem: str, details: str) -> None:
        took = time.monotonic() - self._began.pop(block)
        del self._done[block]
        self._say(f"{self._places[block]} {problem or 'done'}, {took:.0f} s")
        if details:
            self._say(f"  {details}")

    def _say(self, text: str) -> None:
        self._reminder.say(text)

    def _at(self) -> str:
        """Say which blocks run, and how many reps of each there are."""
        running = [
            f"{self._places[block]} has {done} of {block.count}"
            for block, done in [*self._done.items()]
        ]
        return ", ".join(running)


def _least_seconds(block: Block) -> float:
    """Estimate the seconds of the reps that a block has in any case."""
    return sum(rep_seconds(block.cell_of(method)) for method in block.least_order)


class BarProgress:
    """Draw one bar over all reps of a plan, weighted by the seconds they take, with an ETA."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
            transient=True,
        )
        total = sum(map(_least_seconds, plan.blocks))
        self._left: dict[Block, float] = {}  # of the blocks that run
        self._total = total
        self._task: TaskID = self._bar.add_task("starting", total=total)

    def __enter__(self) -> "BarProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.stop()

    def begin(self, block: Block) -> None:
        self._left[block] = _least_seconds(block)
        self._describe()

    def advance(self, block: Block, rep: Rep) -> None:
        took = rep_seconds(block.cell_of(rep.method))
        self._left[block] -= took
        if self._left[block] < -took / 2:  # more than its least reps
            self._total += took
            self._left[block] = 0.0
        self._bar.update(self._task, advance=took, total=self._total)

    def without(self, block: Block, item: Unavailable) -> None:
        self._console.print(_without(item), markup=False, highlight=False)
        spared = rep_seconds(block.cell_of(item.method)) * block.least_order.count(item.method)
        self._left[block] -= spared
        self._bar.advance(self._task, spared)

    def end(self, block: Block, problem: str, details: str) -> None:
        self._bar.advance(self._task, self._left.pop(block))  # of a failure the rest is not to come
        self._describe()
        if problem:
            self._console.print(f"{block.label}: {problem}", markup=False, highlight=False)
        if details:
            self._console.print(f"  {details}", markup=False, highlight=False)

    def _describe(self) -> None:
        """Name the block that has run longest, and how many others do."""
        first, *others = self._left or [None]
        if first:
            more = f" and {len(others)} more" if others else ""
            self._bar.update(self._task, description=f"{first.label}{more}")
