# SPDX-License-Identifier: GPL-2.0-only
"""Go on with boots of which some were measured: a session of `bench run --resume DIRECTORY`."""

import shlex
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from bench.commands.boots_report import boots_report
from bench.commands.outcome import Outcome, Say
from bench.commands.run import (
    RunOptions,
    boot_seconds,
    clock_of,
    options_of,
    resume_run,
    run_boot,
)
from bench.commands.turns import in_turn
from bench.errors import UsageError
from bench.measure.progress import show_progress
from bench.measure.resume import stored_scenario
from bench.model.cell import Block
from bench.model.facts import RunFacts
from bench.plan.boots import Boot, boots_of, places_of
from bench.plan.matrix import make_plan
from bench.plan.shards import read_shard, share_out
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
    todo = {boot.place: blocks for boot, blocks in zip(boots, mine, strict=True) if blocks}
    several = len({boot.label for boot in boots}) > 1

    def measure(number: int, boot: Boot) -> Outcome:
        say(f"boot {number} of {len(todo)}{f', {boot.label}' if several else ''}")
        return _measure_rest(asked, boot, todo[boot.place], parent / boot.place, say)

    turns = in_turn(parent, [boot for boot in boots if boot.place in todo], measure)
    if turns.last.complaint:
        return turns.ended(parent)
    places = [parent / place for place in series.boots]
    whole = turns.sections if series.shard else boots_report(parent, places, turns.shown[0])
    return Outcome(turns.code, sections=whole, runs=turns.runs)


def _measure_rest(
    options: RunOptions, boot: Boot, blocks: Collection[Block], place: Path, say: Say
) -> Outcome:
    """Go on with the run of a boot, or begin it."""
    if (place / "run.json").exists():
        return resume_run(options, place, say)
    with show_progress(say, [boot_seconds(options, boot, blocks)]) as display:
        asked = options_of(options, boot)
        return run_boot(asked, boot.scenario, place, display, blocks.__contains__)


def _boots(parent: Path, series: Series) -> Sequence[Boot]:
    """Plan the boots of a series; UsageError if they are not those that it has."""
    scenario = stored_scenario(series.plan)
    boots = boots_of(scenario) if scenario else ()
    if not boots or (*places_of(boots),) != series.boots:
        raise UsageError(f"{parent}: its plan is of another version of bench", _ANEW)
    return boots


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
