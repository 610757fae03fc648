# SPDX-License-Identifier: GPL-2.0-only
"""How good the gate is in real guests that count instructions, with three boots a side.

    python -m tests.quality.guest_gate [--sides 11] [--slow 10] [--keep DIRECTORY]

same    sides of one kernel, each of other seeds, so that methods run in other orders and memory
        lies elsewhere; every third side has cells more beside its own, every third was
        interrupted and gone on with: each pair of sides is compared, and no alarm is right
slower  a kernel that unpins 0.2 % slower, with the seeds of a plain side, as whoever measures two
        kernels has them: a regression of reset-owner is right, and none of new-owner

Thresholds are 0.1 % for reset-owner and 0.5 % for new-owner. Exit code 1 when the gate was wrong
anywhere. 63 boots take some half an hour.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from bench.gate.compare import GateOptions, ask, read_sides
from bench.gate.judge import Judged
from tests.guest.gate_runs import (
    CELL,
    CELLS,
    PLAIN,
    SLIGHTLY_SLOW,
    Environment,
    bench,
    borrowed_cache,
)

BOOTS = 3
LIMITS = {"reset-owner": "0.1%", "new-owner": "0.5%"}
MORE = ("--pages", "thp,4k")
Found = dict[str, Judged]  # by method


def side(env: Environment, kernel: str, number: int, place: Path) -> Path:
    """Measure three boots of a kernel in one of three ways, unless that was done already.

    Returns their directory.
    """
    out, seed = place / f"{number:02}", 1 + 10 * number
    known = sorted({run.parent.parent for run in out.glob("**/run.json")})
    if known:
        return known[0]
    if number % 3 == 2:
        for boot in range(BOOTS):
            interrupted(env, kernel, seed + boot, out / f"{boot + 1:02}")
        return out
    more = MORE if number % 3 == 1 else ()
    words = ("--kernel", kernel, "--seed", str(seed), "--boots", str(BOOTS), *more)
    done = bench(env, "run", *CELLS, *words, "--out", out)
    assert done.returncode == 0, done.stderr
    return next(each for each in out.iterdir() if each.is_dir())


def interrupted(env: Environment, kernel: str, seed: int, out: Path) -> None:
    """Measure a boot of two blocks, interrupted behind the first one, and go on."""
    out.parent.mkdir(parents=True, exist_ok=True)
    words = ["run", *CELLS, *MORE, "--kernel", kernel, "--seed", str(seed), "--jobs", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *words, "--out", str(out)],
        env=dict(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    samples = out / "samples.jsonl"
    while process.poll() is None and not (samples.exists() and samples.stat().st_size):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.wait()
    done = bench(env, "run", "--resume", out)
    assert done.returncode == 0, done.stderr


def compared(base: Path, new: Path) -> Found:
    """Judge the cells of both methods, each by its own threshold."""
    found = {}
    for method, threshold in LIMITS.items():
        question = GateOptions(base, new, threshold)
        judged = {cell.name: cell for cell in ask(question, read_sides(question)).cells}
        found[method] = judged[f"{CELL} {method}"]
    return found


def lines(all_found: Sequence[Found]) -> Iterator[str]:
    """Write a line a method: verdicts, and the range of changes and of what would be found."""
    for method in LIMITS:
        cells = [found[method] for found in all_found]
        verdicts = [cell.verdict for cell in cells]
        said = ", ".join(f"{v} {verdicts.count(v)}" for v in sorted(set(verdicts)))
        made = [cell.decision for cell in cells if cell.decision]
        changes = sorted(100 * (each.ratio - 1) for each in made)
        seen = sorted(100 * each.mde for each in made)
        yield (
            f"  {method:12} {LIMITS[method]:5} {changes[0]:+.3f} % to {changes[-1]:+.3f} %, "
            f"would find {seen[0]:.2f} to {seen[-1]:.2f} %: {said}"
        )


def judged(plain: Sequence[Path], slow: Sequence[Path]) -> int:
    """Print both tables; returns how often the gate was wrong."""
    same = [compared(base, new) for base, new in combinations(plain, 2)]
    slower = [compared(base, new) for base, new in zip(plain, slow, strict=False)]
    alarms = sum(cell.regressed or cell.improved for found in same for cell in found.values())
    hit = sum(found["reset-owner"].regressed for found in slower)
    blamed = sum(found["new-owner"].regressed for found in slower)
    print(f"{CELL}, {BOOTS} boots of 5 reps a side")
    print(f"same: {alarms} alarms in {len(same)} comparisons", *lines(same), sep="\n")
    print(f"slower: found {hit} times of {len(slower)}, new-owner blamed {blamed} times")
    print(*lines(slower), sep="\n", flush=True)
    return alarms + len(slower) - hit + blamed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sides", type=int, default=11, help="of the plain kernel")
    parser.add_argument("--slow", type=int, default=10, help="of the slower one")
    parser.add_argument("--keep", type=Path, help="for the runs; sides in it are not measured anew")
    options = parser.parse_args()
    with borrowed_cache() as env, tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        plain = [side(env, PLAIN, n, place / "plain") for n in range(options.sides)]
        slow = [side(env, SLIGHTLY_SLOW, n, place / "slow") for n in range(options.slow)]
        sys.exit(1 if judged(plain, slow) else 0)


if __name__ == "__main__":
    main()
