# SPDX-License-Identifier: GPL-2.0-only
"""Measure a stored run once more: its scenario, its clock, or only some of its cells."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.commands.outcome import Outcome
from bench.commands.run import RunOptions, run_boot, seconds_ahead
from bench.executors.choose import check
from bench.measure.display import Display
from bench.model.cell import Block, Clock
from bench.model.facts import RunFacts
from bench.model.steps import Step
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario
from bench.sides import cell_name


@dataclass(frozen=True)
class Again:
    """A run to measure once more, by which scenario, and into which directory."""

    run: Path
    out: Path
    scenario: Scenario
    clock: Clock
    options: RunOptions
    names: Collection[str] | None  # of the cells; None: all

    @staticmethod
    def of(
        run: Path,
        facts: RunFacts,
        scenario: Scenario,
        out: Path,
        arguments: Sequence[str],
        names: Collection[str] | None = None,
    ) -> "Again":
        """Return a run that goes on as ``facts`` say; CannotJudge or UsageError if it cannot."""
        check(scenario, make_plan(scenario), facts.clock)
        options = RunOptions(str(run), {}, arguments, facts.clock.value, out, facts.tune)
        return Again(run, out, scenario, facts.clock, options, names)

    @property
    def seconds(self) -> Mapping[Step, float]:
        """Estimate the seconds of its steps."""
        plan = make_plan(self.scenario)
        blocks = [*filter(self._wanted, plan.blocks)]
        return seconds_ahead([self.scenario], plan, blocks, self.clock)[0]

    def measure(self, display: Display) -> Outcome:
        """Measure the blocks that have the cells; the outcome complains if that is not all."""
        return run_boot(self.options, self.scenario, self.out, display, self._wanted)

    def _wanted(self, block: Block) -> bool:
        return self.names is None or any(cell_name(cell) in self.names for cell in block.cells)
