# SPDX-License-Identifier: GPL-2.0-only
"""Write a run as pyperf's JSON, for `python -m pyperf stats|hist|compare_to|metadata|check`."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyperf

from bench.errors import CannotJudge
from bench.model.cell import Cell, Clock
from bench.report.table.cells import CellTable
from bench.results.columns import CellColumns
from bench.results.comparable import facts_of
from bench.results.writer import Run
from bench.sides import Side, side_of
from bench.sides import pyperf_file as keys
from bench.sides.names import cell_name

_ZEROS = "left out: pyperf takes no value of 0, and a boot of it has no other"


def pyperf_json(run: Run) -> str:
    """Return one benchmark a cell, one pyperf.Run a boot; CannotJudge if no cell has a value.

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
    boots = {cell: _boots(run.by_cell[cell]) for cell in cells}
    zeros = [
        cell
        for cell, reps in boots.items()
        if not all((each.pause[each.ok] > 0).any() for each in reps.values())
    ]
    shared |= keys.without_metadata([*without, *((cell, _ZEROS) for cell in zeros)])
    left = [cell for cell in cells if cell not in zeros]
    own = {boot: _own(side, boot) for boot in {*side.identities, *side.began}}
    return _dumped([_benchmark(cell, boots[cell], run.clock, shared, own) for cell in left], run)


def _own(side: Side, boot: int) -> dict[str, str]:
    """Return what makes a boot itself, as far as it is known."""
    known = {keys.IDENTITY: side.identities.get(boot), keys.BEGAN: side.began.get(boot)}
    return {name: text for name, text in known.items() if text}


def _boots(columns: CellColumns) -> dict[int, CellColumns]:
    """Return the reps of each boot that has a sample, by rep."""
    boots = columns.by_boot().items()
    return {boot: reps.take(np.argsort(reps.rep)) for boot, reps in boots if reps.ok.any()}


def _dumped(benchmarks: Sequence[Any], run: Run) -> str:
    if not benchmarks:
        raise CannotJudge(f"{run.path}: pyperf takes no value of 0, and no cell is without")
    text = io.StringIO()
    pyperf.BenchmarkSuite(benchmarks).dump(text)
    return text.getvalue()


def _shared(run: Run) -> dict[str, str | int]:
    """Return what pyperf itself knows how to show, and what is wrong with the run."""
    facts = facts_of(run.facts)
    found: dict[str, str | int] = {keys.FORMAT_KEY: keys.FORMAT}
    if "cpu" in facts:
        found["cpu_model_name"] = facts["cpu"]
    if run.damage:
        found[keys.DAMAGE] = " ".join("; ".join(run.damage).split())
    return found


def _benchmark(
    cell: Cell,
    boots: Mapping[int, CellColumns],
    clock: Clock,
    shared: Mapping[str, str | int],
    own: Mapping[int, Mapping[str, str]],
) -> Any:
    metadata = {
        **shared,
        **keys.cell_metadata(cell),
        "name": cell_name(cell),
        "unit": "second" if clock is Clock.WALL else "integer",
    }
    return pyperf.Benchmark(
        [
            _run(reps, clock, {**metadata, **own.get(boot, {}), keys.BOOT: boot})
            for boot, reps in boots.items()
        ]
    )


def _run(reps: CellColumns, clock: Clock, metadata: dict[str, str | int]) -> Any:
    ticks = reps.pause[reps.ok].tolist()
    zeros = [str(place) for place, value in enumerate(ticks) if value == 0]
    if zeros:
        metadata |= {keys.ZEROS: ",".join(zeros), keys.LEFT_OUT: len(zeros)}
    if clock is Clock.ICOUNT:
        metadata["duration"] = 0  # pyperf would add the counts up, and call the sum seconds
    warmups = [(1, _value(value, clock)) for value in reps.pause[~reps.ok].tolist()]
    values = [_value(value, clock) for value in ticks if value]
    return pyperf.Run(values, warmups=warmups, metadata=metadata, collect_metadata=False)


def _value(ticks: int, clock: Clock) -> int | float:
    return ticks / keys.NS if clock is Clock.WALL else ticks
