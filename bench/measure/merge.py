# SPDX-License-Identifier: GPL-2.0-only
"""Put the parts of a run together that was measured by several calls of bench."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from msgspec import structs

from bench import __version__
from bench.errors import UsageError
from bench.measure.in_order import InOrder
from bench.measure.resume import renumbered, scenario_of
from bench.model.cell import Block, Cell, Plan, Sample
from bench.model.facts import FORMAT, ExecutorFacts, RunFacts, SessionFacts, WorkerFacts
from bench.plan.matrix import make_plan
from bench.profile import DIRECTORY
from bench.results.columns import CellColumns, samples_in_order
from bench.results.comparable import continuity_problems
from bench.results.plan_record import part_of, plan_facts, tally
from bench.results.reader import Run, load, read_facts
from bench.results.writer import Store, create

_APART = "merge the parts of one plan that one kernel, helper, QEMU and model of CPU measured"


@dataclass(frozen=True)
class Merged:
    """A run that was put together, and what is to be said of it."""

    store: Store
    missing: tuple[Block, ...]  # that no part has whole
    notes: tuple[str, ...]  # a line for each thing to know


def merge(paths: Sequence[Path], out: Path, arguments: Sequence[str]) -> Merged:
    """Write the run that parts are of: all blocks of its plan that some part has whole.

    UsageError names a part that is of another plan, or was measured by something else.
    """
    parts = [load(path) for path in paths]
    first = parts[0]
    plan = make_plan(scenario_of(first.path, first.facts))
    for part in parts:
        _require_part(part, first, plan)
    found = {block: _having(block, parts) for block in plan.blocks}
    notes = [f"{part.path}: {line}" for part in parts for line in part.damage]
    notes += filter(None, (_other_bench(part, first) for part in parts))
    notes += [_twice(block, having) for block, having in found.items() if len(having) > 1]
    numbers = _boot_numbers(parts)
    store = create(out, plan.scenario)
    store.write_facts(_facts(parts, plan, numbers, arguments))
    for block, why in plan.left_out:
        store.append(Sample(cell, first.clock, 0, why) for cell in block.cells)
    shelf = InOrder(store, {})  # a block behind one that is missing waits, as in any run
    for place, (block, having) in enumerate(found.items()):
        if having:
            shelf.add(place, [*_samples(block, having[0], place, numbers[having[0].path])])
    _copy_profiles(parts, store)
    missing = tuple(block for block, having in found.items() if not having)
    return Merged(store, missing, tuple(notes))


def _require_part(part: Run, first: Run, plan: Plan) -> None:
    """Raise UsageError unless a part is of this plan, and was measured as the first one was."""
    path = part.path
    read_facts(path / "run.json", whole=True)
    if part.facts.format != FORMAT:
        raise UsageError(f"{path}: format {part.facts.format} cannot be merged", "measure it again")
    planned = {"plan": part.facts.plan, "left_out": part.facts.left_out}
    mine = plan_facts(part_of(plan, part.facts))
    if part.facts.scenario != first.facts.scenario or planned != mine:
        raise UsageError(f"{path}: its plan is not that of {first.path}", _APART)
    if part.facts.profile != first.facts.profile:
        raise UsageError(f"{path}: --profile was not given as for {first.path}", _APART)
    _refuse(path, first.path, continuity_problems(first.facts, part.facts))


def require_one_means(boots: Sequence[Path]) -> None:
    """Raise UsageError unless boots were measured by one helper and QEMU, each kernel by one build.

    ``boots`` are run directories, KERNEL/NUMBER below those of the parts.
    """
    first_of: dict[str, tuple[Path, RunFacts]] = {}
    for path in boots:
        facts = read_facts(path / "run.json")
        known, first = first_of.setdefault(path.parent.name, (path, facts))
        _refuse(path, known, continuity_problems(first, facts))
        known, first = next(iter(first_of.values()))
        _refuse(path, known, continuity_problems(first, facts, of_kernel=False))


def _refuse(path: Path, first: Path, different: Sequence[str]) -> None:
    if different:
        said = "; ".join(line.replace(" was ", f" of {first} is ", 1) for line in different)
        raise UsageError(f"{path}: measured by something else: {said} here", _APART)


def _having(block: Block, parts: Sequence[Run]) -> list[Run]:
    """List the parts that have a block whole."""
    return [part for part in parts if tally(block, part.by_cell).whole]


def _other_bench(part: Run, first: Run) -> str:
    """Say that another bench has measured a part: what its guests ran is known to be the same."""
    mine, its = _benches(part), _benches(first)
    if mine == its:
        return ""
    return f"{part.path}: bench {', '.join(mine)} has measured it; {first.path}: {', '.join(its)}"


def _benches(part: Run) -> list[str]:
    names = (f"{each.bench} {each.revision}".strip() for each in part.facts.sessions)
    return sorted({*names})


def _twice(block: Block, having: Sequence[Run]) -> str:
    first, *others = having
    return f"{block.label}: of {first.path}; it is in {', '.join(str(p.path) for p in others)} too"


def _samples(
    block: Block, part: Run, place: int, numbers: Mapping[int, int] | None
) -> Iterator[Sample]:
    """Yield the lines of a block with the number that their boot has in the whole run.

    Where every block boots, that is its place in the plan, from 1.
    """
    mine: dict[Cell, CellColumns] = {c: part.by_cell[c] for c in block.cells if c in part.by_cell}
    for sample in samples_in_order(mine, part.clock):
        number = place + 1 if numbers is None else numbers.get(sample.boot, sample.boot)
        yield replace(sample, boot=number)


def _boot_numbers(parts: Sequence[Run]) -> dict[Path, Mapping[int, int] | None]:
    """Give the boots of all parts numbers: one that parts went on from is the same boot in each.

    None for a part whose blocks had a boot each.
    """
    known: list[str] = []
    numbers: dict[Path, Mapping[int, int] | None] = {}
    for part in parts:
        if part.facts.executor.fresh:
            numbers[part.path] = None
            continue
        names = [name for name, _ in groupby(map(_boot_name, part.facts.sessions))]
        known += [name for name in names if name not in known]
        numbers[part.path] = {n: known.index(name) + 1 for n, name in enumerate(names, 1)}
    return numbers


def _boot_name(session: SessionFacts) -> str:
    """Return what tells the boot of a session from others: its saved state, or the host's boot."""
    return session.state or session.boot_id


def _facts(
    parts: Sequence[Run],
    plan: Plan,
    numbers: Mapping[Path, Mapping[int, int] | None],
    arguments: Sequence[str],
) -> RunFacts:
    """Return the facts of the whole; sessions of one boot follow one another."""
    sessions = [(part, session) for part in parts for session in part.facts.sessions]
    order = [*dict.fromkeys(_boot_name(session) for _, session in sessions)]
    sessions.sort(key=lambda pair: order.index(_boot_name(pair[1])))
    return structs.replace(
        parts[0].facts,
        bench=__version__,
        command=shlex.join(["bench", *arguments]),
        shard="",
        executor=_executor(parts, plan),
        sessions=tuple(session for _, session in sessions),
        **plan_facts(plan),
    )


def _executor(parts: Sequence[Run], plan: Plan) -> ExecutorFacts:
    """Return the facts of the executor, with all workers, and their blocks of the whole."""
    workers: list[WorkerFacts] = []
    for part in parts:
        if known := part.facts.executor.workers:
            workers += renumbered(known, part_of(plan, part.facts).blocks, plan)
    engine = next((e for part in parts if (e := part.facts.executor.engine)), "")
    return structs.replace(parts[0].facts.executor, engine=engine, workers=tuple(workers))


def _copy_profiles(parts: Sequence[Run], store: Store) -> None:
    for part in parts:
        for file in sorted((part.path / DIRECTORY).glob("*.json.gz")):
            if not (store.path / DIRECTORY / file.name).exists():
                store.add_profile(file.name, file.read_bytes())
