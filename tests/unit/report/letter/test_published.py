# SPDX-License-Identifier: GPL-2.0-only
"""The styles perfdiff and gup-test: their lines, and that their numbers are those of the run."""

import re
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from bench.model.cell import Cell, Clock, Pages
from bench.model.method import Method, Phase
from bench.model.units import GIB
from bench.report.formats import LetterStyle
from bench.report.letter import cover_letter
from bench.results.writer import Run, load
from tests.unit.letter_runs import check_mailable, large_run
from tests.unit.runs import CELL, RESET, counts, run_of, straight, write_run

NEW_CELL = replace(CELL, method=Method.NEW_OWNER)
LINE = re.compile(r"^ +([\d.]+)% +([+-][\d.]+)%  (?: {2}(\w+)|pause of (\S+))$", re.MULTILINE)
PIN = Cell("none", Method.GUP_TEST, GIB, Pages.THP, RESET.backing, GIB)


def medians(run: Run, cell: Cell) -> dict[str, float]:
    reps = [each.phases for each in run.samples if each.ok and each.cell == cell]
    return {str(p): median(rep[p] for rep in reps) for p in reps[0]}


def test_deltas_are_parts_of_the_base(tmp_path: Path) -> None:
    run = run_of(straight([CELL, NEW_CELL]))
    text = cover_letter([run], style=LetterStyle.PERFDIFF)
    check_mailable(text)
    found = LINE.findall(text)
    old, new = medians(run, CELL), medians(run, NEW_CELL)
    whole = median(each.pause or 0 for each in run.samples if each.cell == CELL)
    assert found[0][3] == "1GiB-alias" and len(found) > 3
    for share, delta, phase, _ in found[1:]:
        assert float(share) == pytest.approx(100 * old[phase] / whole, abs=0.0051)
        assert float(delta) == pytest.approx(100 * (new[phase] - old[phase]) / whole, abs=0.0051)
    assert sum(float(line[0]) for line in found[1:]) == pytest.approx(100, abs=0.1)


def test_of_many_sizes_the_largest_has_its_phases(tmp_path: Path) -> None:
    text = cover_letter([load(large_run(tmp_path / "run"))], style=LetterStyle.PERFDIFF)
    wholes = [place for *_, place in LINE.findall(text) if place]
    assert len(wholes) == 4 and all(place.startswith("16GiB") for place in wholes)
    assert text.count("  # 1GiB-") == 4 and "-thp-sim-net-pa: skipped, skipped" in text


def test_two_kernels_by_phase(tmp_path: Path) -> None:
    base = load(write_run(tmp_path / "base", counts(), Clock.ICOUNT))
    slower = counts(scales={RESET: 1.1})
    new = load(write_run(tmp_path / "new", slower, Clock.ICOUNT))
    text = cover_letter([new], [base], LetterStyle.PERFDIFF)
    wholes = [(share, float(delta)) for share, delta, _, place in LINE.findall(text) if place]
    assert [share for share, _ in wholes] == ["100.00"] * 2
    assert sorted(delta for _, delta in wholes) == pytest.approx([0, 10], abs=0.01)
    assert "instructions (a count, not a time)" in text


@pytest.mark.parametrize("clock", Clock)
def test_the_lines_of_gup_test(clock: Clock, tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run", {PIN: {1: [5_000_000, 5_100_000, 5_200_000]}}, clock))
    text = cover_letter([run], style=LetterStyle.GUP_TEST)
    check_mailable(text)
    phases = medians(run, PIN)
    pin, unpin = phases[Phase.PIN], phases[Phase.UNPIN]
    if clock is Clock.WALL:
        said = f"Time: get:{pin / 1e3:.0f} put:{unpin / 1e3:.0f} us"
    else:
        said = f"Instructions: get:{pin:.0f} put:{unpin:.0f} insn"
    assert re.search(
        rf"^  # PIN_LONGTERM_BENCHMARK, 1GiB\S*:\s(?:  # )?{said}$", text, re.MULTILINE
    )
    assert (" us\n" in text) is (clock is Clock.WALL)


def test_a_live_update_says_the_phases_that_pin_and_unpin() -> None:
    text = cover_letter([run_of(straight([CELL, NEW_CELL]))], style=LetterStyle.GUP_TEST)
    lines = re.findall(r"^With (\S+):\n\n  # 1GiB-alias:\s(?:  # )?(.*)$", text, re.MULTILINE)
    assert [name for name, _ in lines] == ["reset-owner", "new-owner"]
    for _, said in lines:
        assert re.fullmatch(r"Instructions: release:\d+ map:\d+ pause:\d+ insn", said)
    assert "PIN_LONGTERM" not in text


def test_small_times_keep_their_digits(tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run", {PIN: {1: [50_000, 51_000, 52_000]}}))
    text = cover_letter([run], style=LetterStyle.GUP_TEST)
    assert re.search(r"Time: get:\d{5} put:\d{4,5} ns$", text, re.MULTILINE)
