# SPDX-License-Identifier: GPL-2.0-only
"""Runs and gates of kernels that only tests know, each a process as a user has it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.kernel.config import load_config
from bench.kernel.modules import ensure_kernel
from bench.model.method import Method, Phase
from bench.paths import ROOT, cache_dir
from bench.results.writer import load

PLAIN = "live-update"
SLOWER = Path(__file__).with_name("patches") / "slower-unpin"
SLOW = f"{PLAIN}+{SLOWER}"
SLIGHTLY_SLOW = f"{PLAIN}+{SLOWER.with_name('slightly-slower-unpin')}"
# A third of the pause of 128 MiB is no unpinning: 1.17 % of unpinning is 0.78 % of it.
CELLS = ("smoke", "--clock", "icount", "--mem", "128M", "--pages", "thp", "--reps", "5")
CELL = "sim-net-pa thp 128MiB"
THRESHOLD = ("--threshold", "0.5%")

Environment = Mapping[str, str]


@contextmanager
def borrowed_cache() -> Iterator[Environment]:
    """The environment of a cache that has all of the user's and keeps nothing that is new.

    The plain kernel is built in the user's own, where it stays. In the other one all that
    was there is a link; kernels and archives that are new are real, and end with it.
    """
    ensure_kernel(load_config(PLAIN))
    own, place = cache_dir(), Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        borrowed = place / "bench"
        borrowed.mkdir()
        for each in ("packages", "helper", "kvm-probe.json"):
            _link(own / each, borrowed)
        for each in ("kernels", "initramfs"):
            (borrowed / each).mkdir()
            for entry in (own / each).glob("*"):
                _link(entry, borrowed / each)
        yield {**os.environ, "XDG_CACHE_HOME": str(place)}
    finally:
        shutil.rmtree(place)


def _link(path: Path, into: Path) -> None:
    if path.exists() and path.name != ".lock" and path.suffix != ".tmp":
        (into / path.name).symlink_to(path)


def bench(env: Environment, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """``bench WORDS``, whatever it comes to."""
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, words)],
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )


def with_bench(env: Environment) -> Environment:
    """The environment with a ``bench`` in its PATH that is this one."""
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    return {**env, "PATH": path, "PYTHONPATH": str(ROOT)}


def git(repository: Path, env: Environment, *words: str) -> str:
    """What ``git WORDS`` says, which has to succeed, of a user without a configuration."""
    done = subprocess.run(
        ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", *words],
        cwd=repository,
        env={**env, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def measured(env: Environment, kernels: str, out: Path, *more: str) -> Path:
    """``bench run`` of these kernels, which has to succeed."""
    done = bench(env, "run", *CELLS, "--kernel", kernels, "--out", out, *more)
    assert done.returncode == 0, done.stderr
    return out


@dataclass(frozen=True)
class Gated:
    """What one ``bench gate`` said, to people and to programs."""

    code: int
    said: str
    cells: Mapping[str, Mapping[str, Any]]  # by name, as --json has them

    def verdict(self, method: str) -> str:
        return str(self.cells[f"{CELL} {method}"]["verdict"])

    def ratio(self, method: str) -> float:
        return float(self.cells[f"{CELL} {method}"]["decision"]["ratio"])


def gated(env: Environment, base: Path, new: Path, *more: str | Path) -> Gated:
    """``bench gate`` of two runs at 0.5 %; AssertionError when it writes no verdict."""
    with tempfile.TemporaryDirectory() as place:
        verdicts = Path(place) / "gate.json"
        done = bench(env, "gate", base, new, *THRESHOLD, "--json", verdicts, *more)
        assert verdicts.exists(), done.stderr
        found = json.loads(verdicts.read_text())["cells"]
    return Gated(done.returncode, done.stdout + done.stderr, {each["cell"]: each for each in found})


def unpinning(run: Path) -> float:
    """Instructions of the phase in which reset-owner unpins: the median of a run."""
    samples = load(run).samples
    found = [
        s.phases[Phase.RELEASE] for s in samples if s.ok and s.cell.method is Method.RESET_OWNER
    ]
    return float(median(found))
