# SPDX-License-Identifier: GPL-2.0-only
"""The sentence about new-owner and vfio's live update, from samples that are known."""

from collections.abc import Iterable
from dataclasses import replace
from html import unescape

import pytest

from bench.model.cell import Cell, Clock, Pages, Sample
from bench.model.method import Method, Phase
from bench.report.letter import cover_letter
from bench.report.page.page import page
from bench.report.table.cells import CellTable
from bench.report.table.findings import reference_sentences
from tests.unit.runs import CELL, run_of, run_text, section, without

NEW_OWNER = replace(CELL, method=Method.NEW_OWNER)
VADDR = replace(CELL, device="vfio-type1", method=Method.VFIO_VADDR)
REMAP = replace(VADDR, method=Method.VFIO_REMAP)
ALONE = replace(CELL, device="none", method=Method.EXEC_ONLY)


def samples(cell: Cell, pause: int, execs: int = 1_000_000, reps: int = 5) -> list[Sample]:
    """Pauses that are a little apart, with so much of each in exec."""
    return [
        Sample(
            cell=cell,
            clock=Clock.ICOUNT,
            boot=1,
            status="ok",
            rep=number + 1,
            pause=pause + number,
            phases={Phase.EXEC: execs, Phase.MAP: pause + number - execs},
        )
        for number in range(reps)
    ]


def said(*found: Iterable[Sample]) -> str:
    return "\n".join(reference_sentences(CellTable(run_of(s for group in found for s in group))))


ALL = (
    samples(CELL, 50_000_000),
    samples(NEW_OWNER, 1_250_000),
    samples(REMAP, 100_000_000),
    samples(VADDR, 1_000_000 + 10_000),
    samples(ALONE, 1_000_000, 999_000),
)


def test_the_whole_sentence() -> None:
    assert said(*ALL) == (
        "sim-net-pa thp 1 GiB: new-owner pauses 1.238x as long as vfio's live update (95 %: 1.23762"
        " to 1.23763; 1.250 M and 1.010 M), and the exec that all share is 2 % of reset-owner, 80 %"
        " of new-owner, 1 % of vfio-remap, 99 % of vfio-vaddr (exec-only: 1.000 M)"
    )


def test_what_was_not_measured_is_not_in_it() -> None:
    text = said(samples(NEW_OWNER, 1_250_000), samples(VADDR, 1_010_000))
    assert text.endswith("is 80 % of new-owner, 99 % of vfio-vaddr")


def test_too_few_reps_have_no_interval() -> None:
    text = said(samples(NEW_OWNER, 1_250_000, reps=3), samples(VADDR, 1_010_000, reps=3))
    assert "(no interval: it takes 5 reps, or boots; 1.250 M and 1.010 M)" in text


@pytest.mark.parametrize(
    "found",
    [
        [samples(CELL, 50_000_000), samples(NEW_OWNER, 1_250_000)],
        [samples(VADDR, 1_010_000), samples(REMAP, 100_000_000)],
        [samples(NEW_OWNER, 1_250_000), samples(replace(VADDR, pages=Pages.SMALL), 1_010_000)],
        [samples(NEW_OWNER, 1_250_000), samples(replace(VADDR, regions="7"), 1_010_000)],
        [samples(NEW_OWNER, 1_250_000), [without(VADDR, "failed: VmLck is 0 kB")]],
    ],
)
def test_without_both_at_one_place_there_is_none(found: list[list[Sample]]) -> None:
    assert said(*found) == ""


def test_each_place_has_its_line() -> None:
    more = [
        samples(replace(cell, pages=Pages.HUGETLB_2M), pause)
        for cell, pause in ((NEW_OWNER, 2_000_000), (VADDR, 1_000_000))
    ]
    lines = said(*ALL, *more).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "sim-net-pa thp 1 GiB",
        "sim-net-pa hugetlb-2m 1 GiB",
    ]
    assert "new-owner pauses 2.000x as long" in lines[1]


def test_it_stands_in_the_report_and_only_where_it_belongs() -> None:
    run = run_of(sample for group in ALL for sample in group)
    assert reference_sentences(CellTable(run))[0] in run_text(run).split("\n\n")
    assert "vfio" not in run_text(run_of([*ALL[0], *ALL[1]]))
    assert section(run_text(run), "Pause of a live update")


def test_letter_and_page_have_all_five_methods() -> None:
    """By their pairs; what no method is held against stands by itself."""
    run = run_of(sample for group in ALL for sample in group)
    (said_first,) = reference_sentences(CellTable(run))
    letter = " ".join(cover_letter([run]).split())
    assert said_first in letter
    assert "Median pause of reset-owner and new-owner" in letter
    assert "Median pause of vfio-remap and vfio-vaddr" in letter
    html = unescape(page([run]))
    assert said_first in html
    for method in (*(group[0].cell.method for group in ALL),):
        assert method in letter and f">{method}<" in html
    assert "of vfio-remap's pause (99.0x)" in html
