# SPDX-License-Identifier: GPL-2.0-only
"""Show progress in a log: lines, never too far apart."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from bench.measure.display import UNITS, Display, without
from bench.model.cell import Block, Plan, Unavailable
from bench.model.steps import Step
from bench.model.units import MIB, format_duration
from bench.plan.duration import block_seconds

_SILENCE = 25.0  # seconds that a log may have no line


class Lines(Display):
    """Say a line when a step or a block begins and ends, and one when there is none for a while."""

    def __init__(
        self,
        say: Callable[[str], None],
        boots: Sequence[Mapping[Step, float]],
        silence: float = _SILENCE,
    ) -> None:
        super().__init__(boots)
        self._say, self._silence = say, silence
        self._said = time.monotonic()
        self._saying = threading.Lock()
        self._began: dict[Step | Block, float] = {}
        self._places: dict[Block, str] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Lines":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def show(self, line: str) -> None:
        with self._saying:
            self._said = time.monotonic()
            self._say(line)

    def _watch(self) -> None:
        while not self._over.wait(max(0.0, self._said + self._silence - time.monotonic())):
            if time.monotonic() - self._said >= self._silence:
                share, left = self.how_far()
                self.show(f"still at it: {self.doing()} ({share:.0%} of all, ETA {left})")

    def begin_boot(self, number: int, count: int, label: str) -> None:
        super().begin_boot(number, count, label)
        self.show(f"boot {number} of {count}{label and f': {label}'}")

    def step_begins(self, step: Step, total: int, of: str) -> None:
        super().step_begins(step, total, of)
        if not of:  # a block has its own lines
            scale = MIB if step.unit == "MiB" else 1
            size = f": {total / scale:.0f} {step.unit}" if total else ""
            self._begin(step, f"{step}{size}, about {format_duration(self.course.expected)}")

    def step_ends(self, step: Step, of: str) -> None:
        super().step_ends(step, of)
        if not of:
            self._end(step, f"{step}: done")

    def begin_blocks(self, plan: Plan) -> None:
        super().begin_blocks(plan)
        total = len(plan.blocks)
        self._places = {block: f"[{n}/{total}]" for n, block in enumerate(plan.blocks, 1)}

    def begin(self, block: Block) -> None:
        super().begin(block)
        reps = f"{block.count} {UNITS[block.experiment]}"
        about = "about" if block.least is None else "at least about"
        expected = format_duration(block_seconds(block))
        self._begin(block, f"{self._places[block]} {block.label}: {reps}, {about} {expected}")

    def without(self, block: Block, item: Unavailable) -> None:
        super().without(block, item)
        self.show(without(item))

    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None:
        super().end(block, problem, details, took)
        self._end(block, f"{self._places[block]} {problem or 'done'}", took)
        if details:
            self.show(f"  {details}")

    def _begin(self, what: Step | Block, line: str) -> None:
        self._began[what] = time.monotonic()
        self.show(line)

    def _end(self, what: Step | Block, line: str, took: float | None = None) -> None:
        passed = time.monotonic() - self._began.pop(what)
        self.show(f"{line}, {passed if took is None else took:.0f} s")
