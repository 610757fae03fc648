# SPDX-License-Identifier: GPL-2.0-only
"""A run as pyperf's JSON, for `python -m pyperf stats|hist|compare_to|metadata|check`."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyperf

from bench.errors import CannotJudge
from bench.model.cell import Cell, Clock, Sample
from bench.report.table.cells import CellTable
from bench.results.comparable import facts_of
from bench.results.writer import Run
from bench.sides import pyperf_keys as keys
from bench.sides import side_of
from bench.sides.names import cell_name

_ZEROS = "left out: pyperf takes no value of 0, and a boot of it has no other"


def pyperf_json(run: Run) -> str:
    """One benchmark a cell, one pyperf.Run a boot; CannotJudge where no cell has a value.

    Wall time is in seconds, an instruction count in pyperf's unit ``integer``: never a
    time. Warm-ups of the cell are pyperf's warm-ups. A cell without a figure is no
    benchmark, and stands in the metadata with the reason. pyperf takes no value of 0: such
    ones are left out, and their number and places stand in the metadata of their boot; a
    cell with a boot that has no other is left out whole.
    """
    side = side_of([run], force=True)
    cells = [cell for cell in CellTable(run).cells if cell in side.cells]
    without = [(cell, why) for cell, why in side.without.items() if isinstance(cell, Cell)]
    shared = {**_shared(run), **keys.facts_metadata(facts_of(run.facts))}
    boots = _by_boot(run, cells)
    zeros = [cell for cell in cells if not all(map(_positive, boots[cell].values()))]
    shared |= keys.without_metadata([*without, *((cell, _ZEROS) for cell in zeros)])
    left = [cell for cell in cells if cell not in zeros]
    return _dumped([_benchmark(cell, boots[cell], run.clock, shared) for cell in left], run)


def _by_boot(run: Run, cells: Iterable[Cell]) -> dict[Cell, dict[int, list[Sample]]]:
    """Of each cell the reps of each boot that has one that counts, in their order."""
    found: dict[Cell, dict[int, list[Sample]]] = {cell: {} for cell in cells}
    same = {id(sample.cell): found.get(sample.cell) for sample in _of_each_cell(run)}
    for sample in run.samples:
        boots = same[id(sample.cell)]
        if boots is not None and sample.rep is not None:
            boots.setdefault(sample.boot, []).append(sample)
    for boots in found.values():
        for boot, samples in [*boots.items()]:
            samples.sort(key=lambda sample: sample.rep or 0)
            if not any(sample.ok for sample in samples):
                del boots[boot]
    return found


def _of_each_cell(run: Run) -> Iterable[Sample]:
    """One sample of each cell object: what is equal is slow to find out a million times."""
    return {id(sample.cell): sample for sample in run.samples}.values()


def _dumped(benchmarks: Sequence[Any], run: Run) -> str:
    if not benchmarks:
        raise CannotJudge(f"{run.path}: pyperf takes no value of 0, and no cell is without")
    text = io.StringIO()
    pyperf.BenchmarkSuite(benchmarks).dump(text)
    return text.getvalue()


def _shared(run: Run) -> dict[str, str | int]:
    """What pyperf itself knows how to show, and what is wrong with the run."""
    facts = facts_of(run.facts)
    found: dict[str, str | int] = {keys.FORMAT_KEY: keys.FORMAT}
    if "cpu" in facts:
        found["cpu_model_name"] = facts["cpu"]
    if run.damage:
        found[keys.DAMAGE] = " ".join("; ".join(run.damage).split())
    return found


def _positive(samples: Iterable[Sample]) -> bool:
    """pyperf takes one of them."""
    return any(sample.ok and sample.pause for sample in samples)


def _benchmark(
    cell: Cell, boots: Mapping[int, list[Sample]], clock: Clock, shared: Mapping[str, str | int]
) -> Any:
    metadata = {
        **shared,
        **keys.cell_metadata(cell),
        "name": cell_name(cell),
        "unit": "second" if clock is Clock.WALL else "integer",
    }
    return pyperf.Benchmark(
        [_run(boots[boot], clock, {**metadata, keys.BOOT: boot}) for boot in sorted(boots)]
    )


def _run(samples: Sequence[Sample], clock: Clock, metadata: dict[str, str | int]) -> Any:
    ticks = [sample.pause or 0 for sample in samples if sample.ok]
    zeros = [str(place) for place, value in enumerate(ticks) if value == 0]
    if zeros:
        metadata |= {keys.ZEROS: ",".join(zeros), keys.LEFT_OUT: len(zeros)}
    if clock is Clock.ICOUNT:
        metadata["duration"] = 0  # pyperf would add the counts up, and call the sum seconds
    warmups = [(1, _value(sample.pause or 0, clock)) for sample in samples if not sample.ok]
    values = [_value(value, clock) for value in ticks if value]
    return pyperf.Run(values, warmups=warmups, metadata=metadata, collect_metadata=False)


def _value(ticks: int, clock: Clock) -> int | float:
    return ticks / keys.NS if clock is Clock.WALL else ticks
