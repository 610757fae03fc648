# SPDX-License-Identifier: GPL-2.0-only
"""Functions of profiled cells in reports. BENCH_UPDATE_GOLDEN=1 writes the golden table anew."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.model.cell import Clock
from bench.paths import ROOT
from bench.profile import DIRECTORY
from bench.profile.functions import functions_of
from bench.report.export.exports import markdown, to_json
from bench.report.letter import cover_letter
from bench.report.table.function_changes import kernels_changed, methods_changed
from bench.report.table.functions import (
    TITLE,
    functions_section,
    largest_profiled,
    one_a_method,
    percent,
    top_phases,
)
from bench.report.text.text import sections_text
from bench.results.writer import Run, load
from tests.unit.letter_runs import check_mailable
from tests.unit.profiled import (
    new_lines,
    pause_of,
    profile_of_lines,
    profiled_run,
    reset_lines,
    with_profiles,
)
from tests.unit.profiles import hostile
from tests.unit.runs import NEW, RESET, counts, measured, pages_of, run_of, run_text, write_run

GOLDEN = ROOT / "tests" / "golden"
PAGES = pages_of(RESET)


def profiled_in_memory(more: int = 0) -> Run:
    """A run of both methods; the clock has five instructions more in the map of one."""
    reset, new = reset_lines(PAGES, more), new_lines(PAGES)
    samples = [*measured(RESET, [pause_of(reset)] * 5), *measured(NEW, [pause_of(new)] * 5)]
    profiles = (
        profile_of_lines(RESET, reset, {"map": 72 * PAGES + 5}, ("mitigations were off",)),
        profile_of_lines(NEW, new),
    )
    return with_profiles(run_of(samples), *profiles)


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_the_tables_are_the_golden_ones() -> None:
    run, slower = profiled_in_memory(), profiled_in_memory(9)
    sections = [
        functions_section(run),
        methods_changed(run),
        kernels_changed(run, slower, ("base", "new")),
    ]
    golden("functions.txt", sections_text(sections) + "\n")


def test_the_letter_is_the_golden_one(tmp_path: Path) -> None:
    base, new = (load(profiled_run(tmp_path / name, more)) for name, more in (("a", 0), ("b", 9)))
    text = cover_letter([new])
    check_mailable(text)
    parts = [part for part in text.split("\n\n") if part.startswith("Functions by")]
    compared = cover_letter([new], [base])
    check_mailable(compared)
    parts += [part for part in compared.split("\n\n") if part.startswith("By function")]
    assert len(parts) == 2
    golden("letter-functions.txt", "\n\n".join(parts) + "\n")


def test_every_phase_adds_up() -> None:
    run = profiled_in_memory()
    for profile in run.profiles.values():
        for phase in top_phases(functions_of(profile)):
            assert sum(each.own for each in phase.functions) == phase.spent.counted
            assert phase.share >= 0.05 and len(phase.functions) <= 6


def test_all_reports_have_them_where_there_are_profiles(tmp_path: Path) -> None:
    run = load(profiled_run(tmp_path / "run"))
    without = load(write_run(tmp_path / "without", counts(), Clock.ICOUNT))
    assert TITLE in run_text(run) and TITLE not in run_text(without)
    assert TITLE in markdown(run) and TITLE not in markdown(without)
    assert "Functions by" in cover_letter([run]) and "Functions by" not in cover_letter([without])
    assert not (without.path / DIRECTORY).exists() and without.profiles == {}


def test_json_has_the_same_figures(tmp_path: Path) -> None:
    run = load(profiled_run(tmp_path / "run"))
    cells = {cell["method"]: cell for cell in json.loads(to_json(run))["runs"][0]["cells"]}
    found = cells["reset-owner"]["profile"]
    assert [*found["phases"]] == ["release", "map"]
    release = found["phases"]["release"]
    assert release["instructions"] == release["clock"] == 148 * PAGES
    assert sum(each["own"] for each in release["functions"]) == release["instructions"]
    assert sum(each["share"] for each in release["functions"]) == pytest.approx(1)
    first, *_, last = release["functions"]
    assert first == {
        "name": "unpin_user_page",
        "count": 1,
        "own": 60 * PAGES,
        "share": pytest.approx(60 / 148),
        "per_page": 60,
    }
    assert (last["name"], last["count"]) == ("others", 2)
    assert found["off"] == {"share": 0, "small_phases": 0}
    other = json.loads(to_json(load(write_run(tmp_path / "o", counts(), Clock.ICOUNT))))
    assert {cell["profile"] for cell in other["runs"][0]["cells"]} == {None}


def test_of_each_kind_of_cell_the_largest_memory_is_shown() -> None:
    small, large = RESET, replace(RESET, mem=4 * RESET.mem, file=4 * RESET.mem)
    other = replace(RESET, device="vp-vdpa")
    cells = (small, large, other)
    run = with_profiles(
        run_of(each for cell in cells for each in measured(cell, [10**8] * 3)),
        *(profile_of_lines(cell, reset_lines(pages_of(cell))) for cell in cells),
    )
    assert largest_profiled(run) == [large, other]
    assert one_a_method(run) == [large, other]
    section = functions_section(run)
    assert len(section.tables) == 2 and "bench profile RUN" in section.notes[-1]


def test_a_damaged_profile_costs_no_report(tmp_path: Path) -> None:
    path = profiled_run(tmp_path / "run")
    first, second = sorted((path / DIRECTORY).iterdir())
    first.write_bytes(first.read_bytes()[:40])
    run = load(path)
    text = run_text(run)
    assert re.search(rf"damaged: {re.escape(str(first))}: not a profile", text)
    assert len(functions_section(run).tables) == 1
    assert "damaged: " in cover_letter([run])
    second.write_bytes(b"")
    assert "damaged" in run_text(load(path)) and "damaged" in cover_letter([load(path)])


def test_no_name_breaks_a_report() -> None:
    profile = hostile()
    run = with_profiles(run_of(measured(RESET, [10**6] * 5)), profile)
    text = sections_text([functions_section(run)])
    assert all(char.isprintable() or char == "\n" for char in text)
    assert max(map(len, text.splitlines())) < 200
    check_mailable(cover_letter([run]))
    assert "others" in markdown(run) and json.loads(to_json(run))


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100.0 %"), (0.435, "43.5 %"), (0.000004, "0.00040 %"), (0.00999, "1.0 %")],
)
def test_shares_have_no_exponent(share: float, text: str) -> None:
    assert percent(share) == text
