# SPDX-License-Identifier: GPL-2.0-only
"""The helper as a process of this machine: built, run, and run with fewer rights."""

import json
import os
import resource
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.paths import ROOT

SOURCE = ROOT / "bench/helper"
NOBODY = 65534


@dataclass(frozen=True)
class Ended:
    code: int
    lines: list[str]
    stderr: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["t"] == kind]

    @property
    def skipped(self) -> dict[str, str]:
        """What each method that cannot be had would need."""
        return {skip["method"]: skip["need"] for skip in self.of("skip") if "method" in skip}


def build(target: str, out: Path, *variables: str) -> None:
    command = ["make", "-s", "-C", str(SOURCE), target, f"O={out}", *variables]
    subprocess.run(command, check=True, timeout=300)


def run(helper: Path, *words: str, memlock: int | None = None) -> Ended:
    """Results go to stdout. With ``memlock`` as somebody who may lock so many bytes."""
    done = subprocess.run(
        [str(helper), *words[:1], "--out", "1", *words[1:]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=None if memlock is None else confined(memlock),
    )
    return Ended(done.returncode, done.stdout.splitlines(), done.stderr)


def confined(memlock: int) -> Callable[[], None]:
    """Root is above that limit, and so becomes somebody else."""

    def enter() -> None:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (memlock, memlock))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)

    return enter
