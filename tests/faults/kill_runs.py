# SPDX-License-Identifier: GPL-2.0-only
"""Kill runs at random moments with SIGKILL, resume each, look for what they left behind.

python -m tests.faults.kill_runs --runs 100
python -m tests.faults.kill_runs --runs 5 --words "run smoke --reps 1"
"""

import argparse
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.paths import ROOT, cache_path
from bench.results.writer import load

# Seconds on any machine, several blocks, and nothing that only root may do.
WORDS = "run pin --mem 128M --reps 6"
BENCH = (sys.executable, "-m", "bench")
POOLS = "/sys/kernel/mm/hugepages/hugepages-*/nr_hugepages"


MARK = f"BENCH_KILL_RUNS={os.getpid()}"  # in the environment of all that we start


@dataclass(frozen=True)
class Left:
    """What there was before a run, and has to be after it."""

    processes: frozenset[str]
    files: frozenset[str]
    settings: frozenset[str]

    @staticmethod
    def now() -> "Left":
        pools = sorted(Path("/").glob(POOLS.lstrip("/")))
        shmem = Path("/sys/kernel/mm/transparent_hugepage/shmem_enabled")
        settings = [f"{path}: {path.read_text()}" for path in (*pools, shmem) if path.exists()]
        mounts = Path("/proc/mounts").read_text().splitlines()
        return Left(_processes(), _files(), frozenset((*settings, *mounts)))

    def beyond(self, before: "Left") -> list[str]:
        """What is there and was not, or was and is not."""
        changed = self.settings ^ before.settings
        return sorted((self.processes - before.processes) | (self.files - before.files) | changed)


def left_behind(before: Left, seconds: float = 10) -> list[str]:
    """What a run has left, once its processes had time to end in."""
    end = time.monotonic() + seconds
    while (left := Left.now().beyond(before)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def _processes() -> frozenset[str]:
    """All that came of the runs, and are not the runs themselves."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            marked = MARK.encode() in (process / "environ").read_bytes().split(b"\0")
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marked and words:
            found.add(f"{process.name} {words[:80]}")
    return frozenset(found)


def _half_made() -> Iterator[str]:
    """Find what was not finished in the cache, others of which may come and go meanwhile."""
    for at, directories, files in os.walk(cache_path()):
        yield from (f"{at}/{name}" for name in (*directories, *files) if name.endswith(".tmp"))
        directories[:] = [name for name in directories if name != "source"]  # of a kernel


def _files() -> frozenset[str]:
    """Temporary ones and journals: all are in the cache."""
    journals = {str(path) for path in cache_path().glob("journal/*.json")}
    return frozenset(journals | {*_half_made()})


def shape(path: Path) -> Counter[tuple[object, ...]]:
    """Cells, reps and statuses: what a run and a resumed run have in common."""
    samples = load(path).samples
    return Counter((*s.cell.factors().values(), s.rep, s.status) for s in samples)


def bench(words: list[str]) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    name, _, value = MARK.partition("=")
    env = {**os.environ, name: value}
    return subprocess.Popen(
        [*BENCH, *words], cwd=ROOT, env=env, stdout=pipe, stderr=pipe, text=True
    )


def finish(words: list[str]) -> str:
    """Run bench to its end; AssertionError with all it said unless it ends well."""
    process = bench(words)
    out, err = process.communicate(timeout=900)
    assert process.returncode == 0, (words, process.returncode, out[-500:], err[-2000:])
    return out + err


def kill_after(words: list[str], seconds: float) -> bool:
    """True when it was still running, and so was killed."""
    process = bench(words)
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.002)
    alive = process.poll() is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    return alive


def go_on(words: list[str], out: Path, rng: random.Random, took: float) -> int:
    """Resume until the run is whole, killing that too now and then; how often it began."""
    attempts = 0
    while True:
        attempts += 1
        began = (out / "run.json").exists()  # before that there is nothing to go on with
        if out.exists() and not any(out.iterdir()):
            out.rmdir()  # killed between making it and putting its first file there
        again = ["run", "--resume", str(out)] if began else [*words, "--out", str(out)]
        if attempts < 3 and rng.random() < 0.3:
            if kill_after(again, rng.uniform(0, took)):
                continue
        else:
            finish(again)
        return attempts


def kill_runs(runs: int, words: str, seed: int, directory: Path) -> list[str]:
    """A line a run; AssertionError for the first that does not come out right."""
    rng = random.Random(seed)
    lines: list[str] = []
    finish([*shlex.split(words), "--out", str(directory / "first")])  # makes what is cached
    began = time.monotonic()
    finish([*shlex.split(words), "--out", str(directory / "whole")])
    took = time.monotonic() - began
    want, before = shape(directory / "whole"), Left.now()
    number = 0
    while len(lines) < runs:
        number += 1
        out = directory / f"run-{number}"
        after = rng.uniform(0, took)
        if not kill_after([*shlex.split(words), "--out", str(out)], after):
            continue  # it was quicker
        kept = len(load(out).samples) if (out / "run.json").exists() else 0
        attempts = go_on(shlex.split(words), out, rng, took)
        assert shape(out) == want, (number, after)
        left = left_behind(before)
        assert not left, (number, after, left)
        whole = sum(want.values())
        progress = f"{kept} of {whole} lines kept, resumed in {attempts} attempts"
        lines.append(f"run {number}: killed at {after:.2f} s, {progress}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--words", default=WORDS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-runs-") as directory:
        lines = kill_runs(options.runs, options.words, options.seed, Path(directory))
    print("\n".join(lines))  # noqa: T201
    print(f"{len(lines)} runs, each of the shape of a whole one, nothing left behind")  # noqa: T201


if __name__ == "__main__":
    main()
