# SPDX-License-Identifier: GPL-2.0-only
"""Go on with boots of which some were measured: a session of `bench run --resume DIRECTORY`."""

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from bench.commands.boots_report import boots_report
from bench.commands.outcome import Outcome, Say
from bench.commands.run import (
    RunOptions,
    clock_of,
    go_on,
    resume_run,
    run_boot,
    seconds_ahead,
)
from bench.commands.stored import EXIT_GOOD
from bench.errors import UsageError
from bench.executors.profiling import profile_seconds
from bench.measure.progress import show_progress
from bench.model.cell import Block
from bench.model.facts import RunFacts
from bench.model.steps import Step
from bench.plan.boots import Boot, boots_of, places_of
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario
from bench.plan.shards import read_shard, share_out
from bench.report.table.section import Section
from bench.results.reader import read_facts
from bench.results.series import Series, read_series

_ANEW = "begin it anew; what was measured can be merged and reported"


def resume_boots(options: RunOptions, parent: Path, say: Say) -> Outcome:
    """Measure what boots below a directory have left, and those that were not begun.

    UsageError where nothing was measured, or by another version of bench.
    """
    series = read_series(parent)
    boots = _boots(parent, series)
    facts = _first_facts(parent, boots)
    asked = _as_before(options, facts, series)
    mine = _blocks(boots, series)
    code = EXIT_GOOD
    shown: list[tuple[Section, ...]] = []
    runs: list[Path] = []
    todo = [(boot, blocks) for boot, blocks in zip(boots, mine, strict=True) if blocks]
    several = len({boot.label for boot in boots}) > 1
    for number, (boot, blocks) in enumerate(todo, 1):
        say(f"boot {number} of {len(todo)}{f', {boot.label}' if several else ''}")
        outcome = _Rest(parent, boot, blocks).measure(asked, say)
        code = outcome.code or code
        shown.append(outcome.sections)
        runs += outcome.runs
        if outcome.complaint:
            return replace(outcome, code=code, hint=go_on(parent), runs=(*runs,))
    if series.shard:
        return Outcome(code, sections=tuple(each for one in shown for each in one), runs=(*runs,))
    return Outcome(code, sections=_report(parent, series, shown), runs=(*runs,))


@dataclass(frozen=True)
class _Rest:
    """What is left of a boot."""

    parent: Path
    boot: Boot
    blocks: Collection[Block]

    def measure(self, options: RunOptions, say: Say) -> Outcome:
        """Go on with its run, or begin it."""
        place, boot = self.parent / self.boot.place, self.boot
        if (place / "run.json").exists():
            return resume_run(options, place, say)
        plan, clock = make_plan(boot.scenario), clock_of(options.clock)
        asked = options if boot.number == 1 else replace(options, profile=None)
        ahead = seconds_ahead([boot.scenario], plan, [*self.blocks], clock)
        if asked.profile:
            ahead[0][Step.PROFILE] = sum(map(profile_seconds, self.blocks))
        with show_progress(say, ahead) as display:
            return run_boot(asked, boot.scenario, place, display, self.blocks.__contains__)


def _boots(parent: Path, series: Series) -> Sequence[Boot]:
    """Plan the boots of a series; UsageError if they are not those that it has."""
    try:
        scenario = Scenario.from_dump(series.plan)
    except ValidationError:
        scenario = None
    if scenario and not scenario.misfit():
        boots = boots_of(scenario)
        if (*places_of(boots),) == series.boots:
            return boots
    raise UsageError(f"{parent}: its plan is of another version of bench", _ANEW)


def _first_facts(parent: Path, boots: Sequence[Boot]) -> RunFacts:
    """Return what the first boot that was begun says of how it was measured.

    UsageError where none was, or by another plan than that of the series.
    """
    for boot in boots:
        if (file := parent / boot.place / "run.json").exists():
            facts = read_facts(file, whole=True)
            if facts.scenario != boot.scenario.model_dump(mode="json"):
                raise UsageError(f"{parent}: {boot.place} is of another plan", _ANEW)
            return facts
    raise UsageError(f"{parent}: nothing of it was measured", "remove it, and begin it anew")


def _as_before(options: RunOptions, facts: RunFacts, series: Series) -> RunOptions:
    """Return how boots that were not begun are measured: as the others were."""
    return replace(
        options,
        arguments=shlex.split(facts.command)[1:],
        clock=facts.clock.value,
        fresh=facts.executor.fresh,
        profile=facts.profile,
        shard=series.shard,
    )


def _blocks(boots: Sequence[Boot], series: Series) -> list[frozenset[Block]]:
    """Return which blocks of each boot are measured here."""
    if series.shard:
        clock = clock_of(series.clock)
        return share_out(boots, read_shard(series.shard), clock)
    return [frozenset(make_plan(boot.scenario).blocks) for boot in boots]


def _report(
    parent: Path, series: Series, shown: Sequence[tuple[Section, ...]]
) -> tuple[Section, ...]:
    return boots_report(parent, [parent / place for place in series.boots], shown[0])
