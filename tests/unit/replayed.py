# SPDX-License-Identifier: GPL-2.0-only
"""Runs of one cell from the command line, by recordings that a test can replace between them."""

from pathlib import Path

from bench.plan.matrix import make_plan
from bench.plan.scenario import load_scenario
from tests.unit.command import Bench, Ended
from tests.unit.streams import PAUSES, recording, write_lines

WORDS = {"mem": "64M", "method": "new-owner", "reps": 5}
CELL = "sim-net-pa thp 64MiB new-owner"


def record(path: Path, scale: float = 1.0, mem: str = "64M") -> Path:
    """What the helper writes for the one block; the same whatever the seed."""
    plan = make_plan(load_scenario("smoke", {**WORDS, "mem": mem}))
    pauses = {method: round(pause * scale) for method, pause in PAUSES.items()}
    return write_lines(path, recording(plan, pauses))


def rubbish(path: Path) -> Path:
    return write_lines(path, ["Segmentation fault"])


def measure(bench: Bench, recorded: Path, out: Path, *words: str) -> Ended:
    options = [word for name, value in WORDS.items() for word in (f"--{name}", str(value))]
    where = ["--executor", f"replay:{recorded}", "--out", str(out)]
    return bench("run", "smoke", *options, *where, *words)
