# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench run --shard`: measure one part of a plan, which `bench merge` puts together."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bench.commands.outcome import Outcome, Say
from bench.commands.run import RunOptions, boot_seconds, clock_of, options_of, run_boot
from bench.commands.turns import in_turn
from bench.measure.display import Display
from bench.measure.progress import show_progress
from bench.model.cell import Block
from bench.plan.boots import Boot, series_of
from bench.plan.scenario import Scenario
from bench.plan.shards import read_shard, share_out
from bench.results.series import Series
from bench.results.writer import create_boots


def run_shard(options: RunOptions, scenario: Scenario, boots: Sequence[Boot], say: Say) -> Outcome:
    """Measure the blocks of these boots that are of the part; UsageError if there is none."""
    clock = clock_of(options.clock)
    shared = share_out(boots, read_shard(options.shard), clock)
    parts = [(boot, mine) for boot, mine in zip(boots, shared, strict=True) if mine]
    ahead = [boot_seconds(options, boot, mine) for boot, mine in parts]
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
    blocks = {boot.place: mine for boot, mine in parts}

    def measure(number: int, boot: Boot) -> Outcome:
        display.begin_boot(number, len(parts), boot.label)
        asked, place = options_of(options, boot), parent / boot.place
        return run_boot(asked, boot.scenario, place, display, blocks[boot.place].__contains__)

    turns = in_turn(parent, [boot for boot, _ in parts], measure)
    if turns.last.complaint:
        return replace(turns.ended(parent), sections=turns.sections)
    return Outcome(turns.code, sections=turns.sections, runs=turns.runs)
