# SPDX-License-Identifier: GPL-2.0-only
"""Sides of a gate measured once more: the same scenario, fresh boots, in turns."""

from collections.abc import Callable, Collection, Sequence
from itertools import zip_longest
from pathlib import Path

from bench.commands.run import RunOptions, run_once
from bench.errors import CannotJudge
from bench.measure.resume import scenario_of
from bench.model.cell import Block
from bench.plan.scenario import Scenario
from bench.results.series import runs_below
from bench.results.writer import load
from bench.sides import cell_name, read_side

Say = Callable[[str], None]


def measured_again(
    paths: Sequence[Path], names: Collection[str], force: bool, say: Say
) -> dict[Path, Path]:
    """Blocks with these cells, as many boots as there were, in a directory beside each side.

    CannotJudge when a boot does not come to its end, or is no replica of the first: on another
    kernel than it, the old one is not what would be confirmed.
    """
    paths = [*dict.fromkeys(paths)]  # BASE may be NEW, and over its budget
    places = {path: _fresh(path) for path in paths}
    counts = dict.fromkeys(paths, 0)
    for path, run in _in_turns(paths):
        counts[path] += 1
        number = counts[path]
        several = len(runs_below(path)) > 1
        out = places[path] / f"{number:02}" if several else places[path]
        _hold(run, number, out, names, say)
        read_side([run, out], force)
    return places


def _in_turns(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """A B, B A, ...: neither side is always the first, as in a series."""
    rounds = zip_longest(*([(path, run) for run in runs_below(path)] for path in paths))
    return [
        boot
        for number, turn in enumerate(rounds)
        for boot in (reversed(turn) if number % 2 else turn)
        if boot
    ]


def _hold(run: Path, number: int, out: Path, names: Collection[str], say: Say) -> None:
    stored = load(run)
    words = ["gate", "--confirm", str(run)]
    request = RunOptions(str(run), {}, words, stored.clock.value, out, stored.facts.tune)
    outcome = run_once(request, _scenario(run, number), out, say, _having(names))
    if outcome.complaint:
        raise CannotJudge(f"--confirm: {run}: {outcome.complaint}", outcome.hint)


def _scenario(run: Path, number: int) -> Scenario:
    """That of the run, with another order of the methods."""
    asked = scenario_of(run, load(run).facts)
    return asked.model_copy(update={"seed": asked.seed + 1000 + number})


def _having(names: Collection[str]) -> Callable[[Block], bool]:
    return lambda block: any(cell_name(cell) in names for cell in block.cells)


def _fresh(path: Path) -> Path:
    whole, number = path.resolve(), 1  # '.' has no name of its own
    while (parent := whole.with_name(f"{whole.name}.confirm-{number}")).exists():
        number += 1
    return parent
