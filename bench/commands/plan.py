# SPDX-License-Identifier: GPL-2.0-only
"""Say what a run would measure, and how long that takes on so many workers: bench run --plan."""

from collections.abc import Iterator, Sequence

from bench.commands.outcome import Outcome
from bench.errors import CannotJudge, UsageError
from bench.executors.choose import check, is_for_guests, kernels_of, steps_ahead
from bench.executors.guest_setup import size_for
from bench.kernel.name import KernelName
from bench.model.cell import VARIANTS, Block, Clock, Plan
from bench.model.units import GIB, format_duration, format_size, number_of
from bench.plan.boots import Boot
from bench.plan.duration import whole_seconds
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario
from bench.plan.shards import deal, lightest_first
from bench.report.table.section import (
    NO_ENTRY,
    Column,
    Entry,
    EntryKind,
    Section,
    figures_under,
    make_table,
)
from bench.worker.block import SPARE

_WORKERS = (1, 8, 64)
_LEFT_OUT = Entry.reason("left out")


def plan_outcome(
    scenario: Scenario, boots: Sequence[Boot], plan: Plan, clock: Clock | None
) -> Outcome:
    """Print the plan of a scenario, which is that of its first boot.

    UsageError and CannotJudge for one that cannot be.
    """
    kernels = kernels_of(scenario)
    if not plan.blocks:
        raise CannotJudge("no cell is left to measure", "give more --budget, or smaller --mem")
    guests = is_for_guests(scenario, plan)
    if not guests:  # which may be of another machine than this one
        check(scenario, plan, clock)
    sections = (
        Section(lines=(*_counted(scenario, plan, boots),)),
        _blocks(plan),
        _times(boots, plan, clock, spread=guests and clock is not Clock.WALL),
    )
    memory = Section(lines=(*_memory(plan, kernels),) if guests else ())
    return Outcome(0, sections=tuple(filter(None, (*sections, memory))))


def _counted(scenario: Scenario, plan: Plan, boots: Sequence[Boot]) -> Iterator[str]:
    cells = sum(len(block.cells) for block in plan.blocks)
    kernels = [*dict.fromkeys(boot.label for boot in sorted(boots, key=lambda boot: boot.kernel))]
    yield f"plan  {scenario.name}: {scenario.question}".rstrip(": ")
    once = f"{number_of(cells, 'cell')} in {number_of(len(plan.blocks), 'block')}"
    many = f", in each of {len(boots)} boots: {number_of(cells * len(boots), 'cell')}"
    yield f"{once}{many if len(boots) > 1 else ''}"
    if len(kernels) > 1:
        yield f"kernels: {', '.join(kernels)}"
    if len(methods := {_methods(block) for block in plan.blocks}) == 1:
        yield f"methods of each block, in turns: {methods.pop()}"
    yield f"reps of each cell: {scenario.reps}"


def _methods(block: Block) -> str:
    return ", ".join(cell.method for cell in block.cells)


def _blocks(plan: Plan) -> Section:
    """Tabulate the blocks: what they have in common beside the size of memory, by that size."""
    left_out = {block for block, _ in plan.left_out}
    every = [*plan.blocks, *left_out]
    rows: dict[tuple[str, ...], dict[int, Entry]] = {}
    names = ("device", "pages")
    for block in sorted(every, key=lambda block: block.any_cell.sort_key(*names, *VARIANTS, "mem")):
        cell = block.any_cell
        row = (" ".join(block.devices), " ".join([cell.pages, *cell.differing()]), _methods(block))
        took = _LEFT_OUT if block in left_out else _estimate(whole_seconds(block))
        rows.setdefault(row, {})[cell.mem] = took
    sizes = sorted({block.any_cell.mem for block in every})
    apart = len({methods for *_, methods in rows}) > 1
    columns = [Column(name, right=False, names=True) for name in (*names, "methods")]
    table = make_table(
        (*columns, *figures_under(*map(format_size, sizes))),
        (
            (*map(Entry, row), *(by_size.get(size, NO_ENTRY) for size in sizes))
            for row, by_size in rows.items()
        ),
    )
    kept = [True, True, apart, *[True] * len(sizes)]
    notes = ("by --mem, on a slow machine under TCG",)
    return Section("time of a block", notes, (table.of_columns(kept),))


def _estimate(seconds: float) -> Entry:
    return Entry(f"~{format_duration(seconds)}", EntryKind.ESTIMATE)


def _times(boots: Sequence[Boot], plan: Plan, clock: Clock | None, spread: bool) -> Section:
    """Tabulate how long it takes on so many workers; ``spread``: an engine could have it."""
    ahead = steps_ahead([boot.scenario for boot in boots], plan, clock)
    lead = [sum(steps.values()) for steps in ahead]
    seconds = [[*map(whole_seconds, make_plan(boot.scenario).blocks)] for boot in boots]
    rows = [
        (
            Entry.figure(count),
            _estimate(_on_engine(seconds, lead, count)) if spread else NO_ENTRY,
            _in_parts(boots, lead, count, clock),
        )
        for count in _WORKERS
    ]
    columns = (Column("workers", names=True), *figures_under("with --on", "with --shard"))
    notes = ("each worker has one block at a time", "what the cache lacks is in it")
    return Section("time of the run", notes, (make_table(columns, rows).filled(),))


def _on_engine(seconds: Sequence[Sequence[float]], lead: Sequence[float], count: int) -> float:
    """Estimate the seconds where boots come one after the other, each spread over all workers.

    ``seconds`` are those of the blocks of each boot, ``lead`` what comes before them.
    """
    total = sum(lead)
    for blocks in seconds:
        loads = [0.0] * count
        for took, hand in zip(blocks, lightest_first(blocks, count), strict=True):
            loads[hand] += took
        total += max(loads)
    return total


def _in_parts(
    boots: Sequence[Boot], lead: Sequence[float], count: int, clock: Clock | None
) -> Entry:
    """Estimate how long the longest part takes, the boots that it has blocks of included."""
    try:
        parts = deal(boots, count, clock)
    except UsageError:
        return Entry.reason("too few blocks")
    loads = (
        sum(
            boot + sum(map(whole_seconds, mine))
            for boot, mine in zip(lead, part, strict=True)
            if mine
        )
        for part in parts
    )
    return _estimate(max(loads))


def _memory(plan: Plan, kernels: Sequence[KernelName]) -> Iterator[str]:
    """Say what a worker has to have free, and what could be left out for less."""
    whole = size_for(plan.blocks, kernels)
    free = f"{(whole + SPARE) / GIB:.1f} GiB"
    yield f"memory: {free} free on each worker, for QEMU's -m of {format_size(whole)}"
    most = max(block.any_cell.mem for block in plan.blocks)
    rest = [block for block in plan.blocks if block.any_cell.mem < most]
    if rest and (less := size_for(rest, kernels)) < whole:
        yield (
            f"-m is the same for all blocks of a run: without {format_size(most)} in --mem"
            f" it is {format_size(less)}"
        )
