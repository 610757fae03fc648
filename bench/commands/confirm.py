# SPDX-License-Identifier: GPL-2.0-only
"""Measure the sides of a gate once more: the same scenario, fresh boots, in turns."""

from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path

from bench.commands.again import Again
from bench.commands.outcome import Say
from bench.errors import CannotJudge
from bench.measure.progress import show_progress
from bench.measure.resume import scenario_of
from bench.results.series import runs_below
from bench.results.writer import load
from bench.sides import read_side


def measured_again(
    paths: Sequence[Path], names: Collection[str], force: bool, say: Say
) -> dict[Path, Path]:
    """Measure the blocks that have the cells of these names, as many boots as each side had.

    Returns the new directory beside each path. CannotJudge when a boot does not come to its
    end, or is no replica of the first: on another kernel nothing would be confirmed.
    """
    paths = [*dict.fromkeys(paths)]  # BASE may be NEW, and over its budget
    places = {path: _fresh(path) for path in paths}
    counts = dict.fromkeys(paths, 0)
    boots: list[Again] = []
    for path, run in _in_turns(paths):
        counts[path] += 1
        number = counts[path]
        several = len(runs_below(path)) > 1
        out = places[path] / f"{number:02}" if several else places[path]
        boots.append(_boot(run, number, out, names))
    with show_progress(say, [boot.seconds for boot in boots]) as display:
        for place, boot in enumerate(boots, 1):
            display.begin_boot(place, len(boots), boot.out.name)
            outcome = boot.measure(display)
            if outcome.complaint:
                raise CannotJudge(f"--confirm: {boot.run}: {outcome.complaint}", outcome.hint)
            read_side([boot.run, boot.out], force)
    return places


def _boot(run: Path, number: int, out: Path, names: Collection[str]) -> Again:
    """Return another boot of a run, with another order of the methods."""
    stored = load(run)
    before = scenario_of(run, stored.facts)
    scenario = before.model_copy(update={"seed": before.seed + 1000 + number})
    arguments = ("gate", "--confirm", str(run))
    return Again.of(run, stored.facts, scenario, out, arguments, names)


def _in_turns(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """List the boots of all sides as A B, B A, ...: neither side is always the first."""
    rounds = zip_longest(*([(path, run) for run in runs_below(path)] for path in paths))
    return [
        boot
        for number, turn in enumerate(rounds)
        for boot in (reversed(turn) if number % 2 else turn)
        if boot
    ]


def _fresh(path: Path) -> Path:
    """Return the first path beside this one that is not there: NAME.confirm-1, -2, ..."""
    whole, number = path.resolve(), 1  # '.' has no name of its own
    while (parent := whole.with_name(f"{whole.name}.confirm-{number}")).exists():
        number += 1
    return parent
