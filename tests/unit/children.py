# SPDX-License-Identifier: GPL-2.0-only
"""Whether a process still runs."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait for what is only a matter of time, however busy the machine is."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def pid_in(path: Path) -> int:
    assert eventually(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def is_gone(pid: int) -> bool:
    """A zombie that nobody has waited for yet counts as gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def assert_dies(pid: int) -> None:
    gone = eventually(lambda: is_gone(pid))
    if not gone:
        os.kill(pid, signal.SIGKILL)
    assert gone
