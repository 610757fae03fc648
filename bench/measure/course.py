# SPDX-License-Identifier: GPL-2.0-only
"""Reckon how far a command is and how long the rest takes, from what its steps are estimated at."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence

from bench.model.steps import Step
from bench.plan.duration import STEP_SECONDS

_ORDER = [*Step]
_NEARLY = 0.95  # of what is expected of something that has not ended yet
_ALMOST_ALL = 0.99
_PRIOR = 5.0  # seconds for which a step's estimate is believed whatever it takes at first


class Course:
    """The steps of each boot that are still needed, in estimated seconds, and what is behind.

    ``boots`` has the seconds of each step of each boot. A step that was expected and is passed
    over, since the cache has what it makes, is taken out.
    """

    def __init__(
        self, boots: Sequence[Mapping[Step, float]], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._left = [dict(steps) for steps in boots] or [{}]  # this boot's, then the next ones'
        self._gone = dict.fromkeys(Step, 0.0)  # estimated seconds that are behind
        self._took = dict.fromkeys(Step, 0.0)  # what they took
        self._step: Step | None = None
        self._began = 0.0
        self._whole = 0.0  # estimated seconds of the step, when it began
        self._running: dict[Hashable, tuple[float, float]] = {}  # since when, for how long
        self._shown = 0.0

    def begin(self, step: Step) -> None:
        """Begin a step of this boot, which ends the one before; nothing if it has begun."""
        if step is self._step:
            return
        self.end()
        here = self._left[0]
        for earlier in _ORDER[: _ORDER.index(step)]:
            here.pop(earlier, None)
        here.setdefault(step, STEP_SECONDS.get(step, 0.0))
        self._step, self._began, self._whole = step, self._now(), here[step]
        if step is not Step.MEASURE:
            self.run(step, here[step])

    @property
    def expected(self) -> float:
        """Return the estimated seconds of the step that goes on."""
        return self._left[0][self._step] if self._step else 0.0

    def end(self) -> None:
        """End the step that goes on, if one does."""
        if self._step:
            self._gone[self._step] += self._left[0].pop(self._step)
            self._took[self._step] += self._now() - self._began
            self._running.clear()
            self._step = None

    def next_boot(self) -> None:
        """Begin the steps of the next boot."""
        self.end()
        self._left[:] = self._left[1:] or [{}]

    def run(self, what: Hashable, seconds: float) -> None:
        """Expect something in this step to be done in so many seconds from now on."""
        self._running[what] = (self._now(), seconds)

    def stop(self, what: Hashable) -> None:
        """Expect nothing more of it."""
        self._running.pop(what, None)

    def pass_by(self, seconds: float) -> None:
        """Put estimated seconds of this step behind."""
        if self._step:
            passed = min(seconds, self._left[0][self._step])
            self._left[0][self._step] -= passed
            self._gone[self._step] += passed

    def add(self, seconds: float) -> None:
        """Make this step longer than it was estimated."""
        if self._step:
            self._left[0][self._step] += seconds

    def reach(self, share: float) -> None:
        """Put so much of this step behind, of 1; it is known, so nothing is expected by time."""
        if self._step:
            self._running.clear()
            left = self._left[0][self._step]
            self.pass_by(left - self._whole * (1 - min(share, 1.0)))

    @property
    def fraction(self) -> float:
        """What is behind of all that is needed, by time, from 0 to 1; it never goes back."""
        gone = sum(self._gone.values()) + self._ahead()
        left = sum(sum(steps.values()) for steps in self._left) - self._ahead()
        share = gone / (gone + left) if gone + left > 0 else 0.0
        most = _ALMOST_ALL if self._step else 1.0  # what goes on can take longer than estimated
        self._shown = max(self._shown, min(share, most))
        return self._shown

    @property
    def seconds_left(self) -> float:
        """Estimate the seconds that the rest takes, at the pace that each step has shown."""
        left = sum(s * self._pace(step) for steps in self._left for step, s in steps.items())
        return max(0.0, left - self._ahead() * (self._pace(self._step) if self._step else 0))

    def _ahead(self) -> float:
        """Return the estimated seconds of what has begun and not ended."""
        if not self._step:
            return 0.0
        now = self._now()
        ahead = sum(min(now - since, _NEARLY * each) for since, each in self._running.values())
        return min(ahead, self._left[0][self._step])

    def _pace(self, step: Step) -> float:
        """Return the seconds that a step takes for each that was estimated."""
        took, gone = self._took[step], self._gone[step]
        if step is self._step:
            took, gone = took + self._now() - self._began, gone + self._ahead()
        return (took + _PRIOR) / (gone + _PRIOR)
