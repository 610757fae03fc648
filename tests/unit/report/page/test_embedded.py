# SPDX-License-Identifier: GPL-2.0-only
"""The samples in a page: those of the run, read as the page says, and what it leaves out."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

from bench.model.cell import Sample
from bench.report.page.embedded import MOST_PAUSES, MOST_WHOLE
from bench.report.page.page import page
from bench.results.writer import Run, load
from tests.unit.page_runs import Make, hostile, html_of, many, mixed, pinned
from tests.unit.runs import FAILED, LARGE, noisy, write_run

_READ = re.compile(r'<code id="read">(.*?)</code>', re.DOTALL)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str) -> Any:
    """By the very lines that the page names, which say ``page.html``."""
    Path("page.html").write_text(text, encoding="utf-8")
    match = _READ.search(text)
    assert match
    lines = html.unescape(match[1])
    assert len(lines.splitlines()) == 2
    names: dict[str, Any] = {}
    exec(lines, names)
    return names["samples"]


def embedded(text: str) -> dict[str, Any]:
    (found,) = read(text)["runs"]
    return dict(found)


FACTORS = [*LARGE.factors()]


def columns(found: dict[str, Any], each: Sample) -> tuple[dict[str, Any], int]:
    """The lists of a sample's cell and boot, and its place in them."""
    (cell,) = (c for c in found["cells"] if {n: c[n] for n in FACTORS} == each.cell.factors())
    lists = cell["boots"][str(each.boot)]
    return lists, lists["rep"].index(each.rep)


@pytest.mark.parametrize("make", [mixed, hostile, pinned])
def test_they_are_those_of_the_run(here: Path, make: Make) -> None:
    compare(embedded(html_of(make)), make())


def test_warm_ups_are_told_from_samples(here: Path) -> None:
    run = load(write_run(here / "run", noisy(1), without={LARGE: FAILED}))
    compare(embedded(page([run])), run)


def compare(found: dict[str, Any], run: Run) -> None:
    assert (found["unit"], found["path"]) == (run.clock.unit, str(run.path))
    assert found["damage"] == [*run.damage]
    reps = [each for each in run.samples if each.rep is not None]
    for each in reps:
        lists, at = columns(found, each)
        assert lists["pause"][at] == each.pause
        assert {p: ticks[at] for p, ticks in lists["phases"].items()} == each.phases
        assert lists["status"].get(str(each.rep), "ok") == each.status
        memory = (each.pinned, each.extents, each.window, each.settle, each.after_pause)
        assert (
            tuple(
                lists[name][at] for name in ("pinned", "extents", "window", "settle", "after_pause")
            )
            == memory
        )
    held = [len(b["pause"]) for cell in found["cells"] for b in cell["boots"].values()]
    assert sum(held) == len(reps)


def test_cells_without_a_sample_say_why(here: Path) -> None:
    states = {cell["status"]: cell for cell in embedded(html_of(mixed))["cells"]}
    assert {*states} == {"measured", "extrapolated", "failed", "skipped", "missing"}
    assert len(states["extrapolated"]["extrapolated"]) == 3
    assert states["failed"]["boots"] == {} and "VmPin" in states["failed"]["reason"]


def test_many_are_without_their_phases(here: Path) -> None:
    text = page([many(MOST_WHOLE + 1000)])
    assert "Not in this file:" in text and "phases, counters" in text
    assert f"{Path('many/samples.jsonl')}" in text
    (run,) = read(text)["runs"]
    lists = run["cells"][0]["boots"]["1"]
    assert [*lists] == ["rep", "pause", "status"]
    assert len(lists["rep"]) == (MOST_WHOLE + 1000) // 10


@pytest.mark.slow
def test_very_many_are_every_so_manyth(here: Path) -> None:
    run = many(3 * MOST_PAUSES)
    text = page([run])
    assert "reps between: 1 of 3 is there, of each cell and boot" in text
    assert len(text) < 4_000_000
    (found,) = read(text)["runs"]
    by_rep = {(s.cell, s.boot, s.rep): s.pause for s in run.samples}
    cell = run.samples[0].cell
    lists = found["cells"][0]["boots"]["2"]
    assert lists["rep"][:3] == [1, 4, 7]
    assert lists["pause"] == [by_rep[cell, 2, rep] for rep in lists["rep"]]


def test_nothing_left_out_nothing_said(here: Path) -> None:
    assert "Not in this file" not in html_of(mixed)
