# SPDX-License-Identifier: GPL-2.0-only
"""The first picture of a page: bars are to scale, and what they show is said in words."""

from dataclasses import replace

import pytest

from bench.model.cell import Clock, Sample
from bench.model.method import Method, Phase
from bench.report.page.bars import Bars, bars
from bench.report.table.figures import figures
from bench.results.writer import Run
from tests.unit.runs import SIX, cells, run_of, shuffled

UNIT = Clock.ICOUNT.unit


def drawn(**runs: Run) -> Bars:
    return bars({name: figures(run) for name, run in runs.items()}, UNIT)


def paused(pauses: dict[Method, int], *sizes: int) -> Run:
    """Three reps of each method, a third of each pause in exec and the rest in map."""
    planned = cells(methods=[*pauses], sizes=sizes or [4])
    return run_of(
        Sample(
            cell,
            Clock.ICOUNT,
            1,
            "ok",
            rep,
            pauses[cell.method],
            _in_thirds(pauses[cell.method]),
        )
        for cell in planned
        for rep in (1, 2, 3)
    )


def _in_thirds(pause: int) -> dict[Phase, int]:
    return {Phase.EXEC: pause // 3, Phase.MAP: pause - pause // 3}


@pytest.mark.parametrize("times", [0.73, 1.6, 1605, 3e9])
def test_bars_are_to_scale_and_their_parts_are_phases(times: float) -> None:
    new = 300_000_000
    long = round(new * times)
    (group,) = drawn(a=paused({Method.RESET_OWNER: long, Method.NEW_OWNER: new})).groups
    widths = {bar.method: sum(part.width for part in bar.parts) for bar in group.bars}
    assert widths[Method.RESET_OWNER] / widths[Method.NEW_OWNER] == pytest.approx(times)
    assert max(widths.values()) == pytest.approx(100)
    for bar in group.bars:
        one, two = bar.parts
        assert two.width == pytest.approx(2 * one.width, rel=1e-6)
        assert [part.text for part in bar.named] == ["map 67 %", "exec 33 %"]


def test_the_saving_stands_beside_the_ratio() -> None:
    found = drawn(a=paused({Method.RESET_OWNER: 8000, Method.NEW_OWNER: 2000}))
    base, new = found.groups[0].bars
    assert (base.figure, base.gain) == ("8.000 k", "")
    assert (new.figure, new.gain) == ("2.000 k", "4.00x, saves 6.000 k")
    assert "against reset-owner" in found.note
    slower = drawn(a=paused({Method.RESET_OWNER: 2000, Method.NEW_OWNER: 8000}))
    assert slower.groups[0].bars[1].gain == "0.250x, adds 6.000 k"


def test_sizes_grow_on_one_scale_and_the_ends_are_there() -> None:
    run = run_of(shuffled(cells(sizes=[1, 2, 4, 8, 16, 32])))
    found = drawn(a=run)
    (group,) = found.groups
    assert [*dict.fromkeys(bar.place for bar in group.bars)] == [
        "1 GiB",
        "4 GiB",
        "8 GiB",
        "32 GiB",
    ]
    assert "sizes" in found.note and group.title == "sim-net-pa thp"


def test_one_size_is_in_the_heading_once() -> None:
    (group,) = drawn(a=run_of(shuffled(cells(sizes=[4])))).groups
    assert group.title == "sim-net-pa thp 4 GiB"
    assert {bar.place for bar in group.bars} == {""}


def test_what_failed_has_a_word_and_no_bar() -> None:
    bad = cells(sizes=[4])[1]
    run = run_of([*shuffled(cells(sizes=[4])), Sample(bad, Clock.WALL, 2, "failed: VmPin is 0")])
    (group,) = drawn(a=run).groups
    (failed,) = [bar for bar in group.bars if bar.method == bad.method]
    assert (failed.figure, failed.parts) == ("failed", ())


def test_where_nothing_was_measured_there_is_no_picture() -> None:
    run = run_of([Sample(c, Clock.WALL, 1, "skipped: x (needs: y)") for c in cells()])
    assert not drawn(a=run)


def test_runs_stand_beside_one_another_by_method() -> None:
    """Of the largest size alone; a method of both runs is on one scale."""
    one = paused({Method.RESET_OWNER: 8000, Method.NEW_OWNER: 2000}, 1, 4)
    two = paused({Method.RESET_OWNER: 4000, Method.NEW_OWNER: 2000}, 1, 4)
    (group,) = drawn(one=one, two=two).groups
    assert [(bar.place, bar.method) for bar in group.bars] == [
        ("one", Method.RESET_OWNER),
        ("two", Method.RESET_OWNER),
        ("one", Method.NEW_OWNER),
        ("two", Method.NEW_OWNER),
    ]
    assert [bar.gain for bar in group.bars[2:]] == ["4.00x, saves 6.000 k", "2.00x, saves 2.000 k"]


def test_what_has_no_room_is_said() -> None:
    pages = [
        replace(cell, device=f"{cell.device}-{n}") for n in (1, 2) for cell in cells(SIX, sizes=[4])
    ]
    found = drawn(a=run_of(shuffled(pages, reps=3)))
    assert len(found.groups) == 6 and "6 more kinds of cell" in found.note
