# SPDX-License-Identifier: GPL-2.0-only
"""``bench run`` as a user has it: a process, a directory, and nothing left behind."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.measure.resume import open_again
from bench.results.reader import AHEAD, load
from tests.guest.conftest import qemus_of

BENCH = [sys.executable, "-m", "bench"]


def wait_for(condition: object, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if callable(condition) and condition():
            return True
        time.sleep(0.1)
    return False


def test_smoke_run_prints_its_table(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = subprocess.run(
        [*BENCH, "run", "smoke", "--clock", "icount", "--out", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "of reset-owner's pause" in done.stdout
    assert "not a time" in done.stdout
    facts = json.loads((out / "run.json").read_text())
    assert facts["clock"] == "icount"
    rows = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows].count("ok") >= 10
    assert {row["unit"] for row in rows} == {"instructions"}


def test_reps_of_a_steady_cell_are_few(tmp_path: Path) -> None:
    """Three are enough; the guest that was to do twenty is ended, and what is stored is whole."""
    out = tmp_path / "run"
    cell = ["--device", "sim-net-pa", "--method", "new-owner", "--mem", "64M", "--pages", "thp"]
    done = subprocess.run(
        [*BENCH, "run", "smoke", *cell, "--clock", "icount", "--reps", "auto", "--out", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "4 to 21 handovers" in done.stderr
    run = load(out)
    assert not run.damage and not run.missing
    assert [sample.rep for sample in run.samples] == [0, 1, 2, 3]
    (block,) = run.facts.plan
    assert (len(block["order"]), block["least"]) == (21, 3)
    assert open_again(out).finished


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_cut_short(tmp_path: Path, sign: signal.Signals) -> None:
    """What was measured is kept, and QEMU does not outlive the run."""
    out = tmp_path / "run"
    command = [*BENCH, "run", "smoke", "--clock", "icount", "--pages", "thp,4k,hugetlb-2m"]
    running = subprocess.Popen(
        [*command, "--reps", "40", "--out", str(out)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A shell that runs the tests in the background has it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    stored = (out / "samples.jsonl", out / AHEAD)  # the longest block is begun first
    assert wait_for(lambda: any(path.exists() and path.stat().st_size for path in stored), 600)
    assert wait_for(lambda: qemus_of(psutil.Process(running.pid)), 600)  # none between two blocks
    qemus = qemus_of(psutil.Process(running.pid))
    running.send_signal(sign)
    stdout, stderr = running.communicate(timeout=600)
    assert wait_for(lambda: not any(qemu.is_running() for qemu in qemus), 60)
    found = [path.read_text().splitlines() for path in stored if path.exists()]
    kept = [json.loads(line) for lines in found for line in lines]
    assert len(kept) % 81 == 0
    if sign is not signal.SIGKILL:
        assert running.returncode == 130
        assert b"interrupted" in stderr and b"Traceback" not in stderr
        assert b"of reset-owner's pause" in stdout
