# SPDX-License-Identifier: GPL-2.0-only
"""How much faster two workers of an engine are than one, in turns, beside what the machine gives.

python -m tests.scale.speed ROUNDS

Prints a line for each round and engine. Two cores of a virtual machine may be the threads of one,
or have neighbours: `machine` is what two busy processes get done for each that one does, alone,
just before. `busy` is the share of the time, from the first block to the last, for which two
workers had a block: what an engine costs.
"""

import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.guest.test_elsewhere import BENCH, Dask

_SIZES = ",".join(f"{size}M" for size in range(512, 544, 4))
_WORDS = ("run", "smoke", "--mem", _SIZES, "--clock", "icount", "--reps", "20")
_DONE = re.compile(r"\] done, (\d+) s")  # what the block took on its worker
_LOOP = 30_000_000


@dataclass(frozen=True)
class Took:
    """Seconds of a run: in all, from its first block to its last, and of its blocks together."""

    whole: float
    blocks: float
    measuring: float


def timed(engine: str) -> Took:
    """Measure by an engine, and note when its lines come."""
    with tempfile.TemporaryDirectory() as place:
        words = [*BENCH, *_WORDS, "--on", engine, "--out", f"{place}/run"]
        began = time.monotonic()
        at, measuring = [], 0
        with subprocess.Popen(words, stdout=-3, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            for line in process.stderr:
                if line.startswith("["):
                    at.append(time.monotonic())
                if done := _DONE.search(line):
                    measuring += int(done[1])
        assert process.returncode == 0
        return Took(time.monotonic() - began, at[-1] - at[0], measuring)


def by_dask(workers: int) -> Took:
    with ExitStack() as stack, tempfile.TemporaryDirectory() as place:
        dask = Dask(Path(place), stack)
        for _ in range(workers):
            dask.add_worker()
        return timed(dask.name)


def by_processes(workers: int) -> Took:
    return timed(f"local:{workers}")


def busy(count: int) -> float:
    """Count for a while; return how long that took."""
    began, total = time.perf_counter(), 0
    for number in range(count):
        total += number * number
    return time.perf_counter() - began


def machine() -> float:
    with ProcessPoolExecutor(2) as pool:
        one = pool.submit(busy, _LOOP).result()
        two = max(pool.map(busy, [_LOOP, _LOOP]))
    return 2 * one / two


def main() -> None:
    for _ in range(int(sys.argv[1])):
        for name, measure in (("dask", by_dask), ("local", by_processes)):
            alone = machine()
            one, two = measure(1), measure(2)
            print(
                f"{name}: machine {alone:.2f}x, blocks {one.blocks / two.blocks:.2f}x"
                f" ({one.blocks:.1f} / {two.blocks:.1f} s), whole {one.whole / two.whole:.2f}x,"
                f" busy {one.measuring / one.blocks:.0%} of 1, {two.measuring / two.blocks / 2:.0%}"
                f" of 2",
                flush=True,
            )


if __name__ == "__main__":
    main()
