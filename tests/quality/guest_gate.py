# SPDX-License-Identifier: GPL-2.0-only
"""How good the gate is in real guests that count instructions, at a threshold of 0.5 %.

    python -m tests.quality.guest_gate [--boots 21] [--slow 10] [--keep DIRECTORY]

A/A     boots of one kernel, each held against the one after it: no alarm is right
slower  boots of a kernel that unpins 1 % slower, each against one of the plain kernel:
        a regression of reset-owner is right, and none of new-owner, which unpins nothing

31 boots take some ten minutes. Exit code 1 when the gate was wrong anywhere.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.guest.gate_runs import (
    CELL,
    PLAIN,
    SLOW,
    SLOWER,
    THRESHOLD,
    Environment,
    Gated,
    borrowed_cache,
    gated,
    measured,
    unpinning,
)

METHODS = ("reset-owner", "new-owner")


def boots(env: Environment, kernel: str, count: int, place: Path) -> list[Path]:
    """Run directories of so many boots of one kernel."""
    start = time.monotonic()
    out = measured(env, kernel, place, "--boots", str(max(count, 2)))
    print(f"{count} boots of {kernel.replace(str(SLOWER), SLOWER.name)}:", end=" ")
    print(f"{time.monotonic() - start:.0f} s", flush=True)
    return sorted(path.parent for path in out.glob("*/*/run.json"))[:count]


def compared(env: Environment, sides: Sequence[tuple[Path, Path]]) -> list[Gated]:
    return [gated(env, base, new) for base, new in sides]


def table(found: Sequence[Gated]) -> str:
    """A line a method: verdicts, and the range of what the medians differ by."""
    lines = []
    for method in METHODS:
        said = Counter(each.verdict(method) for each in found)
        counts = ", ".join(f"{verdict} {count}" for verdict, count in sorted(said.items()))
        changes = sorted(100 * (each.ratio(method) - 1) for each in found)
        lines.append(f"  {method:12} {changes[0]:+.3f} % to {changes[-1]:+.3f} %  {counts}")
    return "\n".join(lines)


def alarms(found: Sequence[Gated], method: str) -> int:
    return sum(each.verdict(method) == "regression" for each in found)


def judged(env: Environment, plain: Sequence[Path], slow: Sequence[Path]) -> int:
    """Print both tables; how often the gate was wrong."""
    same = compared(env, list(pairwise(plain)))
    slower = compared(env, list(zip(plain, slow, strict=False)))
    loops = [unpinning(new) / unpinning(base) for base, new in zip(plain, slow, strict=False)]
    false = sum(each.code != 0 for each in same)
    hit = sum(each.code == 1 and each.verdict("reset-owner") == "regression" for each in slower)
    wrong = alarms(slower, "new-owner")
    print(f"{CELL}, 5 reps, {' '.join(THRESHOLD)}")
    print(f"A/A: {false} alarms in {len(same)} comparisons\n{table(same)}")
    print(f"slower: found {hit} times of {len(slower)}, new-owner blamed {wrong} times")
    print(table(slower))
    print(f"  unpinning itself {_percent(min(loops))} to {_percent(max(loops))}", flush=True)
    return false + len(slower) - hit + wrong


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.3f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--boots", type=int, default=21, help="of the plain kernel")
    parser.add_argument("--slow", type=int, default=10, help="of the slower one")
    parser.add_argument("--keep", type=Path, help="a directory for the runs")
    options = parser.parse_args()
    with borrowed_cache() as env, tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        plain = boots(env, PLAIN, options.boots, place / "plain")
        slow = boots(env, SLOW, options.slow, place / "slow")
        sys.exit(1 if judged(env, plain, slow) else 0)


if __name__ == "__main__":
    main()
