# SPDX-License-Identifier: GPL-2.0-only
"""Which CPUs to measure on, and to stay there."""

import os
from collections.abc import Iterable
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.machine.sysfs import cpu_list, read

_WHERE = "sys/devices/system/cpu"


def choose_cpus(root: Path = Path("/"), count: int = 1) -> tuple[int, ...]:
    """CPUs to measure on: those that the kernel keeps free (isolcpus), else the last ones.

    Never CPU 0, which most interrupts go to, and at least one is left to the rest of the
    machine; empty where that leaves fewer than ``count``: threads that take turns on a CPU
    do not pin at once. A kernel does not balance load over isolated CPUs: the threads of
    the helper spread by themselves.
    """
    online = online_cpus(root)
    isolated = online & {*cpu_list(read(root, f"{_WHERE}/isolated"))}
    if isolated:
        return tuple(sorted(isolated)) if len(isolated) >= count else ()
    own = sorted((online & os.sched_getaffinity(0)) - {0})
    if len(own) == len(online):
        own = own[1:]
    return tuple(own[-count:]) if len(own) >= count else ()


def online_cpus(root: Path = Path("/")) -> set[int]:
    return {*cpu_list(read(root, f"{_WHERE}/online"))}


def pin(journal: Journal, cpus: tuple[int, ...]) -> list[str]:
    """Run this thread, and all that it starts from now on, on these CPUs."""
    before = os.sched_getaffinity(0)
    if not cpus:
        return ["CPUs: as before"]
    if before == {*cpus}:
        return []
    journal.at_end(lambda: os.sched_setaffinity(0, before))
    os.sched_setaffinity(0, cpus)
    return [f"CPUs: {_listed(before)} -> {_listed(cpus)}"]


def _listed(cpus: Iterable[int]) -> str:
    return ",".join(map(str, sorted(cpus)))
