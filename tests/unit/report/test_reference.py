# SPDX-License-Identifier: GPL-2.0-only
"""The reference report: made anew from its samples, and read out as it is."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from scipy.stats import theilslopes

from bench.paths import ROOT
from tests.unit.letter_runs import agrees

REFERENCE = ROOT / "reports/reference"
FILES = ("reference.html", "cover-letter.txt", "report.txt")
README = " ".join((REFERENCE / "README.md").read_text().split())  # lines break anywhere
ESTIMATE = re.compile(r" *1 TiB\* +~([\d.]+) +~([\d.]+) +~([\d.]+)x +extrapolated +-")
BENCH = f"{sys.executable} -c 'from bench.cli import main; main()'"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make reference` makes, elsewhere."""
    out = tmp_path_factory.mktemp("reference")
    words = ["make", "--silent", "reference-files", f"OUT={out}", f"BENCH={BENCH}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_it_is_made_anew_bit_for_bit(name: str, made: Path) -> None:
    assert (made / name).read_bytes() == (REFERENCE / name).read_bytes(), "run `make reference`"


def test_it_is_small_and_names_no_machine() -> None:
    assert (REFERENCE / "reference.html").stat().st_size < 2_000_000
    for path in REFERENCE.rglob("*"):
        if path.is_file():
            assert not re.search(r"/(home|root|tmp|work|Users)/", path.read_text()), path


def test_the_letter_is_for_a_mailing_list() -> None:
    lines = (REFERENCE / "cover-letter.txt").read_text(encoding="ascii").splitlines()
    assert max(map(len, lines)) <= 75


def test_what_was_not_measured_is_on_the_line_of_what_was() -> None:
    """By scipy, through all reps of all sizes. What was measured: letter/test_numbers.py."""
    estimate = ESTIMATE.search((REFERENCE / "cover-letter.txt").read_text(encoding="ascii"))
    assert estimate
    levels = []
    for method, shown in zip(("reset-owner", "new-owner"), estimate.groups(), strict=False):
        points = [(s["mem"], s["pause"]) for s in samples("scaling") if s["method"] == method]
        x, y = np.array(points, dtype=float).T
        slope = theilslopes(y, x).slope
        levels.append(slope * (1 << 40) + float(np.median(y - slope * x)))
        assert agrees(shown, levels[-1] / 1e6)
    assert agrees(estimate[3], levels[0] / levels[1])


def samples(run: str) -> Iterator[dict[str, Any]]:
    for line in (REFERENCE / run / "samples.jsonl").read_text().splitlines():
        sample = json.loads(line)
        if sample["status"] == "ok":
            yield sample


def test_every_figure_of_its_readme_is_in_the_report() -> None:
    report = (REFERENCE / "report.txt").read_text() + (REFERENCE / "cover-letter.txt").read_text()
    figures = re.findall(r"~?\d[\d.]* [kMG]\b|\b\d[\d.]*x", README)
    assert len(figures) > 20
    assert [figure for figure in figures if figure not in report] == []


def share(phase: str, method: str) -> float:
    """Of the pause at 256 GiB, by medians."""
    rows = [s for s in samples("scaling") if (s["method"], s["mem"]) == (method, 256 << 30)]
    of_phase = median(s["phases"][phase] for s in rows)
    return float(of_phase / median(s["pause"] for s in rows))


def test_the_shares_in_its_readme_are_those_of_the_samples() -> None:
    release, mapping = share("release", "reset-owner"), share("map", "reset-owner")
    assert f"release is {release:.0%} and map {mapping:.0%}:".replace("%", " %") in README
    handover = share("exec", "new-owner")
    assert int(handover * 1000) / 10 == 99.9 and "exec is 99.9 % of it" in README


def test_the_cost_of_a_page_is_that_of_the_samples() -> None:
    costs: dict[str, dict[int, list[int]]] = {}
    for s in samples("scaling"):
        own = sum(s["phases"][p] for p in ("release", "claim", "map"))
        costs.setdefault(s["method"], {}).setdefault(s["mem"], []).append(own)
    assert max(median(each) for each in costs["new-owner"].values()) < 4_800
    assert "is below 4.8 thousand instructions at any size" in README
    assert "costs 210.8 for each page of 4 KiB" in README
    size = 64 << 30
    assert median(costs["reset-owner"][size]) / (size >> 12) == pytest.approx(210.8, rel=0.002)
