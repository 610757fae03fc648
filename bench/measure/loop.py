# SPDX-License-Identifier: GPL-2.0-only
"""Measure blocks, and store them in the order of the plan."""

import platform
import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

from bench import __version__
from bench.cleanup.journal import delay_signals
from bench.errors import BenchError, CellFailed, CellSkipped
from bench.executors.base import Executor
from bench.executors.remote import RemoteExecutor
from bench.machine.facts import boot_id, machine_facts
from bench.measure.elsewhere import Elsewhere
from bench.measure.events import Begun, Ended, Event, Numbered, events_of
from bench.measure.in_order import InOrder
from bench.model.cell import Block, Clock, Plan, Rep, Sample, Unavailable
from bench.model.facts import ProfileFacts, RunFacts, SessionFacts
from bench.paths import REVISION, ROOT
from bench.plan.scenario import Scenario
from bench.process import run as run_process
from bench.protocol.helper import helper_digest
from bench.results.plan_record import plan_facts
from bench.results.writer import Store

WARMUP = "warmup: took over from the process that made the memory"


class Progress(Protocol):
    """Is told what happens, to show it to whoever watches; blocks may overlap."""

    def begin(self, block: Block) -> None: ...
    def advance(self, block: Block, rep: Rep) -> None: ...
    def without(self, block: Block, item: Unavailable) -> None: ...
    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None: ...


def run(
    plan: Plan,
    executor: Executor,
    store: Store,
    progress: Progress,
    boots_before: int = 0,
    jobs: int = 1,
    ahead: Mapping[Block, Sequence[Sample]] | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> None:
    """Measure every block of the plan, ``jobs`` at once; closes the executor.

    A block is stored whole, or why it could not be measured. A run that goes on gets the ``plan``
    that is left, and what of it was measured ``ahead`` of blocks before it; its boots count on from
    ``boots_before``. An error that is not of one block alone is raised when all blocks before have
    been stored. ``note`` gets a line for whatever else there is to say.
    """
    known = ahead or {}
    numbered = [*enumerate(plan.blocks)]
    shelf = InOrder(store, {n: known[block] for n, block in numbered if block in known})
    todo = [(number, block) for number, block in numbered if block not in known]
    try:
        for block, why in plan.left_out:
            boot = boots_before + executor.boots
            store.append(_without_rep(block, executor.clock, boot, why))
        shelf.store_due()
        if todo:
            executor.begin()
        takers = {number: _Taker(block, executor, progress) for number, block in todo}
        with closing(_events(executor, todo, jobs, note)) as events:
            for number, event in events:
                if not isinstance(event, Ended):
                    takers[number].take(event)
                    continue
                with delay_signals():  # what is said to be done is stored
                    takers[number].end(event)
                    boot = boots_before + executor.boot_of(number)
                    shelf.add(number, takers.pop(number).outcome(event.problem, boot))
    except KeyboardInterrupt:
        _keep_soaks(shelf, takers, lambda number: boots_before + executor.boot_of(number))
        raise
    finally:
        executor.close()


def _events(
    executor: Executor, todo: Sequence[Numbered], jobs: int, note: Callable[[str], None]
) -> Generator[tuple[int, Event]]:
    if isinstance(executor, RemoteExecutor):
        return Elsewhere(executor, todo, note).events()
    return events_of(executor, todo, jobs)


def _keep_soaks(
    shelf: InOrder, takers: Mapping[int, "_Taker"], boot_of: Callable[[int], int]
) -> None:
    """Store what soaks have shown until they were interrupted; other blocks are lost."""
    with delay_signals():
        for number, taker in takers.items():
            if samples := taker.shown(boot_of(number)):
                shelf.add(number, samples)


class _Taker:
    """What comes of one block: told to whoever watches, and made into samples."""

    def __init__(self, block: Block, executor: Executor, progress: Progress) -> None:
        self._block = block
        self._clock = executor.clock
        self._progress = progress
        self._reps: list[Rep] = []
        self._missing: list[Sample] = []

    def take(self, event: Begun | Rep | Unavailable) -> None:
        """Note what happened."""
        if isinstance(event, Begun):
            self._progress.begin(self._block)
        elif isinstance(event, Rep):
            self._reps.append(event)
            self._progress.advance(self._block, event)
        else:
            status = f"skipped: {event.why} (needs: {event.need})"
            self._missing.append(Sample(self._block.cell_of(event.method), self._clock, 0, status))
            self._progress.without(self._block, event)

    def end(self, event: Ended) -> None:
        """Tell that the block has ended; silent of an error that is not of this block alone."""
        problem, took = event.problem, event.seconds
        if isinstance(problem, CellSkipped):
            why, details = f"skipped: {problem.message}", f"it needs: {problem.hint}"
            self._progress.end(self._block, why, details, took)
        elif isinstance(problem, CellFailed):
            self._progress.end(self._block, f"failed: {problem.message}", problem.hint, took)
        elif problem is None:
            self._progress.end(self._block, "", "", took)

    def outcome(self, problem: Exception | None, boot: int) -> list[Sample] | Exception:
        """Return the lines of the block, or what ended it if that is not of this block alone."""
        if problem and not isinstance(problem, CellFailed | CellSkipped):
            return problem
        if isinstance(problem, CellFailed):
            failed = _without_rep(self._block, self._clock, boot, f"failed: {problem.message}")
            return self.shown(boot) + failed
        missing = [replace(sample, boot=boot) for sample in self._missing]
        if isinstance(problem, CellSkipped):
            status = f"skipped: {problem.message} (needs: {problem.hint})"
            known = {sample.cell for sample in missing}
            rest = _without_rep(self._block, self._clock, boot, status)
            return missing + [sample for sample in rest if sample.cell not in known]
        return missing + [self._sample(number, rep, boot) for number, rep in enumerate(self._reps)]

    def shown(self, boot: int) -> list[Sample]:
        """Return what a soak has shown so far; nothing of other blocks, which count whole."""
        soak = self._block.any_cell.soak
        return [self._sample(n, rep, boot) for n, rep in enumerate(self._reps) if soak]

    def _sample(self, number: int, rep: Rep, boot: int) -> Sample:
        return Sample(
            cell=self._block.cell_of(rep.method),
            clock=self._clock,
            boot=boot,
            status="ok" if number >= self._block.warmup else WARMUP,
            rep=number,
            pause=rep.pause,
            phases=rep.phases,
            pinned=rep.pinned,
            extents=rep.extents,
            window=rep.window,
            settle=rep.settle,
            after_pause=rep.after_pause,
            counters=rep.counters,
        )


def _without_rep(block: Block, clock: Clock, boot: int, status: str) -> list[Sample]:
    return [Sample(cell, clock, boot, status) for cell in block.cells]


def run_facts(
    scenario: Scenario,
    plan: Plan,
    executor: Executor,
    arguments: Sequence[str],
    tuned: Sequence[str] | None = None,
    profile: ProfileFacts | None = None,
    shard: str = "",
) -> RunFacts:
    """Collect what run.json holds: enough to repeat the run and to doubt it.

    ``tuned`` are the settings that --tune changed, None without --tune;
    ``profile`` is what --profile asked for, ``shard`` the part that this run is of its plan.
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
        sessions=(session(arguments, executor.saved_state),),
        tune=tuned is not None,
        tuned=tuple(tuned or ()),
        profile=profile,
        shard=shard,
    )


def session(arguments: Sequence[str], state: str) -> SessionFacts:
    """Describe the session that begins now: when, where, from what, by which sources of bench."""
    return SessionFacts(
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        bench=__version__,
        command=shlex.join(["bench", *arguments]),
        host=platform.node(),
        boot_id=boot_id(),
        revision=revision(),
        helper=helper_digest(),
        state=state,
    )


@cache
def revision() -> str:
    """Name the commit, ``-dirty`` if it was changed; empty where it is not known.

    A checkout asks git; of an installed bench it was recorded when the package was built.
    """
    if not (ROOT / ".git").exists():
        return REVISION.read_text().strip() if REVISION.is_file() else ""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    try:
        return run_process(
            [*git, "describe", "--always", "--dirty", "--exclude=*"], timeout=10
        ).strip()
    except BenchError:
        return ""
