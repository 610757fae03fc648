# SPDX-License-Identifier: GPL-2.0-only
"""A history as text, JSON, and CSV for Otava: what a reader and a program find in it."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.errors import CannotJudge
from bench.history.analyse import HistoryRule, analyse
from bench.history.export import as_json, as_otava
from bench.history.order import Order, Ordered
from bench.history.page import history_page
from bench.history.point import HistoryPoint
from bench.history.render import history_sections
from bench.history.spark import BLOCKS, PLAIN, sparkline
from bench.model.cell import Clock
from bench.model.method import Phase
from bench.report.text.text import sections_text
from tests.unit.histories import LEVEL, commit, noisy, point, points_of, steps
from tests.unit.runs import NEW, RESET

RULE = HistoryRule()


def moved() -> list[HistoryPoint]:
    """A break at 10, a step at 30, of which release has all; NEW in every third point."""
    levels = noisy(steps((10, 0.8), (20, 1), (10, 1.03)))
    found = []
    for at, level in enumerate(levels):
        extra = {NEW: 2000.0} if at % 3 == 0 else {}
        machine = {"cpu_model": "Nehalem" if at < 10 else "Skylake"}
        release = (level - LEVEL / 2) / level
        phases = {Phase.RELEASE: release, Phase.EXEC: 1 - release}
        found.append(point(at, {RESET: level, **extra}, phases, executor=machine))
    return found


def history(points: Sequence[HistoryPoint]) -> Ordered:
    return Ordered(tuple(points), Order.DATE, ("a note",))


def text(points: Sequence[HistoryPoint], letters: str = BLOCKS) -> str:
    made = history(points)
    return sections_text(history_sections(made, analyse(made, RULE), ["left out: x"], letters))


def test_a_text_says_what_there_is_to_know() -> None:
    said = text(moved())
    lines = said.splitlines()
    assert "History of 40 points by date" in lines[0]
    assert "(2026-01-01 to 2026-02-09)" in lines[0]
    (row,) = (line for line in lines if "reset-owner" in line and "regression" in line)
    assert "+3.0" in row
    assert f"at {commit(30)[:12]}" in row
    (change,) = (line for line in lines if " open " in line)
    assert change.split()[4:6] == [commit(30)[:12], "2026-01-31"]
    assert "release +30.0" in change
    assert "cpu model: Nehalem before, Skylake" in said
    assert {"a note", "left out: x"} <= {*lines}
    assert "1,000 points" in said


def test_a_terminal_without_blocks_gets_ascii() -> None:
    assert text(moved(), PLAIN).isascii()
    assert len(BLOCKS) == len(PLAIN)


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([1.0], "▄"),
        ([5.0] * 4, "▄▄▄▄"),
        ([1.0, 8.0], "▁█"),
        ([1.0, 1.001, 1.002], "▄▄▄"),
        ([1.0] * 48 + [2.0] * 48, "▁" * 12 + "█" * 12),
    ],
)
def test_sparklines(values: list[float], drawn: str) -> None:
    found = sparkline(values)
    assert found == drawn or (len({*drawn}) == 1 and {*found} <= {"▃", "▄", "▅"})


def test_json_has_all_of_it() -> None:
    made = history(moved())
    whole = json.loads(as_json(made, analyse(made, RULE), ["left out: x"], RULE))
    assert (whole["format"], whole["exit_code"], whole["order"]) == (1, 1, "date")
    assert whole["notes"] == ["left out: x", "a note"]
    (lane,) = whole["clocks"]
    assert len(lane["points"]) == 40
    assert lane["points"][3]["commit"] == commit(3)
    assert [each["at"] for each in lane["breaks"]] == [10]
    cell = next(each for each in lane["cells"] if each["name"].endswith("reset-owner"))
    assert cell["verdict"] == "regression"
    assert len(cell["values"]) == len(cell["phases"]["release"]) == 40
    (change,) = cell["changes"]
    assert (change["at"], change["state"], change["gradual"]) == (30, "open", False)
    assert change["ratio"] == pytest.approx(1.03, abs=1e-3)
    assert next(iter(change["phases"])) == "release"
    assert cell["standing"]["reference_at"] == 10


def rows(made: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(made))]


def test_csv_for_otava_has_a_row_a_point_without_gaps() -> None:
    made = history(moved())
    heads, *lines = rows(as_otava(analyse(made, RULE)))
    assert heads[:3] == ["time", "commit", "point"]
    assert len(lines) == 40
    assert lines[4][heads.index("sim-net-pa thp 1GiB new-owner")] == "2000"
    assert lines[4][:3] == ["2026-01-05T00:00:00+00:00", commit(4), "p4"]


def test_otava_needs_dates_and_one_clock() -> None:
    undated = [replace(each, date=None) for each in points_of(steps((9, 1)))]
    mixed = [*points_of(steps((3, 1))), *points_of(steps((3, 1)), Clock.WALL)]
    for points in (undated, mixed):
        with pytest.raises(CannotJudge, match="otava"):
            as_otava(analyse(history(points), RULE))


def test_otava_imports_it_and_sees_the_step(tmp_path: Path) -> None:
    """Its own importer, with the configuration that docs/history.md has."""
    importer = pytest.importorskip("otava.importer")
    config = pytest.importorskip("otava.test_config")
    made = history(points_of(noisy(steps((30, 1), (15, 1.03)))))
    path = tmp_path / "history.csv"
    path.write_text(as_otava(analyse(made, RULE)))
    column = "sim-net-pa thp 1GiB reset-owner"
    metric = config.CsvMetric(name="pause", direction=-1, scale=1.0, column=column)
    asked = config.CsvTestConfig(
        "bench", str(path), importer_options(), "time", [metric], ["commit"]
    )
    series = importer.CsvImporter().fetch_data(asked, _always())
    found = series.analyze().change_points["pause"]
    assert [each.index for each in found] == [30]
    assert series.attributes["commit"][30] == commit(30)


def importer_options() -> Any:
    from otava.csv_options import CsvOptions

    return CsvOptions()


def _always() -> Any:
    """Points of any date: those of tests are of no year in particular."""
    from datetime import UTC, datetime

    return SimpleNamespace(
        since_time=datetime(2000, 1, 1, tzinfo=UTC),
        until_time=datetime(2100, 1, 1, tzinfo=UTC),
        branch=None,
        metrics=None,
        last_n_points=1_000_000,
    )


def page(points: Sequence[HistoryPoint]) -> str:
    made = history(points)
    return history_page(made, analyse(made, RULE), ["left out: x"], RULE)


def test_a_page_has_a_plot_a_cell_and_the_same_bytes_again() -> None:
    made = page(moved())
    assert made == page(moved())
    assert made.count("<svg ") == 2
    assert "left out: x" in made
    assert "Skylake" in made
    assert "<script" not in made
    assert "http" not in made.replace("http://www.w3.org", "").replace("http-equiv", "")


def test_a_page_escapes_what_is_data() -> None:
    points = [replace(each, name="<b>\x1b[0m", commit="") for each in points_of(steps((9, 1)))]
    made = page(points)
    assert "<b>" not in made
    assert "\x1b" not in made


def test_a_page_of_many_points_is_bounded() -> None:
    levels = np.random.default_rng(1).normal(LEVEL, 200, 3000).tolist()
    assert len(page(points_of(levels))) < 400_000


@pytest.mark.parametrize("count", [1, 2, 7])
def test_few_points_make_a_page_too(count: int) -> None:
    assert page(points_of(steps((count, 1)))).count("<svg ") == 1
