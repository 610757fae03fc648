# SPDX-License-Identifier: GPL-2.0-only
"""Whoever looks for what a killed bench has left finds every process of a chain."""

import os
import subprocess
import time
from pathlib import Path

import pytest

MARK = "BENCH_SESSION=0123456789abcdef"


def environments(group: int) -> list[list[str]]:
    """Of all processes of a group, as they are now."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                found.append((process / "environ").read_text().split("\0"))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("handover", ["exec", "transfer", "fork"])
def test_every_process_of_a_chain_carries_the_mark(
    helper: Path, handover: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [str(helper), "live-update", "--out", str(out), "--mem", "65536", "--pages", "4k"]
    name, _, value = MARK.partition("=")
    with subprocess.Popen(
        [*command, "--order", ",".join(["exec-only"] * 300), "--handover", handover],
        env={name: value, "OTHER": "not handed on"},
        process_group=0,
    ) as process:
        while not (out.exists() and out.read_text().count('"rep"') > 3):
            assert process.poll() is None
            time.sleep(0.01)
        seen = [lines for _ in range(20) for lines in environments(process.pid)]
        process.kill()
    os.killpg(process.pid, 9) if environments(process.pid) else None
    alive = [lines for lines in seen if lines != [""]]
    assert alive
    assert all(MARK in lines for lines in alive)
    # A child has all that its parent has; execve() is given the mark alone.
    handed_on = [lines for lines in alive if "OTHER=not handed on" not in lines]
    assert (handed_on == []) == (handover == "fork")
