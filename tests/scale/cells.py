# SPDX-License-Identifier: GPL-2.0-only
"""Write a run of many cells, as measuring writes it, from replayed blocks.

python -m tests.scale.cells OUT CELLS [BLOCKS [SHARD]]

BLOCKS is how many of its blocks are measured, 0 for all; SHARD, as in 1/2, the part that it is.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.model.cell import Block, Clock
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario, load_scenario
from bench.results.writer import create
from tests.unit.streams import PAUSES, Silent, stream

REPS = "2"


def scenario_of(place: Path, cells: int, reps: str = REPS) -> Scenario:
    """A scenario of two methods on two kinds of pages, with as many sizes as make the cells."""
    sizes = ", ".join(f'"{64 + 2 * number}M"' for number in range(cells // 4))
    place.mkdir(parents=True, exist_ok=True)
    path = place / "cells.toml"
    path.write_text(
        'question = "How far do reports go?"\ndevice = ["sim-net-pa"]\n'
        'method = ["reset-owner", "new-owner"]\npages = ["thp", "4k"]\n'
        f'reps = "{reps}"\nmem = [{sizes}]\n'
    )
    return load_scenario(str(path), {})


def streams(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        scale = block.any_cell.mem >> 26
        yield from stream(block, {method: pause * scale for method, pause in PAUSES.items()})


def write(out: Path, cells: int, until: int = 0, shard: str = "") -> None:
    scenario = scenario_of(out, cells)
    plan = make_plan(scenario)
    if shard:
        number, count = map(int, shard.split("/"))
        plan = replace(plan, blocks=plan.blocks[number - 1 :: count])
    measured = replace(plan, blocks=plan.blocks[: until or None])
    store = create(out / "run", scenario.name)
    executor = ReplayExecutor(streams(measured.blocks), Clock.ICOUNT)
    store.write_facts(run_facts(scenario, plan, executor, ["run", "cells"], shard=shard))
    run(measured, executor, store, Silent())
    store.close()


def main(words: Sequence[str]) -> None:
    out, cells, *rest = words
    write(Path(out), int(cells), int(rest[0]) if rest else 0, *rest[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
