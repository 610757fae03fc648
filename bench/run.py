# SPDX-License-Identifier: GPL-2.0-only
"""The loop: block by block, each stored before the next one begins."""

import shlex
from collections.abc import Sequence
from typing import Any, Protocol

from bench import __version__, machine
from bench.errors import CellFailed, CellSkipped
from bench.executors.base import Executor
from bench.model import Block, Plan, Rep, Sample
from bench.scenario import Scenario
from bench.store import Store

WARMUP = "warmup: took over from the process that made the memory"


class Progress(Protocol):
    """Told what happens, for whoever watches."""

    def begin(self, block: Block) -> None: ...
    def advance(self, block: Block, rep: Rep) -> None: ...
    def end(self, block: Block, problem: str, details: str) -> None: ...


def run(plan: Plan, executor: Executor, store: Store, progress: Progress) -> None:
    """Measure every block of the plan; what `store` has at any moment is whole."""
    try:
        for block, why in plan.left_out:
            store.append(_without_rep(block, executor, why))
        for block in plan.blocks:
            progress.begin(block)
            samples = _measure(block, executor, progress)
            store.append(samples)
    finally:
        executor.close()


def _measure(block: Block, executor: Executor, progress: Progress) -> list[Sample]:
    reps: list[Rep] = []
    try:
        for rep in executor.measure(block):
            reps.append(rep)
            progress.advance(block, rep)
    except CellSkipped as skip:
        progress.end(block, f"skipped: {skip.message}", f"it needs: {skip.hint}")
        return _without_rep(block, executor, f"skipped: {skip.message} (needs: {skip.hint})")
    except CellFailed as failure:
        progress.end(block, f"failed: {failure.message}", failure.hint)
        return _without_rep(block, executor, f"failed: {failure.message}")
    progress.end(block, "", "")
    return [_sample(block, executor, number, rep) for number, rep in enumerate(reps)]


def _sample(block: Block, executor: Executor, number: int, rep: Rep) -> Sample:
    return Sample(
        cell=block.cell_of(rep.method),
        clock=executor.clock,
        boot=executor.boots,
        status="ok" if number >= block.warmup else WARMUP,
        rep=number,
        pause=rep.pause,
        phases=rep.phases,
        pinned=rep.pinned,
        runs=rep.runs,
    )


def _without_rep(block: Block, executor: Executor, status: str) -> list[Sample]:
    return [Sample(cell, executor.clock, executor.boots, status) for cell in block.cells]


def run_facts(
    scenario: Scenario, plan: Plan, executor: Executor, arguments: Sequence[str]
) -> dict[str, Any]:
    """What run.json holds: enough to repeat the run and to doubt it."""
    return {
        "bench": __version__,
        "command": shlex.join(["bench", *arguments]),
        "scenario": scenario.model_dump(mode="json"),
        "seed": plan.seed,
        "plan": [
            {"cells": [cell.factors() for cell in block.cells], "order": [*block.order]}
            for block in plan.blocks
        ],
        "left_out": [
            {"cells": [cell.factors() for cell in block.cells], "why": why}
            for block, why in plan.left_out
        ],
        "machine": machine.facts(),
        "executor": executor.facts(),
        "clock": executor.clock.value,
    }
