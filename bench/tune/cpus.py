# SPDX-License-Identifier: GPL-2.0-only
"""Choose the CPUs to measure on, and stay on them."""

import os
from collections.abc import Iterable
from pathlib import Path

from bench.cleanup.journal import Journal
from bench.machine.sysfs import cpu_list, read

_WHERE = "sys/devices/system/cpu"


def choose_cpus(root: Path = Path("/"), count: int = 1) -> tuple[int, ...]:
    """Return the CPUs that the kernel keeps free (isolcpus=), or else the last ``count``.

    CPU 0 is never among the latter, as most interrupts go to it, and one CPU is left to the
    rest of the machine. Empty where that leaves fewer than ``count``: threads that share a
    CPU would not pin at the same time. On isolated CPUs, which the kernel does not balance,
    the helper spreads its threads itself.
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
    """Return the numbers of the CPUs that are online."""
    return {*cpu_list(read(root, f"{_WHERE}/online"))}


def pin(journal: Journal, cpus: tuple[int, ...]) -> list[str]:
    """Run this thread, and what it starts from now on, on ``cpus``; return lines about it.

    The journal puts this thread back. OSError if the kernel does not allow one of them.
    """
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
