# SPDX-License-Identifier: GPL-2.0-only
"""The test for ReFrame, run by it: its figures are those of the run, its failures have a reason."""

import re
from pathlib import Path

import numpy as np
import pytest

from bench.results.writer import load
from tests.ci.test_reframe import reframe
from tests.guest.recipes import lay_bench

pytestmark = [pytest.mark.guest, pytest.mark.slow]


def words(place: Path, options: str) -> list[str]:
    lay_bench(place)
    sets = {"bench": place / ".venv/bin/bench", "options": options}
    return ["-r", "--keep-stage-files", *(w for k, v in sets.items() for w in ("-S", f"{k}={v}"))]


def test_figures_are_those_of_the_run(tmp_path: Path) -> None:
    done = reframe(tmp_path, *words(tmp_path, "--mem 32M --reps 3"))
    assert done.returncode == 0, done.stdout
    figures = dict(re.findall(r"^P: (\S+): (\S+) ", done.stdout, re.M))
    (facts,) = tmp_path.rglob("run/run.json")
    medians = {
        f"{cell.method}_32MiB": float(np.median(samples.measured.pause))
        for cell, samples in load(facts.parent).by_cell.items()
    }
    ratio = medians["reset-owner_32MiB"] / medians["new-owner_32MiB"]
    assert {name: float(figure) for name, figure in figures.items()} == pytest.approx(
        {**medians, "new-owner_32MiB_ratio": ratio}
    )


def test_what_fails_says_why(tmp_path: Path) -> None:
    done = reframe(tmp_path, *words(tmp_path, "--mem 3K"))
    assert done.returncode == 1
    assert "exit code 2: bench: " in done.stdout and "3 KiB" in done.stdout
