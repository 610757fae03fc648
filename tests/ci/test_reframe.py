# SPDX-License-Identifier: GPL-2.0-only
"""The test for ReFrame: it is found, its job is what bench takes, and it is short."""

import os
import subprocess
import sys
from pathlib import Path

from bench.paths import ROOT

CHECK = ROOT / "ci/reframe_bench.py"


def reframe(place: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run ReFrame on this machine, which it calls generic, with all its files in one place."""
    program = str(Path(sys.executable).with_name("reframe"))
    return subprocess.run(
        [program, "-c", str(CHECK), "--prefix", str(place), "--nocolor", *words],
        env={**os.environ, "TMPDIR": str(place), "HOME": str(place)},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_it_is_short() -> None:
    assert len(CHECK.read_text().splitlines()) <= 60


def test_it_is_found_and_its_job_can_be_made(tmp_path: Path) -> None:
    done = reframe(tmp_path, "--dry-run", "-S", "options=--mem 1G")
    assert done.returncode == 0, done.stdout
    (script,) = tmp_path.rglob("rfm_job.sh")
    lines = script.read_text().splitlines()
    bench = ROOT / ".venv/bin/bench"
    assert f"{bench} run smoke --clock icount --out run --mem 1G" in lines
    assert f"{bench} report run --format json --out run.json" in lines
