# SPDX-License-Identifier: GPL-2.0-only
"""The loop: block by block, each stored before the next one begins."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bench import __version__
from bench.errors import CellFailed, CellSkipped
from bench.executors.base import Executor
from bench.machine.facts import machine_facts
from bench.measure.provenance import session
from bench.model.cell import Block, Plan, Rep, Sample, Unavailable
from bench.model.facts import RunFacts
from bench.plan.scenario import Scenario
from bench.results.plan_record import plan_facts
from bench.results.writer import Store

WARMUP = "warmup: took over from the process that made the memory"


class Progress(Protocol):
    """Told what happens, for whoever watches."""

    def begin(self, block: Block) -> None: ...
    def advance(self, block: Block, rep: Rep) -> None: ...
    def without(self, block: Block, item: Unavailable) -> None: ...
    def end(self, block: Block, problem: str, details: str) -> None: ...


def run(
    plan: Plan, executor: Executor, store: Store, progress: Progress, boots_before: int = 0
) -> None:
    """Measure every block of the plan; what `store` has at any moment is whole.

    A run that goes on gets the plan that is left; its boots count on from those before.
    """
    try:
        for block, why in plan.left_out:
            store.append(_counted(_without_rep(block, executor, why), boots_before))
        for block in plan.blocks:
            progress.begin(block)
            samples = _measure(block, executor, progress)
            store.append(_counted(samples, boots_before))
    finally:
        executor.close()


def _counted(samples: list[Sample], boots_before: int) -> list[Sample]:
    return [replace(sample, boot=boots_before + sample.boot) for sample in samples]


def _measure(block: Block, executor: Executor, progress: Progress) -> list[Sample]:
    reps: list[Rep] = []
    missing: list[Sample] = []
    try:
        for item in executor.measure(block):
            if isinstance(item, Unavailable):
                missing.append(_unavailable(block, executor, item))
                progress.without(block, item)
                continue
            reps.append(item)
            progress.advance(block, item)
    except CellSkipped as skip:
        progress.end(block, f"skipped: {skip.message}", f"it needs: {skip.hint}")
        rest = _without_rep(block, executor, f"skipped: {skip.message} (needs: {skip.hint})")
        known = {sample.cell for sample in missing}
        return missing + [sample for sample in rest if sample.cell not in known]
    except CellFailed as failure:
        progress.end(block, f"failed: {failure.message}", failure.hint)
        return _without_rep(block, executor, f"failed: {failure.message}")
    progress.end(block, "", "")
    return missing + [_sample(block, executor, number, rep) for number, rep in enumerate(reps)]


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
        extents=rep.extents,
        window=rep.window,
        counters=rep.counters,
    )


def _unavailable(block: Block, executor: Executor, item: Unavailable) -> Sample:
    status = f"skipped: {item.why} (needs: {item.need})"
    return Sample(block.cell_of(item.method), executor.clock, executor.boots, status)


def _without_rep(block: Block, executor: Executor, status: str) -> list[Sample]:
    return [Sample(cell, executor.clock, executor.boots, status) for cell in block.cells]


def run_facts(
    scenario: Scenario,
    plan: Plan,
    executor: Executor,
    arguments: Sequence[str],
    tuned: Sequence[str] | None = None,
) -> RunFacts:
    """Collect what run.json holds: enough to repeat the run and to doubt it.

    ``tuned`` are the settings that --tune changed, None without --tune.
    """
    return RunFacts(
        bench=__version__,
        command=shlex.join(["bench", *arguments]),
        scenario=scenario.model_dump(mode="json"),
        seed=plan.seed,
        **plan_facts(plan),
        machine=machine_facts(),
        executor=executor.facts(),
        clock=executor.clock,
        sessions=(session(arguments),),
        tune=tuned is not None,
        tuned=tuple(tuned or ()),
    )
