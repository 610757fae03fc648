# SPDX-License-Identifier: GPL-2.0-only
"""What paths stand for: stores, runs, boots, baselines, directories of them, and what is none."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from bench.errors import CannotJudge, UsageError
from bench.history.read import measurement, read_points
from bench.model.cell import Clock
from bench.results.writer import load
from tests.unit.histories import LEVEL, store_of
from tests.unit.runs import NEW, RESET, counted, write_run, write_series
from tests.unit.side_files import as_baseline, as_pyperf


def names(*paths: Path) -> list[str]:
    return [point.name for point in read_points(paths).points]


def test_a_run_is_a_point_with_its_date(tmp_path: Path) -> None:
    run = counted(tmp_path / "run")
    began = datetime.fromisoformat(load(run).facts.sessions[0].began)
    (point,) = read_points([run]).points
    assert (point.name, point.date, point.clock) == ("run", began, Clock.ICOUNT)
    assert point.cells[RESET].boots == (5_200_040,)


def test_boots_of_kernels_are_a_point_a_kernel(tmp_path: Path) -> None:
    series = write_series(tmp_path / "boots", {"old": 1, "new": 1.1}, boots=3)
    assert names(series) == ["new", "old"]
    (point,) = read_points([series / "new"]).points
    assert len(point.cells[RESET].boots) == 3


def test_runs_side_by_side_are_points_each(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        counted(tmp_path / "runs" / f"run-{number}")
    assert names(tmp_path / "runs") == ["run-1", "run-2", "run-10"]


def test_baselines_are_points_without_a_date(tmp_path: Path) -> None:
    path = as_baseline(counted(tmp_path / "run"), tmp_path / "base.json")
    (point,) = read_points([path]).points
    assert (point.name, point.date) == ("base", None)


def test_a_directory_may_hold_all_of_them(tmp_path: Path) -> None:
    counted(tmp_path / "all/run")
    as_baseline(tmp_path / "all/run", tmp_path / "all/base.json")
    store_of(tmp_path / "all/history", [LEVEL] * 2)
    write_series(tmp_path / "all/boots", {"old": 1}, boots=2)
    (tmp_path / "all/README.md").write_text("What these are.")
    (tmp_path / "all/.git").mkdir()
    found = read_points([tmp_path / "all"])
    assert len(found.points) == 5
    assert found.notes == []


def test_what_is_none_in_a_directory_is_said_and_the_rest_used(tmp_path: Path) -> None:
    store = store_of(tmp_path / "history", [LEVEL] * 3)
    (store / "theirs.json").write_text('{"a": 1}')
    (store / "torn.json").write_text('{"bench_history": 1, "date')
    (store / "nan.json").write_text('{"bench_history": 1, "date": NaN}')
    (store / "text.json").write_bytes(b"\xff\xfe\0")
    os.mkfifo(store / "fifo.json")
    as_pyperf(counted(tmp_path / "run"), store / "pyperf.json")
    found = read_points([store])
    assert [point.name for point in found.points if not point.date] == ["pyperf"]
    assert len(found.points) == 4
    assert len(found.notes) == 5
    assert all(note.startswith("left out: ") and "\n" not in note for note in found.notes)


def test_links_to_directories_lead_nowhere(tmp_path: Path) -> None:
    store = store_of(tmp_path / "all/history", [LEVEL] * 2)
    (tmp_path / "all/again").symlink_to(store)
    (store / "loop").symlink_to(tmp_path / "all")
    assert len(names(tmp_path / "all")) == 2


@pytest.mark.parametrize("make", ["nothing", "empty", "fifo", "theirs", "damaged"])
def test_what_is_named_has_to_be_a_point(tmp_path: Path, make: str) -> None:
    path = tmp_path / "path"
    if make == "empty":
        path.mkdir()
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "theirs":
        path.write_text("[]")
    elif make == "damaged":
        counted(path)
        (path / "samples.jsonl").write_text("{}\n")
    with pytest.raises((UsageError, CannotJudge)) as caught:
        read_points([path])
    assert "\n" not in caught.value.message


def test_a_pause_of_zero_is_left_out_and_said(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {RESET: {1: [5]}, NEW: {1: [0]}}, Clock.ICOUNT)
    (point,) = read_points([run]).points
    assert [*point.cells] == [RESET]
    assert "pause of 0" in point.left_out[0]


def test_what_is_added_is_one_kernel(tmp_path: Path) -> None:
    series = write_series(tmp_path / "boots", {"old": 1, "new": 1.1}, boots=2)
    with pytest.raises(UsageError, match="--add"):
        measurement(series)
    side, began, identity = measurement(series / "new")
    starts = [load(run).facts.sessions[0].began for run in sorted((series / "new").iterdir())]
    assert (side.boots, began) == (2, min(map(datetime.fromisoformat, starts)))
    assert identity != measurement(series / "old")[2] or side.facts


def test_a_measurement_that_is_named_twice_is_one_point(tmp_path: Path) -> None:
    run = counted(tmp_path / "run")
    found = read_points([run, run])
    assert len(found.points) == 1
    assert found.notes == ["left out: run: the same measurement as run"]
    copied = counted(tmp_path / "runs" / "other")
    found = read_points([tmp_path / "runs", copied])
    assert (len(found.points), len(found.notes)) == (1, 1)
