# SPDX-License-Identifier: GPL-2.0-only
"""Sentences that plots are captioned with, against samples whose finding is known."""

from dataclasses import replace

from bench.model.method import Method
from bench.report.page import captions
from bench.report.table.cells import CellTable
from bench.report.table.figures import figures
from bench.results.writer import Run
from tests.unit.page_runs import lonely, mixed, pinned
from tests.unit.runs import CELL, measured, run_of, sized, straight

NEW = replace(CELL, method=Method.NEW_OWNER)


def table(run: Run) -> CellTable:
    return CellTable(run)


def test_growth_is_that_of_the_line() -> None:
    """1 M and 300 for each of the 262144 pages of a GiB: 79.6 M to 1259 M."""
    found = captions.scaling(table(run_of(straight(sized(CELL, gib) for gib in (1, 2, 4, 16)))))
    assert found == (
        "sim-net-pa thp from 1 GiB to 16 GiB: the pause grows 15.8x with reset-owner"
        " (300 instructions for each 4 KiB)."
    )


def test_growth_of_any_number_of_methods_and_kinds() -> None:
    found = captions.scaling(table(mixed()))
    assert found.count(" with ") == 4
    other = [replace(sized(CELL, gib), device=d) for gib in (1, 4) for d in "abc"]
    assert captions.scaling(table(run_of(straight(other)))).endswith(
        "1 more kinds of cell are drawn."
    )


def test_one_size_has_no_growth() -> None:
    assert captions.scaling(table(lonely())) == ""


def test_spans_of_their_own_are_said() -> None:
    cells = [sized(CELL, 1), sized(CELL, 4), sized(NEW, 1), sized(NEW, 16)]
    found = captions.scaling(table(run_of(straight(cells))))
    assert "with reset-owner from 1 GiB to 4 GiB" in found
    assert "with new-owner from 1 GiB to 16 GiB" in found


def test_a_budget_is_held_against_every_cell() -> None:
    cells = table(run_of(straight(sized(CELL, gib) for gib in (1, 4, 16))))
    assert "Above the budget of 100.0 M: reset-owner in 2 of 3 cells" in captions.scaling(
        cells, 1e8
    )
    assert "No cell is above 10.00 G" in captions.scaling(cells, 1e10)


def test_a_ratio_that_may_be_one() -> None:
    reps = [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007]
    rows = figures(run_of([*measured(CELL, reps), *measured(NEW, reps)]))
    assert "In 1 of 1 cells the 95 % interval of new-owner holds 1" in captions.ratios(
        rows, "instructions"
    )
    rows = figures(run_of([*measured(CELL, [r * 3 for r in reps]), *measured(NEW, reps)]))
    found = captions.ratios(rows, "instructions")
    assert found == (
        "new-owner saves 2.007 k instructions of reset-owner's pause (3.00x), "
        "at sim-net-pa thp 1 GiB."
    )
    assert captions.ratios(figures(pinned()), "instructions") == ""


def test_spread_and_overlap() -> None:
    near, far = [1000, 1010, 1020], [1015, 1100, 1200]
    found = captions.ecdf(table(run_of([*measured(CELL, far), *measured(NEW, near)])))
    assert "within 17 % of its median (reset-owner, sim-net-pa thp 1 GiB)" in found
    assert "In 0 of 1 cells every rep of new-owner is shorter than any of reset-owner" in found
    found = captions.ecdf(table(run_of([*measured(CELL, far), *measured(NEW, [1, 2, 3])])))
    assert "In 1 of 1 cells" in found
    assert captions.ecdf(table(lonely())) == ""


def test_drift() -> None:
    steady = [1000, 1002, 1001, 1003, 1000, 1002, 1001, 1003, 1000, 1002, 1001, 1003]
    assert captions.run_order(table(run_of(measured(CELL, steady)))).startswith(
        "No drift: in none of 1"
    )
    rising = [1000 + 20 * number for number in range(12)]
    found = captions.run_order(table(run_of(measured(CELL, rising))))
    assert (
        found == "Drift in 1 of 1 cells: sim-net-pa thp 1 GiB reset-owner by +19.8% over the run."
    )
    assert captions.run_order(table(lonely())) == ""
