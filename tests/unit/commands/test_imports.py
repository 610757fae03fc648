# SPDX-License-Identifier: GPL-2.0-only
"""What a measurement imports: nothing that only reports for other programs and tests need."""

import os
import subprocess
import sys
from pathlib import Path

from bench.paths import ROOT

HEAVY = ("pandas", "matplotlib", "pyperf", "pytest", "pytest_benchmark")
PROGRAM = """
import sys
from bench.__main__ import main
try:
    main()
finally:
    print("imported:", *{name.partition(".")[0] for name in sys.modules})
"""


def imported_by(*words: str) -> tuple[int, set[str]]:
    """The exit code of a command, and the packages that it has imported."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return ended.returncode, {*ended.stdout.rpartition("imported:")[2].split()}


def test_a_run_imports_no_plots_frames_or_tests(tmp_path: Path) -> None:
    """A whole one, on this machine: pages are made and dropped, for which nobody needs a right."""
    small = ["--method", "populate", "--mem", "2M", "--pages", "4k", "--reps", "1"]
    small += ["--ptes", "cold", "--threads", "1"]
    out = tmp_path / "out"
    code, packages = imported_by("run", "pin", "--executor", "host", *small, "--out", str(out))
    assert code == 0 and (out / "samples.jsonl").stat().st_size
    assert {"bench", "numpy"} <= packages
    assert packages.isdisjoint(HEAVY)
    code, packages = imported_by(
        "report", str(out), "--format", "csv", "--out", str(tmp_path / "f")
    )
    assert code == 0 and "pandas" in packages  # as this test is able to see
