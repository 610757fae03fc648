# SPDX-License-Identifier: GPL-2.0-only
"""A real Slurm: workers that it starts, and parts as an array of jobs."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from bench.results.writer import Run, load
from tests.guest import test_elsewhere as elsewhere
from tests.guest.recipes import lay_bench, recipe
from tests.guest.slurm import Slurm, missing
from tests.guest.test_elsewhere import BENCH, WORDS, require_same, started, wait_until

pytestmark = [
    pytest.mark.guest,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"there is no {' '.join(missing())} here"),
]

here = elsewhere.here


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    with ExitStack() as stack:
        yield Slurm(tmp_path_factory.mktemp("slurm"), stack)


@pytest.fixture
def place(slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which Slurm is found, and `.venv/bin/bench`, and the document's file."""
    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    # What a worker may take to come back, 15 s if nobody says so.
    monkeypatch.setenv("DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT", "1s")
    monkeypatch.chdir(tmp_path)
    lay_bench(tmp_path)
    (tmp_path / "slurm.yaml").write_text(recipe("jobs: "))
    return tmp_path


def guests(slurm: Slurm) -> list[psutil.Process]:
    """The guests of jobs of this Slurm."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            mine = process.environ().get("SLURM_CONF") == slurm.env["SLURM_CONF"]
            if "qemu" in process.info["name"] and "SLURM_JOB_ID" in process.environ() and mine:
                found.append(process)
        except psutil.Error:
            continue
    return found


def jobs_of(found: Iterable[psutil.Process]) -> set[str]:
    """The jobs that guests are of, by their numbers."""
    return {process.environ()["SLURM_JOB_ID"] for process in found}


def test_workers_that_slurm_starts(here: Run, slurm: Slurm, place: Path) -> None:
    done = elsewhere.bench(*WORDS, "--on", "dask-slurm:slurm.yaml", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    require_same(load(place / "run"), here)
    wait_until(lambda: not slurm.jobs())
    assert {path.suffix for path in (place / "slurm-logs").iterdir()} == {".out", ".err"}


def test_an_array_of_parts(here: Run, slurm: Slurm, place: Path) -> None:
    (place / "parts.sh").write_text(recipe("#SBATCH --array="))
    words = ["sh", "-c", recipe("sbatch --wait")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + "".join(
        each.read_text() for each in place.glob("slurm-*.out")
    )
    require_same(load(place / "whole"), here)


@pytest.mark.long
def test_what_ends_too_early_leaves_nothing(here: Run, slurm: Slurm, place: Path) -> None:
    """Slurm ends all jobs, which are asked for again; then bench is interrupted."""
    long = ("run", "smoke", "--mem", "256M,512M", "--clock", "icount", "--reps", "200")
    words = (*BENCH, *long, "--on", "dask-slurm:slurm.yaml", "--out", "run")
    log = place / "bench.log"
    with started(words, log) as process:
        wait_until(lambda: len(guests(slurm)) == 2)
        before = jobs_of(guests(slurm))
        slurm.ask("scancel", f"--user={os.getuid()}")
        wait_until(lambda: not guests(slurm))
        wait_until(lambda: len(guests(slurm)) == 2)
        assert before.isdisjoint(jobs_of(guests(slurm)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 130
    # Dask gives a block to a new worker by itself, or bench does and says so: either may be.
    assert "go on: bench run --resume" in log.read_text()
    wait_until(lambda: not slurm.jobs() and not guests(slurm))


def test_a_queue_that_is_not_there_is_said(slurm: Slurm, place: Path) -> None:
    (place / "slurm.yaml").write_text(recipe("jobs: ") + "queue: none\n")
    done = elsewhere.bench(*WORDS, "--on", "dask-slurm:slurm.yaml", "--out", "run")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "bench: --on: dask-slurm:slurm.yaml: sbatch: error: Batch job submission failed: "
        "Invalid partition name specified\n"
    )
    assert slurm.jobs() == ""
