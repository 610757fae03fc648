# SPDX-License-Identifier: GPL-2.0-only
"""Tell processes apart through /proc: proc(5). Nothing is changed.

The kernel gives the id of a process that ended to another one. Id and start time together name
one process only.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
# During execve(2) a process has no environment for some microseconds.
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
        """True for a zombie too: it runs nothing and has closed its files."""
        return self.state in "ZX"


def process(pid: int) -> Process | None:
    """Return the process that has this id now, None when there is none."""
    try:
        text = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The 2nd field, the name, stands in parentheses and may hold any byte, ")" included.
    fields = text.rpartition(b")")[2].split()
    return Process(pid, fields[0].decode(), session=int(fields[3]), start=int(fields[19]))


def processes() -> Iterator[Process]:
    """Yield every process that this one can see: none where /proc is not there."""
    for path in _PROC.iterdir() if _PROC.is_dir() else ():
        found = process(int(path.name)) if path.name.isdecimal() else None
        if found:
            yield found


def is_alive(pid: int, start: int) -> bool:
    """Tell whether the process of this id and start time, in clock ticks, still runs."""
    found = process(pid)
    return found is not None and found.start == start and not found.ended


def pid_namespace() -> int:
    """Return the inode of this process's PID namespace, 0 without one: namespaces(7)."""
    try:
        return (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return 0


def carries(pid: int, variable: str) -> bool:
    """Tell whether the program was started with ``variable``, NAME=value, in its environment."""
    for _ in range(_EXEC_TRIES):
        try:
            environment = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:
            return False  # it ended, or is another user's
        if environment:
            return variable.encode() in environment.split(b"\0")
        time.sleep(_EXEC_PAUSE)
    return False
