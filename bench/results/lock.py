# SPDX-License-Identifier: GPL-2.0-only
"""Lock a run directory for one process; the kernel ends the lock with the process."""

import errno
import fcntl
import os
import weakref
from pathlib import Path

from bench.errors import UsageError

# File systems that cannot lock are no reason to measure nothing.
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EINVAL)


class Lock:
    """Keep a directory locked until release() or until the object is garbage-collected."""

    def __init__(self, fd: int) -> None:
        self.release = weakref.finalize(self, os.close, fd)


def take_lock(directory: Path) -> Lock:
    """Lock a directory by its own file descriptor, so that no lock file is left in it.

    UsageError names the process that holds it; OSError if it is no directory. File systems
    without locks give a Lock that excludes nobody.
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
    """Return the pid of another process that holds a directory; None where none is known."""
    pid = _pid(directory)
    return None if pid == os.getpid() else pid


def _pid(directory: Path) -> int | None:
    """Read the pid of ``1: FLOCK  ADVISORY  WRITE 2671 fe:00:2162689 0 EOF``."""
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
