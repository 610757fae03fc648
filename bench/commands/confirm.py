# SPDX-License-Identifier: GPL-2.0-only
"""Measure the sides of a gate once more: the same scenario, fresh boots, in turns."""

from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path

from bench.commands.outcome import Say
from bench.commands.run import RunOptions, run_boot
from bench.errors import CannotJudge
from bench.measure.resume import scenario_of
from bench.model.cell import Block
from bench.results.series import runs_below
from bench.results.writer import load
from bench.sides import cell_name, read_side


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
    for path, run in _in_turns(paths):
        counts[path] += 1
        number = counts[path]
        several = len(runs_below(path)) > 1
        out = places[path] / f"{number:02}" if several else places[path]
        _measure(run, number, out, names, say)
        read_side([run, out], force)
    return places


def _in_turns(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """List the boots of all sides as A B, B A, ...: neither side is always the first."""
    rounds = zip_longest(*([(path, run) for run in runs_below(path)] for path in paths))
    return [
        boot
        for number, turn in enumerate(rounds)
        for boot in (reversed(turn) if number % 2 else turn)
        if boot
    ]


def _measure(run: Path, number: int, out: Path, names: Collection[str], say: Say) -> None:
    """Measure the scenario of a run once more, with another order of the methods."""

    def regressed(block: Block) -> bool:
        return any(cell_name(cell) in names for cell in block.cells)

    stored = load(run)
    before = scenario_of(run, stored.facts)
    scenario = before.model_copy(update={"seed": before.seed + 1000 + number})
    arguments = ["gate", "--confirm", str(run)]
    clock, tune = stored.clock.value, stored.facts.tune
    options = RunOptions(str(run), {}, arguments, clock, out, tune)
    outcome = run_boot(options, scenario, out, say, regressed)
    if outcome.complaint:
        raise CannotJudge(f"--confirm: {run}: {outcome.complaint}", outcome.hint)


def _fresh(path: Path) -> Path:
    """Return the first path beside this one that is not there: NAME.confirm-1, -2, ..."""
    whole, number = path.resolve(), 1  # '.' has no name of its own
    while (parent := whole.with_name(f"{whole.name}.confirm-{number}")).exists():
        number += 1
    return parent
