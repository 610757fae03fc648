# SPDX-License-Identifier: GPL-2.0-only
"""Several runs side by side, in every format; and runs that cannot stand so."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.model.cell import Cell, Clock
from bench.report.export.exports import FORMATS
from bench.report.table.cells import CellTable
from bench.report.table.fleet import Fleet, fleet_of, geometric_means, overview
from bench.report.table.labels import heads, letters
from bench.report.table.ladder import ladder
from bench.report.table.section import Section
from bench.report.text.text import sections_text
from bench.results.writer import Run, load
from bench.sides.names import cell_name
from bench.stats.ratios import ratio_interval
from tests.unit.command import Bench
from tests.unit.report.text.test_terminal import both
from tests.unit.runs import CELL as LINE
from tests.unit.runs import (
    FACTS,
    FAILED,
    LARGE,
    NEW,
    RESET,
    SKIPPED,
    VALUES,
    counted,
    counts,
    from_boots,
    noisy,
    sized,
    straight,
    without,
    write_run,
    write_series,
)
from tests.unit.runs import run_of as in_memory

PATCHED = {"kernel": "6.13+patched"}


def seeded(path: Path, *values: Any, **changed: Any) -> Path:
    """A run of one seed, as all runs of one scenario are."""
    return write_run(path, *values, **{"seed": 1, **changed})


@pytest.fixture
def fleet(tmp_path: Path) -> list[Run]:
    """Two alike but for their kernel; one that failed, skipped and has other cells."""
    base = seeded(tmp_path / "base", noisy(1))
    patched = seeded(tmp_path / "patched", noisy(2, 1.1), executor=PATCHED)
    other = {RESET: VALUES[RESET]}
    odd = seeded(tmp_path / "odd", other, without={NEW: FAILED, LARGE: SKIPPED})
    return [load(path) for path in (base, patched, odd)]


def sections(runs: list[Run]) -> list[Section]:
    """All but the spread of boots."""
    return [each for each in overview_of(runs) if not each.title.startswith("Spread")]


def overview_of(runs: list[Run]) -> list[Section]:
    return overview(runs, [CellTable(run) for run in runs])


def held(runs: list[Run]) -> Fleet:
    return fleet_of(runs, [CellTable(run) for run in runs])


def row(section: Section, cell: Cell) -> tuple[str, ...]:
    """What stands behind the factors of a cell."""
    (found,) = [
        line for line in texts(section) if line[2:5:2] == (f"{cell.mem >> 30} GiB", cell.method)
    ]
    return found[5:]


def texts(section: Section) -> list[tuple[str, ...]]:
    return [tuple(entry.text for entry in line) for line in section.tables[0].rows]


def test_medians_beside_one_another(fleet: list[Run]) -> None:
    medians, _, _ = sections(fleet)
    assert medians.tables[0].heads[5:] == ("base", "patched", "odd")
    values = noisy(1)[NEW]
    middle = np.median([np.median(boot) for boot in values.values()])
    assert row(medians, NEW)[0] == f"{middle / 1e6:.3f} ms (50)"
    assert row(medians, RESET)[2] == "5.200 ms (3)"


def test_what_has_no_figure_says_why(fleet: list[Run]) -> None:
    medians, changes, _ = sections(fleet)
    assert row(medians, NEW)[2] == "failed" == row(changes, NEW)[1]
    assert row(medians, LARGE) == ("not planned", "not planned", "skipped")
    assert "" not in [cell for line in texts(medians) for cell in line]


def test_a_change_has_the_interval_of_its_boots(fleet: list[Run]) -> None:
    found = held(fleet)["patched"][NEW]
    after, before = (from_boots([*v[NEW].values()]) for v in (noisy(2, 1.1), noisy(1)))
    low, high = ratio_interval(after, before) or (math.nan, math.nan)
    assert found.interval == (low - 1, high - 1)
    assert low - 1 < 0.1 < high - 1 and found.figures.boots == 5
    shown = row(sections(fleet)[1], NEW)[0]
    assert shown.startswith(f"{(found.change or 0) * 100:+.2f} % ({(low - 1) * 100:+.2f} to ")


def test_too_few_reps_have_a_change_alone(tmp_path: Path) -> None:
    runs = [load(seeded(tmp_path / name, VALUES, Clock.ICOUNT)) for name in ("a", "b")]
    _, changes = sections(runs)
    assert row(changes, NEW) == ("+0.00 %",)
    assert "without an interval: it takes 5 reps" in " ".join(changes.notes)


def test_one_boot_a_side_has_no_interval_by_the_clock(tmp_path: Path) -> None:
    """Reps say nothing of how far boots differ; counts of one boot are said to be that."""
    many = {NEW: {1: [*range(1000, 1050)]}}
    for clock, interval, why in (
        (Clock.WALL, False, "one boot a side: no interval between kernels"),
        (Clock.ICOUNT, True, "over reps of one boot a side"),
    ):
        runs = [load(seeded(tmp_path / f"{clock}-{name}", many, clock)) for name in "ab"]
        _, changes = sections(runs)
        assert ("(" in row(changes, NEW)[0]) is interval
        assert why in " ".join(changes.notes) and "it takes" not in " ".join(changes.notes)


def test_a_geometric_mean_is_of_the_same_cells(fleet: list[Run]) -> None:
    one, two = (row.change or 0 for row in held(fleet)["patched"].values())
    assert geometric_means(held(fleet)) == {
        "patched": pytest.approx(math.sqrt((1 + one) * (1 + two)) - 1)
    }
    (line,) = sections(fleet)[1].lines
    assert " % in patched; none in odd, where other cells were measured" in line


def test_what_differs_is_said(tmp_path: Path, fleet: list[Run]) -> None:
    lines = sections(fleet)[2].lines
    assert "  kernel: 6.12+live-update in base, odd; 6.13+patched in patched" in lines
    other = load(seeded(tmp_path / "cpu", noisy(3), machine={"cpu": "Other"}))
    assert sections([fleet[0], other])[2].lines == (
        "  cpu: A CPU in base; Other in cpu (bench compare would refuse it)",
    )


def test_an_estimate_is_said_to_be_one() -> None:
    cells = [each for gib in (1, 2, 4, 16) for each in both(sized(LINE, gib))]
    left_out = [without(each, SKIPPED) for each in both(sized(LINE, 64))]
    runs = [in_memory([*straight(cells), *left_out]), in_memory(straight(cells))]
    runs[1] = replace(runs[1], path=Path("other"))
    medians, changes = sections(runs)
    estimate, absent = row(medians, sized(LINE, 64))
    assert estimate.startswith("~5.0") and estimate.endswith(" G extrapolated")
    assert absent == "not planned" and any(note.startswith("~:") for note in medians.notes)
    assert [line for line in texts(changes) if line[2] == "64 GiB"] == []


def test_many_runs_have_letters(tmp_path: Path) -> None:
    runs = [Run(tmp_path / f"{number:02}", FACTS, {}) for number in range(5)]
    assert heads(runs) == ["A", "B", "C", "D", "E"]
    assert heads(runs[:4]) == ["00", "01", "02", "03"]
    assert heads([*runs[:2], Run(tmp_path / "a-name-that-is-long", FACTS, {})]) == ["A", "B", "C"]
    assert [letters(number) for number in (0, 25, 26, 51, 52, 701, 702)] == [
        *("A", "Z", "AA", "AZ", "BA", "ZZ", "AAA")
    ]


def test_boots_of_a_kernel_have_their_spread(tmp_path: Path) -> None:
    """Reps of one boot apart from medians of boots; a kernel of one boot has no row."""
    values = {1: (1000, 1010), 2: (1020, 1030), 3: (980, 990)}
    runs = [
        load(seeded(tmp_path / f"{at}", {RESET: {1: [*each]}}, clock=Clock.ICOUNT))
        for at, each in values.items()
    ]
    other = load(seeded(tmp_path / "b", {RESET: {1: [7, 9]}}, Clock.ICOUNT, executor=PATCHED))
    (found,) = [each for each in overview_of([*runs, other]) if each.title.startswith("Spread")]
    (line,) = texts(found)
    assert line[-5:] == ("6.12+live-update", "3", "0.704 %", "1.990 %", "3.980 %")
    assert not [each for each in overview_of([runs[0], other]) if "Spread" in each.title]


def test_one_run_has_no_overview(fleet: list[Run]) -> None:
    assert sections(fleet[:1]) == []


def test_it_comes_first_in_every_format_for_people(
    bench: Bench, fleet: list[Run], tmp_path: Path
) -> None:
    paths = [run.path for run in fleet]
    first = sections_text(sections(fleet)[:1])
    text = bench("report", *paths)
    kernels = ladder(fleet, [*map(CellTable, fleet)])  # what several kernels come to is above it
    assert text.code == 0 and text.out.startswith(f"\n{sections_text([*kernels])}\n\n{first}\n")
    assert text.out.count("\n\nbase\n\n") == 1 == text.out.count("\n\nodd\n\n")
    markdown = bench("report", *paths, "--format", "markdown").out
    assert markdown.startswith("#### base\n\n- new-owner saves ")  # the verdict of each run
    verdicts, _, tables = markdown.partition(
        "#### 3 runs: median of the pause (reps), in wall time\n"
    )
    assert tables and "|" not in verdicts
    assert markdown.index("#### Change against base") < markdown.index("\n### base\n")
    assert "| **failed** |" in markdown and "| **not planned** |" in markdown


def test_it_is_in_json(bench: Bench, fleet: list[Run]) -> None:
    whole = json.loads(bench("report", *[run.path for run in fleet], "--format", "json").out)
    found = whole["overview"]
    assert found["base"] == "base" and [*found["geometric_mean"]] == ["patched"]
    cell = found["cells"][cell_name(NEW)]
    assert cell["base"]["change"] is None and cell["odd"]["status"] == "failed"
    assert cell["patched"]["interval"][0] < cell["patched"]["change"]
    assert found["differences"] == {
        "kernel": {
            "base": "6.12+live-update",
            "odd": "6.12+live-update",
            "patched": "6.13+patched",
        }
    }
    alone = json.loads(bench("report", fleet[0].path, "--format", "json").out)
    assert "overview" not in alone


def test_a_series_stands_for_its_runs(bench: Bench, tmp_path: Path) -> None:
    parent = write_series(tmp_path / "s", {"a": 1.0, "b": 1.1}, boots=3)
    kernel, series = bench("report", parent / "a"), bench("report", parent)
    assert kernel.code == 0 and kernel.out.startswith("\n3 runs: ")
    assert series.code == 0 and series.out.startswith("\n6 runs: ")
    assert "A: a/01\n" in series.out
    assert bench("report", parent / "a", "--format", "csv").out.count("\n03,") == 10


@pytest.mark.parametrize("kind", [None, *FORMATS, "baseline"])
def test_clocks_are_not_mixed(kind: str | None, bench: Bench, tmp_path: Path) -> None:
    wall, count = seeded(tmp_path / "wall", noisy(1)), counted(tmp_path / "count")
    words = ["--format", kind, "--out", tmp_path / "file"] if kind else []
    ended = bench("report", wall, count, *words)
    assert (ended.code, ended.out) == (2, "") and not (tmp_path / "file").exists()
    assert f"{wall} is by clock wall, {count} by clock icount" in ended.complaints[0]


@pytest.mark.parametrize("kind", [None, "json", "markdown", "baseline"])
def test_a_run_that_is_named_twice(kind: str | None, bench: Bench, tmp_path: Path) -> None:
    run = seeded(tmp_path / "run", noisy(1))
    (tmp_path / "link").symlink_to(run)
    words = ["--format", kind, "--out", tmp_path / "file"] if kind else []
    ended = bench("report", run, tmp_path / "link", *words)
    assert ended.code == 2 and f"{run} is named twice" in ended.err


@pytest.mark.parametrize("kind", [None, "json", "markdown", "csv", "pyperf"])
def test_a_run_without_a_figure_says_why(kind: str | None, bench: Bench, tmp_path: Path) -> None:
    """Reps of a cell that failed in another boot are no figure."""
    reasons = {NEW: FAILED, RESET: FAILED, LARGE: SKIPPED}
    empty = seeded(tmp_path / "empty", {NEW: VALUES[NEW]}, without=reasons)
    words = ["--format", kind] if kind else []
    ended = bench("report", empty, *words)
    assert (ended.code, ended.out) == (125, "")
    assert ended.complaints == [
        f"bench: {empty}: no cell was measured (1 skipped, 2 failed; "
        f"the first: {cell_name(RESET)}: {FAILED})"
    ]


def test_of_several_runs_the_empty_one_is_named(bench: Bench, tmp_path: Path) -> None:
    good = seeded(tmp_path / "good", counts(), Clock.ICOUNT)
    empty = seeded(tmp_path / "empty", {}, Clock.ICOUNT)
    ended = bench("report", good, empty)
    assert (ended.code, ended.out) == (125, "")
    assert ended.complaints == [f"bench: {empty}: no cell was measured (it has no sample)"]
