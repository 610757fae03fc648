# SPDX-License-Identifier: GPL-2.0-only
"""Which process is which: proc(5), read and never changed.

A process id is used again after its process; together with the start time it is one process only.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
# A process has no environment for the microseconds in which it is replaced by another program.
_EXEC_TRIES, _EXEC_PAUSE = 20, 0.01  # seconds


@dataclass(frozen=True)
class Process:
    """What /proc/PID/stat says; ``start`` is in clock ticks since the machine booted."""

    pid: int
    state: str
    session: int
    start: int

    @property
    def ended(self) -> bool:
        """A zombie does nothing and holds nothing; it waits for its parent to look."""
        return self.state in "ZX"


def process(pid: int) -> Process | None:
    """The process that has this id now, None when there is none."""
    try:
        text = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The name stands in parentheses and may hold any byte: proc(5) counts from 1, it is 2nd.
    fields = text.rpartition(b")")[2].split()
    return Process(pid, fields[0].decode(), session=int(fields[3]), start=int(fields[19]))


def processes() -> Iterator[Process]:
    """Every process that this one can see."""
    for path in _PROC.iterdir():
        found = process(int(path.name)) if path.name.isdecimal() else None
        if found:
            yield found


def is_alive(pid: int, start: int) -> bool:
    """Whether the process that began at ``start`` still runs under this id."""
    found = process(pid)
    return found is not None and found.start == start and not found.ended


def pid_namespace() -> int:
    """What tells it from others, namespaces(7); 0 where the kernel has none."""
    try:
        return (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return 0


def carries(pid: int, variable: str) -> bool:
    """Whether the program began with ``NAME=value`` in its environment."""
    for _ in range(_EXEC_TRIES):
        try:
            environment = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:
            return False  # it ended, or is another user's
        if environment:
            return variable.encode() in environment.split(b"\0")
        time.sleep(_EXEC_PAUSE)
    return False
