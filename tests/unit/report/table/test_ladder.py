# SPDX-License-Identifier: GPL-2.0-only
"""The same cells under several kernels: which baseline is best, and what is saved there."""

from dataclasses import replace
from pathlib import Path

from bench.model.cell import Clock
from bench.model.method import Method
from bench.report.table.cells import CellTable
from bench.report.table.contents import contents
from bench.report.table.ladder import ladder
from bench.report.table.section import Section
from bench.results.writer import load
from tests.unit.runs import NEW, RESET, sized, write_run

STOCK = "6.12+live-update"
BETTER = f"{STOCK}+range-unpin"
SMALL = {RESET: 900, NEW: 100}
VMM, HELPER = Method.START_VMM, Method.START_HELPER


def shown(tmp_path: Path, *kernels: tuple[str, dict]) -> list[Section]:  # type: ignore[type-arg]
    runs = []
    for number, (kernel, pauses) in enumerate(kernels):
        values = {cell: {1: [pause, pause]} for cell, pause in pauses.items()}
        at = tmp_path / f"{number}"
        path = write_run(at, values, clock=Clock.ICOUNT, executor={"kernel": kernel})
        runs.append(load(path))
    return ladder(runs, [*map(CellTable, runs)])


def rows(section: Section) -> list[tuple[str, ...]]:
    (table,) = section.tables
    return [tuple(entry.text for entry in row)[4:] for row in table.rows]


def test_each_baseline_stands_beside_what_it_is_for_under_the_same_kernel(tmp_path: Path) -> None:
    verdict, table = shown(tmp_path, (STOCK, SMALL), (BETTER, {RESET: 300, NEW: 120}))
    assert rows(table) == [
        ("reset-owner", STOCK, "900", "2", "800", "9.00x"),
        ("reset-owner", "... +range-unpin", "300", "2", "180", "2.50x"),
        ("new-owner", STOCK, "100", "2", "", ""),
        ("new-owner", "... +range-unpin", "120", "2", "", ""),
    ]
    (line,) = verdict.lines
    assert line == (
        "new-owner saves 180 instructions of reset-owner's pause at its best, with +range-unpin "
        "(2.50x), at sim-net-pa thp 1 GiB"
    )


def test_the_best_may_be_another_kernel_in_each_cell(tmp_path: Path) -> None:
    large = {sized(RESET, 4): 9000, sized(NEW, 4): 100}
    worse = {sized(RESET, 4): 9900, sized(NEW, 4): 100, RESET: 300, NEW: 100}
    verdict, _ = shown(tmp_path, (STOCK, SMALL | large), (BETTER, worse))
    assert "new-owner saves 200 to 8.900 k instructions of reset-owner's pause" in verdict.lines[0]
    assert "each cell with its own kernel (3.00x to 90.0x)" in verdict.lines[0]
    assert verdict.lines[0].endswith("the least ratio at sim-net-pa thp 1 GiB")


def test_boots_of_a_kernel_are_one_rung(tmp_path: Path) -> None:
    again = {RESET: 920, NEW: 100}
    _, table = shown(tmp_path, (STOCK, SMALL), (BETTER, SMALL), (STOCK, again))
    assert rows(table)[0] == ("reset-owner", STOCK, "910", "4", "810", "9.10x")


def test_faults_behind_the_pause_are_beside_it(tmp_path: Path) -> None:
    runs = []
    for number, kernel in enumerate((STOCK, BETTER)):
        path = write_run(
            tmp_path / f"{number}",
            {RESET: {1: [900]}, NEW: {1: [100]}},
            Clock.ICOUNT,
            executor={"kernel": kernel},
        )
        run = load(path)
        touched = {
            cell: replace(columns, after_pause=columns.after_pause + 7 * (number + 1))
            for cell, columns in run.by_cell.items()
        }
        runs.append(replace(run, by_cell=touched))
    _, table = ladder(runs, [*map(CellTable, runs)])
    assert [row[-1] for row in rows(table)] == ["907", "914", "107", "114"]
    (one,) = [each for each in contents(runs[0]) if each.title.startswith("Pause")]
    assert [row[-1].text for row in one.tables[0].rows] == ["907", "107"]


def test_one_kernel_or_one_method_is_no_ladder(tmp_path: Path) -> None:
    assert shown(tmp_path / "a", (STOCK, SMALL), (STOCK, SMALL)) == []
    assert shown(tmp_path / "b", (STOCK, {RESET: 9}), (BETTER, {RESET: 8})) == []


def test_a_baseline_that_one_kernel_alone_measured_has_no_ladder(tmp_path: Path) -> None:
    assert shown(tmp_path, (STOCK, SMALL), (BETTER, {NEW: 100})) == []


def test_a_vmms_start_is_added_to_the_best_baseline_too(tmp_path: Path) -> None:
    """From a run of that version of the kernel, which measured nothing else."""
    starts = {replace(NEW, device="none", method=m): p for m, p in ((VMM, 95), (HELPER, 15))}
    verdict, table = shown(
        tmp_path, (STOCK, SMALL), (BETTER, {RESET: 300, NEW: 120}), (STOCK, starts)
    )
    assert "(2.50x; 1.900x if both had the start of QEMU too: calculated)" in verdict.lines[0]
    assert len(rows(table)) == 4
