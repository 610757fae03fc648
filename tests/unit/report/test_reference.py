# SPDX-License-Identifier: GPL-2.0-only
"""The reference report: made anew from its samples, and read out as it is."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from bench.paths import ROOT
from tests.unit.letter_runs import agrees

REFERENCE = ROOT / "reports/reference"
KERNELS = ("6.12", "7.3")
REPORTS = (*KERNELS, "6.12-more", "profiles")
FILES = [
    f"{kernel}/{n}" for kernel in REPORTS for n in ("page.html", "cover-letter.txt", "report.txt")
]
VMM = "mem-path=/tmp/vmm-memory"  # of the guest, and not of a machine
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
    assert all((REFERENCE / kernel / "page.html").stat().st_size < 2_000_000 for kernel in REPORTS)
    for path in REFERENCE.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            whole = gzip.decompress(data) if path.suffix == ".gz" else data
            text = "".join(whole.decode().split()).replace(VMM, "")
            assert not re.search(r"/(home|root|tmp|work|Users)/", text), path


@pytest.mark.parametrize("kernel", REPORTS)
def test_the_letter_is_for_a_mailing_list(kernel: str) -> None:
    lines = (REFERENCE / kernel / "cover-letter.txt").read_text(encoding="ascii").splitlines()
    assert max(map(len, lines)) <= 75


@pytest.mark.parametrize("kernel", KERNELS)
def test_it_begins_with_the_best_baseline(kernel: str) -> None:
    """A reader of one sentence is not told what a better baseline would take back."""
    for name in ("cover-letter.txt", "report.txt"):
        begin = " ".join((REFERENCE / kernel / name).read_text().split())[:200].lower()
        assert "at its best, with +range-unpin+folio-pin+file-pin (" in begin
    page = (REFERENCE / kernel / "page.html").read_text()
    best, others = "at its best, with +range-unpin+folio-pin", "as vhost-vdpa does so far"
    assert 0 < page.find(best) < page.find(others)


def test_each_kernel_of_a_ladder_is_faster_than_the_one_before() -> None:
    """What a series adds makes reset-owner shorter: a kernel that is another's would not."""
    for kernel in KERNELS:
        medians = [
            median(s["pause"] for s in samples(f"{kernel}/baselines/{run}") if of_64_gib(s))
            for run in ladder_of(kernel)
        ]
        steps = [after / before for before, after in pairwise(medians)]
        assert all(step < 0.9 for step in steps), (kernel, medians)


def of_64_gib(sample: dict[str, Any]) -> bool:
    factors = (sample["method"], sample["mem"], sample["pages"])
    return factors == ("reset-owner", 64 << 30, "thp")


def ladder_of(kernel: str) -> list[str]:
    runs = sorted((REFERENCE / kernel / "baselines").glob("*/01"), key=lambda run: len(str(run)))
    assert len(runs) == 4
    return [f"{run.parent.name}/01" for run in runs]


def test_what_was_not_measured_is_on_the_line_of_what_was() -> None:
    """By numpy, through the medians of sizes. What was measured: letter/test_numbers.py."""
    letter = (REFERENCE / "6.12-more/cover-letter.txt").read_text(encoding="ascii")
    estimate = ESTIMATE.search(letter)
    assert estimate
    levels = []
    for method, shown in zip(("reset-owner", "new-owner"), estimate.groups(), strict=False):
        sizes: dict[int, list[int]] = {}
        for each in samples("6.12-more/scaling"):
            if each["method"] == method and each["status"] == "ok":
                sizes.setdefault(each["mem"] >> 30, []).append(each["pause"])
        medians = [float(median(pauses)) for pauses in sizes.values()]
        slope, fixed = np.polyfit([*sizes], medians, 1, w=1 / np.array(medians))
        levels.append(slope * 1024 + fixed)
        assert agrees(shown, levels[-1] / 1e6)
    assert agrees(estimate[3], levels[0] / levels[1])


def samples(run: str) -> Iterator[dict[str, Any]]:
    for line in (REFERENCE / run / "samples.jsonl").read_text().splitlines():
        sample = json.loads(line)
        if sample["status"] == "ok":
            yield sample


def test_every_figure_of_its_readme_is_in_the_reports() -> None:
    report = "".join((REFERENCE / name).read_text() for name in FILES if name.endswith(".txt"))
    figures = re.findall(r"~?\d[\d.]* [kMG]\b|\b\d[\d.]*x", README)
    assert len(figures) > 40
    assert [figure for figure in figures if figure not in report] == []


QUESTIONS = (
    "Fix the unpin first",
    "Who may call it",
    "Instructions are not a pause",
    "You moved the faults",
    "Where is iommufd",
    "Why reset at all",
    "Whose series is this",
    "What if it fails half way",
)


def test_its_readme_answers_each_question_with_a_command_or_a_place() -> None:
    parts = re.split(r" \d\. \*\*", README)[1:]
    assert [part.partition("**")[0].rstrip(".?") for part in parts] == [*QUESTIONS]
    assert all("`bench " in part or "`make " in part or "](" in part for part in parts)
