# SPDX-License-Identifier: GPL-2.0-only
"""Measure block by block, each stored before the next one begins."""

import platform
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

from bench import __version__
from bench.errors import BenchError, CellFailed, CellSkipped
from bench.executors.base import Executor
from bench.machine.facts import boot_id, machine_facts
from bench.model.cell import Block, Plan, Rep, Sample, Unavailable
from bench.model.facts import RunFacts, SessionFacts
from bench.paths import ROOT
from bench.plan.scenario import Scenario
from bench.process import run as run_process
from bench.protocol.helper import helper_digest
from bench.results.plan_record import plan_facts
from bench.results.writer import Store

WARMUP = "warmup: took over from the process that made the memory"


class Progress(Protocol):
    """Is told what happens, to show it to whoever watches."""

    def begin(self, block: Block) -> None: ...
    def advance(self, block: Block, rep: Rep) -> None: ...
    def without(self, block: Block, item: Unavailable) -> None: ...
    def end(self, block: Block, problem: str, details: str) -> None: ...


def run(
    plan: Plan, executor: Executor, store: Store, progress: Progress, boots_before: int = 0
) -> None:
    """Measure every block of a plan and store it; closes the executor.

    A block is stored whole, or why it could not be measured; an interrupt loses the one that is
    under way. Of a run that goes on, ``plan`` is what is left, and ``boots_before`` is the number
    of its last boot.
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


def session(arguments: Sequence[str]) -> SessionFacts:
    """Describe the session that begins now: when, where, and by which sources of bench."""
    return SessionFacts(
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        bench=__version__,
        command=shlex.join(["bench", *arguments]),
        host=platform.node(),
        boot_id=boot_id(),
        revision=revision(),
        helper=helper_digest(),
    )


@cache
def revision() -> str:
    """Name the checkout's commit, ``-dirty`` if it was changed; empty where there is none."""
    if not (ROOT / ".git").exists():
        return ""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    try:
        return run_process(
            [*git, "describe", "--always", "--dirty", "--exclude=*"], timeout=10
        ).strip()
    except BenchError:
        return ""
