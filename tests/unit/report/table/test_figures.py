# SPDX-License-Identifier: GPL-2.0-only
"""What every report says of a cell: its figures, or why it has none."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest

from bench.model.cell import Cell, Sample
from bench.model.cell_state import CellState
from bench.model.method import Method
from bench.report.table.cells import CellTable
from bench.report.table.figures import figures
from bench.stats.ratios import ratio_interval
from tests.unit.runs import (
    A_PAGE,
    CELL,
    from_boots,
    measured,
    on_a_line,
    run_of,
    run_text,
    sized,
    straight,
    without,
)

NEW = replace(CELL, method=Method.NEW_OWNER)
BUSY = 3  # times as long on a slower machine that others use too
SMALLER = [sized(CELL, gib) for gib in (1, 2, 4, 16)]


def test_a_ratio_has_the_interval_of_its_reps() -> None:
    slow, fast = [9_100, 9_000, 9_200, 9_050, 9_080], [3_000, 3_010, 2_990, 3_020, 3_005]
    _, found = figures(run_of([*measured(CELL, slow), *measured(NEW, fast)]))
    assert found.ratio == np.median(slow) / np.median(fast)
    assert found.ratio_interval == ratio_interval(from_boots([slow]), from_boots([fast]))
    low, high = found.ratio_interval or (0, 0)
    assert low < 3 < high


def test_three_reps_have_a_ratio_without_an_interval() -> None:
    _, found = figures(run_of([*measured(CELL, [9, 9, 9]), *measured(NEW, [3, 3, 3])]))
    assert (found.ratio, found.ratio_interval) == (3.0, None)


def test_a_cell_that_failed_in_one_boot_has_no_figure_anywhere() -> None:
    failed = replace(without(NEW, "failed: VmPin is 0 kB"), boot=2)
    run = run_of([*measured(CELL, [9_000] * 5), *measured(NEW, [3_000] * 5), failed])
    _, found = figures(run)
    assert (found.state, found.pause, found.ratio) == (CellState.FAILED, None, None)
    text = run_text(run)
    assert "3.000 k" not in text and "failed: VmPin is 0 kB" in text


def both(cells: list[Cell]) -> list[Cell]:
    return [replace(cell, method=m) for cell in cells for m in (CELL.method, Method.NEW_OWNER)]


def test_two_estimates_have_a_ratio_without_an_interval() -> None:
    wanted = sized(CELL, 64)
    left_out = [without(cell) for cell in both([wanted])]
    rows = {row.cell: row for row in figures(run_of([*straight(both(SMALLER)), *left_out]))}
    found = rows[replace(wanted, method=Method.NEW_OWNER)]
    assert found.state is CellState.EXTRAPOLATED
    assert found.ratio == pytest.approx(1.0) and found.ratio_interval is None
    assert found.base == wanted and rows[wanted].ratio is None


def many(count: int) -> list[Sample]:
    rng = random.Random(1)
    cells = both([sized(CELL, 1 << n) for n in range(5)])
    each = count // len(cells)
    return [
        s for c in cells for s in measured(c, [rng.randrange(10**6, 10**7) for _ in range(each)])
    ]


@pytest.mark.long
def test_a_million_samples_take_less_than_four_seconds() -> None:
    run = run_of(many(1_000_000))
    began = time.process_time()
    assert "Growth of release" in run_text(run)
    assert time.process_time() - began < BUSY * 4


@pytest.mark.parametrize(("sizes", "reps"), [(600, 20), (2000, 3)])
def test_many_sizes_are_still_one_line(sizes: int, reps: int) -> None:
    """Slopes are those of all pairs of points: of 12,000 they would take a gigabyte."""
    cells = [sized(CELL, gib) for gib in range(1, sizes + 1)]
    table = CellTable(
        run_of([s for cell in cells for s in measured(cell, [on_a_line(cell)] * reps)])
    )
    line, why_not = table.scaling(cells[0])
    assert not why_not and line.slope == pytest.approx(A_PAGE)
