# SPDX-License-Identifier: GPL-2.0-only
"""One run at a time in a run directory: a lock that ends with the process that holds it."""

import errno
import fcntl
import os
import weakref
from pathlib import Path

from bench.errors import UsageError

# File systems that cannot lock are no reason to measure nothing.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EINVAL)


class Lock:
    """Held until `release`, or until nobody knows it any more."""

    def __init__(self, fd: int) -> None:
        self.release = weakref.finalize(self, os.close, fd)


def take_lock(directory: Path) -> Lock:
    """Lock a directory itself, so that no file of a lock is left in it.

    UsageError names the process that has it; OSError when it is no directory.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    lock = Lock(fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = f"process {_pid(directory)}" if _pid(directory) else "another process"
        raise UsageError(
            f"{directory}: {who} measures into it", "wait for its end, or end it"
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return lock


def holder(directory: Path) -> int | None:
    """Another process that holds a directory, where /proc/locks can tell."""
    pid = _pid(directory)
    return None if pid == os.getpid() else pid


def _pid(directory: Path) -> int | None:
    """From a line as ``1: FLOCK  ADVISORY  WRITE 2671 fe:00:2162689 0 EOF``."""
    try:
        status = directory.stat()
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    wanted = ["FLOCK", "ADVISORY", "WRITE", f"{device}:{status.st_ino}"]
    for words in map(str.split, lines):
        if [*words[1:4], *words[5:6]] == wanted:
            return int(words[4])
    return None
