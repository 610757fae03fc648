# SPDX-License-Identifier: GPL-2.0-only
"""Open a run that was interrupted, to measure what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs
from pydantic import ValidationError

from bench.errors import UsageError
from bench.executors.base import Executor
from bench.machine.facts import machine_facts
from bench.measure.loop import session
from bench.model.cell import Block, Cell, Clock, Plan, Sample
from bench.model.facts import FORMAT, ExecutorFacts, RunFacts, SessionFacts, WorkerFacts
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario
from bench.results.columns import CellColumns, samples_in_order
from bench.results.comparable import continuity_problems
from bench.results.foreign import what_is
from bench.results.lock import Lock, take_lock
from bench.results.plan_record import Planned, part_of, plan_facts, tally
from bench.results.reader import SampleReader, StoredLine, read_ahead, read_facts, read_lines
from bench.results.writer import Store

_ANEW = "begin a new run; 'bench report' still reads this one"


@dataclass(frozen=True)
class Resumed:
    """A run directory, locked, in which every line belongs to a block that is whole.

    The executor is made for the ``whole`` plan of the scenario, so that it is that of the first
    session; ``plan`` is what of it is to be in this run: less where it is one part of several;
    ``rest`` is what is to be stored; of that some blocks are measured already, ``ahead`` of
    others. ``boots`` is the last boot number that was used.
    """

    store: Store
    facts: RunFacts
    scenario: Scenario
    whole: Plan
    plan: Plan
    rest: Plan
    ahead: Mapping[Block, Sequence[Sample]]
    boots: int
    set_aside: int  # lines that went to samples.damaged.jsonl

    @property
    def clock(self) -> Clock:
        return self.facts.clock

    @property
    def finished(self) -> bool:
        return not self.rest.blocks and not self.rest.left_out


def open_again(path: Path) -> Resumed:
    """Lock a run directory and tidy it; UsageError when there is nothing to go on with."""
    store = Store(path, _lock(path))
    try:
        return _resumed(store)
    except BaseException:  # which may keep the store alive, and its lock with it
        store.close()
        raise


def _resumed(store: Store) -> Resumed:
    path = store.path
    store.gather_consoles()
    facts = read_facts(path / "run.json", whole=True)
    if facts.format != FORMAT:
        raise UsageError(f"{path}: format {facts.format} cannot be resumed", _ANEW)
    scenario = scenario_of(path, facts)
    whole = make_plan(scenario)
    plan = _plan(path, facts, whole)
    planned = Planned.of(plan)
    reader = SampleReader(facts.clock, planned)
    lines = [*read_lines(path / "samples.jsonl", reader)]
    by_cell = reader.by_cell()
    done = _done(planned, by_cell)
    early = {c: each for c, each in read_ahead(path, facts, planned).items() if c not in done}
    rest = _rest(plan, done)
    ahead = {
        block: samples_in_order({cell: early[cell] for cell in block.cells}, facts.clock)
        for block in rest.blocks
        if block.any_cell in early
    }
    store.replace_ahead(sample for lines in ahead.values() for sample in lines)
    return Resumed(
        store=store,
        facts=facts,
        scenario=scenario,
        whole=whole,
        plan=plan,
        rest=rest,
        ahead=ahead,
        boots=max((int(each.boot.max()) for each in (by_cell | early).values()), default=0),
        set_aside=_tidy(store, lines, done),
    )


def carry_on(
    resumed: Resumed, executor: Executor, arguments: Sequence[str], tune: bool = False
) -> int:
    """Begin a session of a run; returns how many boots came before those of the executor.

    The executor begins, unless no block is left to measure: a boot is the same one as in the
    session before when its state is.

    UsageError names what is not as it was in the first session.
    """
    if any(block not in resumed.ahead for block in resumed.rest.blocks):
        executor.begin()
    began = session(arguments, executor.saved_state)
    now = RunFacts(
        clock=executor.clock,
        executor=executor.facts(),
        machine=machine_facts(),
        tune=tune,
        sessions=(began,),
    )
    different = continuity_problems(resumed.facts, now)
    if different:
        raise UsageError(
            f"{resumed.store.path}: cannot go on with it here: {'; '.join(different)}",
            f"resume it where and as it began, or {_ANEW}",
        )
    resumed.store.add_session(began)
    before = resumed.facts.sessions
    same = bool(before) and _same_boot(before[-1], began)
    return max(0, resumed.boots - (executor.boots if same else 0))


def add_workers(resumed: Resumed, now: ExecutorFacts) -> None:
    """Add to run.json the workers of an engine that went on with a run, and their blocks of it."""
    workers = renumbered(now.workers, resumed.rest.blocks, resumed.plan)
    resumed.store.add_workers(now.engine, workers)


def renumbered(
    workers: Iterable[WorkerFacts], blocks: Sequence[Block], whole: Plan
) -> tuple[WorkerFacts, ...]:
    """Return workers that name blocks by their places in ``whole``, and not in ``blocks``."""
    places = {block: place for place, block in enumerate(whole.blocks)}
    known = [places[block] for block in blocks]
    return tuple(
        structs.replace(each, blocks=tuple(known[n] for n in each.blocks if n < len(known)))
        for each in workers
    )


def _same_boot(before: SessionFacts, now: SessionFacts) -> bool:
    """Tell whether two sessions began from one saved state, or on one kernel that was running."""
    if before.state or now.state:
        return before.state == now.state
    return before.boot_id == now.boot_id


def _lock(path: Path) -> Lock:
    try:
        return take_lock(path)
    except OSError as error:
        found = what_is(path)
        plain = UsageError(f"{path}: {error.strerror}", "name a run directory")
        raise (found.refusal(path) if found else plain) from None


def _plan(path: Path, facts: RunFacts, whole: Plan) -> Plan:
    """Return what of its scenario's plan a run has; UsageError if it stored another one."""
    plan = part_of(whole, facts)
    if plan_facts(plan) != {"plan": facts.plan, "left_out": facts.left_out}:
        raise UsageError(f"{path}: was planned by another version of bench", _ANEW)
    return plan


def scenario_of(path: Path, facts: RunFacts) -> Scenario:
    """Read the scenario of a run from its run.json; UsageError if this version cannot run it."""
    scenario = stored_scenario(facts.scenario)
    if scenario is None:
        raise UsageError(f"{path}: its scenario is of another version of bench", _ANEW)
    return scenario


def stored_scenario(dump: Mapping[str, Any]) -> Scenario | None:
    """Read a scenario as it dumps itself; None if this version cannot run it."""
    try:
        scenario = Scenario.from_dump(dump)
    except ValidationError:
        return None
    return None if scenario.misfit() else scenario


def _done(planned: Planned, by_cell: Mapping[Cell, CellColumns]) -> set[Cell]:
    """List the cells of blocks that are whole, or that failed or were skipped."""
    whole = [block for block in planned.blocks if tally(block, by_cell).whole]
    return {cell for block in whole for cell in block.cells}


def _rest(plan: Plan, done: set[Cell]) -> Plan:
    return replace(
        plan,
        blocks=tuple(block for block in plan.blocks if block.any_cell not in done),
        left_out=tuple(each for each in plan.left_out if each[0].any_cell not in done),
    )


def _tidy(store: Store, lines: Sequence[StoredLine], done: set[Cell]) -> int:
    """Move lines of blocks that are not whole to samples.damaged.jsonl; returns how many."""
    kept = [text for text, cell in lines if cell in done]
    rest = [text for text, cell in lines if cell not in done]
    whole = b"".join(_ended(text) for text in kept)
    if whole != b"".join(text for text, _ in lines):
        store.set_aside(whole, b"".join(_ended(text) for text in rest))
    return len(rest)


def _ended(text: bytes) -> bytes:
    return text if text.endswith(b"\n") else text + b"\n"
