# SPDX-License-Identifier: GPL-2.0-only
"""`git bisect run bench gate`: where it lands, and that nothing but a bug of ours stops it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.model.cell import Clock
from bench.paths import ROOT
from bench.results.writer import Store
from tests.unit.command import Bench
from tests.unit.runs import (
    FAILED,
    LARGE,
    NEW,
    RESET,
    counted,
    noisy,
    sample,
    write_run,
    write_series,
)

PLACES = ["base", "slow", "odd", "zero", "wall", "s/a", "s/b", "s", "nowhere", "text", ".", ""]
WORDS = ["--strict", "--force", "--self-test", "--annotations", "--threshold=0.1%", "--floor=9%"]
WORDS += ["--max-pause=1Mi", "--max-pause=1ms", "--aa=s/a", "--aa=zero", "--aa=base", "--junit=s"]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scratch = tmp_path_factory.mktemp("places")
    counted(scratch / "base")
    counted(scratch / "slow", 1.1)
    write_run(scratch / "odd", {LARGE: {1: [1], 2: [2]}}, Clock.ICOUNT, without={NEW: FAILED})
    write_run(scratch / "zero", {NEW: {1: [0, 0], 2: [0], 3: [0], 4: [1], 5: [1]}})
    write_run(scratch / "wall", noisy(1, boots=6))
    write_series(scratch / "s", {"a": 1.0, "b": 1.1}, boots=5)
    (scratch / "text").write_text("x")
    Store(scratch / "zero").append([sample(RESET, Clock.WALL, 1, 1, 1 << 62)])
    return scratch


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sides=st.lists(st.sampled_from(PLACES), min_size=1, max_size=3),
    words=st.lists(st.sampled_from(WORDS), max_size=4),
)
def test_git_bisect_never_stops_for_no_reason(
    sides: list[str], words: list[str], places: Path, bench: Bench
) -> None:
    """A code of 128 or more ends it, and only a bug of ours may do that."""
    before = Path.cwd()
    os.chdir(places)
    try:
        ended = bench("gate", *sides, *words)
    finally:
        os.chdir(before)
    assert ended.code in (0, 1, 2, 125)


def git(where: Path, *words: str) -> str:
    identity = {"NAME": "A", "EMAIL": "a@example.org", "DATE": "2026-01-01T00:00:00Z"}
    made = {f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in identity.items()}
    ours = {"PYTHONPATH": str(ROOT)}  # the bench that is tested, whatever is installed
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", *words]
    done = subprocess.run(
        command,
        cwd=where,
        capture_output=True,
        text=True,
        env={**os.environ, **made, **quiet, **ours},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# Of each commit the run that it gives; the third has none, as if it did not build, and
# the sixth too few reps.
HISTORY = ["fast", "fast", "nowhere", "fast", "slow", "short", "slow", "slow"]


@pytest.mark.slow
def test_git_bisect_lands_on_the_commit(tmp_path: Path) -> None:
    counted(tmp_path / "fast")
    counted(tmp_path / "slow", 1.01)
    counted(tmp_path / "short", 1.01, reps=2)
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet")
    for number, run in enumerate(HISTORY):
        (repository / "run").write_text(f"{tmp_path / run}\n")
        (repository / "number").write_text(str(number))
        git(repository, "add", ".")
        git(repository, "commit", "--quiet", "--message", f"commit {number}")
    git(repository, "bisect", "start", "HEAD", f"HEAD~{len(HISTORY) - 1}")
    script = f"{sys.executable} -m bench gate {tmp_path / 'fast'} $(cat run) --threshold 0.5%"
    found = git(repository, "bisect", "run", "sh", "-c", script)
    assert "is the first bad commit" in found
    assert "commit 4" in found.partition("is the first bad commit")[2]
