# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench run --shard`: measure one part of a plan, which `bench merge` puts together."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bench.commands.outcome import Outcome, Say
from bench.commands.run import RunOptions, clock_of, go_on, run_boot, seconds_ahead
from bench.commands.stored import EXIT_GOOD
from bench.executors.profiling import profile_seconds
from bench.measure.display import Display
from bench.measure.progress import show_progress
from bench.model.cell import Block
from bench.model.steps import Step
from bench.plan.boots import Boot, series_of
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario
from bench.plan.shards import read_shard, share_out
from bench.report.table.section import Section
from bench.results.series import Series
from bench.results.writer import create_boots


def run_shard(options: RunOptions, scenario: Scenario, boots: Sequence[Boot], say: Say) -> Outcome:
    """Measure the blocks of these boots that are of the part; UsageError if there is none."""
    clock = clock_of(options.clock)
    shared = share_out(boots, read_shard(options.shard), clock)
    parts = [(boot, mine) for boot, mine in zip(boots, shared, strict=True) if mine]
    ahead = []
    for boot, mine in parts:
        ahead += seconds_ahead([boot.scenario], make_plan(boot.scenario), [*mine], clock)
        if options.profile and boot.number == 1:
            ahead[-1][Step.PROFILE] = sum(map(profile_seconds, mine))
    with show_progress(say, ahead) as display:
        if len(boots) > 1:
            series = series_of(scenario, boots, clock, options.shard)
            return _run_boots(options, series, parts, display)
        boot, mine = parts[0]
        return run_boot(options, boot.scenario, options.out, display, mine.__contains__)


def _run_boots(
    options: RunOptions,
    series: Series,
    parts: Sequence[tuple[Boot, Collection[Block]]],
    display: Display,
) -> Outcome:
    """Measure what each boot has of the part, until one is interrupted or cannot be measured."""
    parent = create_boots(options.out, series)
    sections: list[Section] = []
    code, runs = EXIT_GOOD, []
    for number, (boot, mine) in enumerate(parts, 1):
        display.begin_boot(number, len(parts), boot.label)
        asked = options if boot.number == 1 else replace(options, profile=None)
        place = parent / boot.place
        outcome = run_boot(asked, boot.scenario, place, display, mine.__contains__)
        code = outcome.code or code
        sections += outcome.sections
        runs += [place] * (place / "run.json").exists()
        if outcome.complaint:
            ended = replace(outcome, code=code, hint=go_on(parent))
            return replace(ended, sections=(*sections,), runs=(*runs,))
    return Outcome(code, sections=(*sections,), runs=(*runs,))
