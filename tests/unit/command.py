# SPDX-License-Identifier: GPL-2.0-only
"""How a command line ended, and the plan that the tests of it measure."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario

MEM, REPS = "64M,128M,256M", "2"
PLAN = make_plan(load_scenario("smoke", {"mem": MEM, "reps": REPS}))


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        return self.err.splitlines()


Bench = Callable[..., Ended]
