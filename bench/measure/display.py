# SPDX-License-Identifier: GPL-2.0-only
"""Keep account of what goes on in a command, for whoever shows it."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from bench.measure.course import Course
from bench.model.cell import Block, Plan, Rep, Unavailable
from bench.model.method import Experiment
from bench.model.steps import Step, Steps
from bench.model.units import MIB
from bench.plan.duration import reps_begin_after, share_of_rep, whole_seconds

UNITS = {
    Experiment.LIVE_UPDATE: "handovers",
    Experiment.PIN: "turns",
    Experiment.VMM_START: "starts",
}


@dataclass
class Running:
    """A block that is being measured."""

    block: Block
    left: float  # estimated seconds
    done: int = 0  # reps
    step: Step | None = None  # what is done for it before

    def __str__(self) -> str:
        if self.step:
            return f"{self.step}: {self.block.label}"
        done = self.block.handovers_in(self.done)
        return f"measured {done} of {self.block.count}: {self.block.label}"


@dataclass
class Account:
    """What goes on now."""

    boot: str = ""  # "boot 2 of 4, stock: ", where there are several
    idle: str = "preparing"  # while no step goes on
    step: Step | None = None
    total: int = 0  # of the step, in bytes or objects, 0 when they are not known
    done: int = 0
    blocks: dict[str, Running] = field(default_factory=dict)  # by their labels

    def __str__(self) -> str:
        return f"{self.boot}{self._what()}"

    def _what(self) -> str:
        if self.blocks:
            first, *others = self.blocks.values()
            return f"{first} and {len(others)} more" if others else str(first)
        if self.step and self.done:
            scale = MIB if self.step.unit == "MiB" else 1
            of = f" of {self.total / scale:.0f}" if self.total else ""
            return f"{self.step}: {self.done / scale:.0f}{of} {self.step.unit}"
        return str(self.step or self.idle)


class Display(Steps):
    """One account of a whole command: its boots, their steps and blocks. Shows nothing itself.

    It is told of steps by whoever does them, of blocks by the loop.
    """

    def __init__(self, boots: Sequence[Mapping[Step, float]]) -> None:
        self.course = Course(boots)
        self.now = Account()
        self._lock = threading.RLock()
        self._noted: set[str] = set()

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_: object) -> None:
        """Show nothing more."""

    def show(self, line: str) -> None:
        """Show a line."""

    def how_far(self) -> tuple[float, str]:
        """Return the share that is behind, and the time that is left, as in ``0:01:30``."""
        with self._lock:
            left = timedelta(seconds=round(self.course.seconds_left))
            return self.course.fraction, str(left)

    def doing(self) -> str:
        """Say what goes on now."""
        with self._lock:
            return str(self.now)

    def note(self, line: str) -> None:
        """Show a line, unless it was shown: boots have much in common."""
        with self._lock:
            known = line in self._noted
            self._noted.add(line)
        if not known:  # not under the lock: who draws has one too, and asks what goes on
            self.show(line)

    def begin_boot(self, number: int, count: int, label: str) -> None:
        """Begin one of several boots; ``label`` is that of its kernel, where there are several."""
        with self._lock:
            if number > 1:
                self.course.next_boot()
            self.now = Account(f"boot {number} of {count}{label and f', {label}'}: ")

    def step_begins(self, step: Step, total: int, of: str) -> None:
        with self._lock:
            if of:
                self._of_block(of, step)
                return
            self.course.begin(step)
            self.now.step, self.now.total, self.now.done = step, total, 0

    def step_ends(self, step: Step, of: str) -> None:
        with self._lock:
            if of:
                self._of_block(of, None)
                return
            self.course.end()
            self.now.step = None

    def _of_block(self, label: str, step: Step | None) -> None:
        if label in self.now.blocks:
            self.now.blocks[label].step = step

    def reached(self, done: int) -> None:
        with self._lock:
            self.now.done = done
            if self.now.total:
                self.course.reach(done / self.now.total)

    @contextmanager
    def measuring(self, plan: Plan) -> Iterator["Display"]:
        """Tell that the blocks of a plan are measured until this is left."""
        self.begin_blocks(plan)
        yield self
        with self._lock:
            self.course.end()
            self.now.idle = "reporting"

    def begin_blocks(self, plan: Plan) -> None:
        """Begin to measure the blocks of a plan."""

    def begin(self, block: Block) -> None:
        with self._lock:
            self.course.begin(Step.MEASURE)
            self.now.blocks[block.label] = Running(block, whole_seconds(block))
            self.course.run(block, reps_begin_after(block))

    def advance(self, block: Block, rep: Rep) -> None:
        with self._lock:
            running = self.now.blocks[block.label]
            if not running.done:
                self._pass_by(running, reps_begin_after(block))
            running.done += 1
            self._pass_by(running, share_of_rep(block, rep.method))

    def without(self, block: Block, item: Unavailable) -> None:
        with self._lock:
            spared = share_of_rep(block, item.method) * block.least_order.count(item.method)
            self._pass_by(self.now.blocks[block.label], spared)

    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None:
        with self._lock:  # of a failure the rest is not to come
            self.course.pass_by(self.now.blocks.pop(block.label).left)
            self.course.stop(block)

    def _pass_by(self, running: Running, seconds: float) -> None:
        """Put seconds of a block behind, and expect the next rep to take as long as the others."""
        running.left -= seconds
        if running.left < 0:  # a rep beyond the least
            self.course.add(-running.left)
            running.left = 0.0
        self.course.pass_by(seconds)
        reps = max(1, len(running.block.least_order) - running.done)
        self.course.run(running.block, max(0.0, running.left) / reps)


def without(item: Unavailable) -> str:
    """Say which method cannot be had, and what it needs."""
    return f"  without {item.method}: {item.why} (needs: {item.need})"
