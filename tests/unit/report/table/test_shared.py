# SPDX-License-Identifier: GPL-2.0-only
"""Savings, and ratios by what both pauses share: nothing of a VMM that was not measured."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.model.cell import Backing, Cell, Clock, Handover, Pages
from bench.model.method import Method
from bench.report.letter import cover_letter
from bench.report.page.page import page
from bench.report.table.cells import CellTable
from bench.report.table.contents import contents
from bench.report.table.figures import figures
from bench.report.table.shared import beside, common_rows, common_table, common_verdict
from bench.report.text.text import sections_text
from bench.results.writer import Run, load
from tests.unit.runs import NEW, RESET, write_run

MEM = 128 << 20
VMM = Cell("none", Method.START_VMM, MEM, Pages.SMALL, Backing.REAL, MEM)
HELPER = replace(VMM, method=Method.START_HELPER)
QEMU = "QEMU emulator version 7.2.22 (Debian 1:7.2)"
UPDATE = {RESET: 3_600_000_000, NEW: 20_000_000}
BY_TRANSFER = {
    replace(RESET, handover=Handover.TRANSFER): 3_580_000_000,
    replace(NEW, handover=Handover.TRANSFER): 1_000_000,
}
START = {VMM: 60_400_000, HELPER: 400_000}


def run_with(path: Path, pauses: dict[Cell, int], **executor: Any) -> Run:
    values = {cell: {1: [pause] * 6} for cell, pause in pauses.items()}
    known = {"qemu": QEMU, "vmm": "qemu-system-x86_64 -nodefaults", **executor}
    return load(write_run(path, values, clock=Clock.ICOUNT, executor=known))


def said(run: Run, *others: Run) -> tuple[list[str], list[tuple[str, ...]]]:
    """The verdict on what both share, and the table from its column of savings on, with heads."""
    runs = [run, *others]
    tables = [*map(CellTable, runs)]
    found = beside(run, runs, tables)
    rows = common_rows(figures(run, tables[0]), found)
    section = common_table(rows, found, tables[0].unit)
    (table,) = section.tables
    lines = [table.heads, *(tuple(entry.text for entry in row) for row in table.rows)]
    return common_verdict(rows, found), [line[5:] for line in lines]


def test_a_ratio_falls_with_what_both_share_and_the_saving_stays(tmp_path: Path) -> None:
    verdict, table = said(run_with(tmp_path / "run", UPDATE))
    assert verdict == []
    assert table == [
        ("saved", "as measured", "+10 M", "+100 M"),
        ("3.580 G", "180x", "120x", "30.8x"),
    ]


def test_a_transfer_and_a_vmms_start_of_other_runs(tmp_path: Path) -> None:
    update = run_with(tmp_path / "run", UPDATE)
    others = run_with(tmp_path / "transfer", BY_TRANSFER), run_with(tmp_path / "start", START)
    verdict, table = said(update, *others)
    assert verdict == [
        "3580x by transfer: the new process was there before the pause",
        "45.8x with the start of QEMU 7.2.22 in both pauses",
    ]
    assert table == [
        ("saved", "by transfer", "as measured", "+10 M", "+100 M", "QEMU: +60 M"),
        ("3.580 G", "3580x", "180x", "120x", "30.8x", "45.8x"),
    ]


@pytest.mark.parametrize(
    "unlike",
    [
        {"kernel": "7.3+live-update"},
        {"cpu_model": "Haswell"},
        {"accelerator": "plain-tcg"},
    ],
)
def test_a_start_that_was_measured_elsewhere_is_none(
    tmp_path: Path, unlike: dict[str, str]
) -> None:
    start = run_with(tmp_path / "start", START, **unlike)
    verdict, table = said(run_with(tmp_path / "run", UPDATE), start)
    assert verdict == [] and len(table[0]) == 4


def test_the_kernels_series_do_not_matter_to_a_start(tmp_path: Path) -> None:
    better = run_with(tmp_path / "run", UPDATE, kernel="6.12+live-update+range-unpin")
    (line,), _ = said(better, run_with(tmp_path / "start", START))
    assert line.startswith("45.8x with the start")


def test_a_start_without_the_helpers_own_adds_nothing_known(tmp_path: Path) -> None:
    start = run_with(tmp_path / "start", {VMM: 60_400_000})
    assert said(run_with(tmp_path / "run", UPDATE), start)[0] == []


def test_every_kind_of_report_leads_with_the_saving(tmp_path: Path) -> None:
    runs = [run_with(tmp_path / "run", UPDATE), run_with(tmp_path / "start", START)]
    tables = [*map(CellTable, runs)]
    text = sections_text(contents(runs[0], tables[0], others=beside(runs[0], runs, tables)))
    lines = text.splitlines()
    assert lines[0] == (
        "new-owner saves 3.580 G instructions of reset-owner's pause (180x), "
        "at sim-net-pa thp 1 GiB"
    )
    assert lines[1] == "45.8x with the start of QEMU 7.2.22 in both pauses"
    letter = " ".join(cover_letter(runs).split())
    assert "new-owner saves 3.580 G of reset-owner's pause (180x), in instructions" in letter
    assert "+60 M" in letter and "45.8x" in letter
    html = page(runs)
    assert "What both share" in html and "45.8x" in html and "Hollow ones" in html


def test_without_a_start_no_figure_of_a_vmm_but_the_command(tmp_path: Path) -> None:
    run = run_with(tmp_path / "run", UPDATE)
    for text in (sections_text(contents(run)), cover_letter([run]), page([run])):
        assert "bench run vmm-start" in " ".join(text.split())
        assert "with the start of" not in text and "Hollow" not in text


def test_the_run_that_measured_it(tmp_path: Path) -> None:
    run = run_with(tmp_path / "start", START)
    text = sections_text(contents(run))
    assert text.startswith(
        "QEMU 7.2.22 takes 60.40 M instructions until it would map guest memory, "
        "bench's own program 400.0 k: 60.00 M more in each pause"
    )
    assert f"vmm:      {QEMU}: qemu-system-x86_64 -nodefaults" in text
    assert "Pause of a live update" not in text and "per 4K" not in text
    letter = cover_letter([run])
    assert "VMM        qemu-system-x86_64 -nodefaults" in letter and "smaps" not in letter
    assert "60.40 M" in page([run])


def test_a_method_that_saves_nothing_adds(tmp_path: Path) -> None:
    """Of several devices each has its own words, and the pause is named once."""
    longer = {RESET: 1_000_000, NEW: 1_250_000}
    other = {replace(cell, device="sim-net-va"): pause for cell, pause in longer.items()}
    run = run_with(tmp_path / "run", {**longer, **other})
    assert sections_text(contents(run)).startswith(
        "new-owner adds 250.0 k instructions to reset-owner's pause (0.800x), the least ratio at"
    )
    letter = " ".join(cover_letter([run]).split())
    assert letter.startswith(
        "On sim-net-pa new-owner adds 250.0 k to reset-owner's pause (0.800x), "
        "on sim-net-va it adds 250.0 k (0.800x), in instructions"
    )
