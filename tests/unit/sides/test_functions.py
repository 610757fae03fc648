# SPDX-License-Identifier: GPL-2.0-only
"""Which functions two sides differ by: run directories and baselines, and what cannot be known."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.model.cell import Cell, Clock
from bench.profile.functions import CellFunctions, functions_of
from bench.sides import Explanation, explain, read_side, write_baseline
from tests.unit.profiled import (
    Folded,
    new_lines,
    pause_of,
    profile_of_lines,
    profiled_run,
    reset_lines,
)
from tests.unit.runs import CELL, NEW, RESET, counts, pages_of, write_run

PAGES = pages_of(RESET)


def functions(lines: Folded, cell: Cell = RESET) -> CellFunctions:
    return functions_of(profile_of_lines(cell, lines))


def explained(base: Folded, new: Folded, change: float, cell: Cell = RESET) -> Explanation:
    found = explain(cell, functions(base, cell), functions(new, cell), change)
    assert found
    return found


def test_a_cost_of_each_page_is_named() -> None:
    base, new = reset_lines(PAGES), reset_lines(PAGES, 9)
    found = explained(base, new, pause_of(new) / pause_of(base) - 1)
    assert found.text == "release +6.1 %: put_page_testzero() +9 a page"
    (phase,) = found.phases
    assert (phase.difference, phase.others) == (9 * PAGES, 0)
    back = explained(new, base, pause_of(base) / pause_of(new) - 1)
    assert back.text == "release -5.7 %: put_page_testzero() -9 a page"


def test_three_functions_are_named_and_what_is_left() -> None:
    """By the size of what they changed by, also those that became quicker."""
    base = {"map": {"a": 1000 * PAGES, "b": 50 * PAGES, "e": 5 * PAGES}}
    grown = {"a": 1100 * PAGES, "c": 30 * PAGES, "d": 9 * PAGES, "e": 6 * PAGES}
    found = explained(base, {"map": grown}, 0.085)
    assert found.text == (
        "map +8.5 %: a() +100 a page, b() -50 a page (gone), c() +30 a page (new), "
        "others +10 a page"
    )


def test_what_does_not_grow_with_memory_is_not_by_the_page() -> None:
    found = explained(new_lines(PAGES), new_lines(PAGES, 60_000), 0.077, NEW)
    assert found.text == ("claim 12.8x: vhost_vdpa_new_owner() [vhost_vdpa] +0.229 a page")
    large = replace(CELL, mem=CELL.mem * 64, method=NEW.method)
    found = explained(new_lines(PAGES), new_lines(PAGES, 60_000), 0.077, large)
    assert found.text.endswith("vhost_vdpa_new_owner() [vhost_vdpa] +60.00 k instructions")


def test_a_phase_of_nothing_before() -> None:
    base, new = {"exec": {"a": 10**6}}, {"exec": {"a": 10**6}, "reset": {"b": PAGES}}
    assert explained(base, new, 0.26).text == ("reset +262.1 k instructions: b() +1 a page (new)")


def test_profiles_that_do_not_show_it_name_nothing() -> None:
    """A rep is one of many: what its noise is made of would be named else."""
    base, new = reset_lines(PAGES), reset_lines(PAGES, 1)
    found = explained(base, new, 0.04)
    assert found.phases == ()
    assert found.text == ("its profiles, of one rep each, do not show this: they differ by +0.45 %")
    assert explained(new, base, 0.04).phases == ()
    assert explain(RESET, functions({"exec": {}}), functions(base), 0.1) is None


def test_a_side_finds_its_profiles(tmp_path: Path) -> None:
    side = read_side(profiled_run(tmp_path / "run"))
    found = side.functions(RESET)
    assert found and found.whole.own["unpin_user_page"] == 60 * PAGES
    assert side.functions(replace(RESET, device="other")) is None
    assert side.functions("theirs") is None


def test_boots_of_a_kernel_have_the_profile_of_any(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "1", counts(), Clock.ICOUNT), profiled_run(tmp_path / "2")]
    assert read_side(runs).functions(RESET)


def test_a_baseline_keeps_what_matters(tmp_path: Path) -> None:
    side = read_side(profiled_run(tmp_path / "run"))
    write_baseline(side, tmp_path / "base.json")
    whole = json.loads((tmp_path / "base.json").read_text())
    assert whole["bench_baseline"] == 3
    back = read_side(tmp_path / "base.json")
    for cell in (RESET, NEW):
        kept, found = back.functions(cell), side.functions(cell)
        assert kept and found and kept == found.compact()
    write_baseline(back, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "base.json").read_bytes()


def test_a_baseline_without_profiles_says_nothing_of_them(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", counts(), Clock.ICOUNT)
    write_baseline(read_side(run), tmp_path / "base.json")
    whole = json.loads((tmp_path / "base.json").read_text())
    assert all("functions" not in row for row in whole["cells"])


@pytest.mark.parametrize(
    "phase",
    [
        {"ticks": 1, "own": {"a": -1}, "others": 0},
        {"ticks": 1, "own": {"": 1}, "others": 0},
        {"ticks": 1, "own": {"a": 1}},
        {"ticks": 1, "own": {"a": "1"}, "others": 0},
        {"ticks": 1, "own": {}, "others": 0, "more": 0},
        [],
    ],
)
def test_a_damaged_profile_of_a_baseline_is_refused(phase: object, tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    write_baseline(read_side(profiled_run(tmp_path / "run")), path)
    whole = json.loads(path.read_text())
    whole["cells"][0]["functions"]["exec"] = phase
    path.write_text(json.dumps(whole))
    with pytest.raises(UsageError, match="not a baseline: cells"):
        read_side(path)
