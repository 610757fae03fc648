# SPDX-License-Identifier: GPL-2.0-only
"""Say what to do about an error of the system: its number tells a limit from a filter. Pure."""

import errno
import os
from collections.abc import Mapping

# Errors that are none of a program or its user but of what the machine allows them.
_LIMITS: Mapping[int, str] = {
    errno.EAGAIN: "more processes and threads: ulimit -u unlimited, or pids.max of the cgroup",
    errno.EDQUOT: "more quota for this user, or name another place",
    errno.EFBIG: "a higher limit of file sizes: ulimit -f unlimited",
    errno.EMFILE: "more open files: ulimit -n 1024",
    errno.ENFILE: "more open files of the machine: sudo sysctl fs.file-max",
    errno.ENOMEM: "more memory: ulimit -v, ulimit -d and the cgroup limit it (bench doctor)",
    errno.ENOSPC: "free some space and inodes (df -h, df -i), or name another place",
    errno.EROFS: "name a place that is not mounted read-only",
}
# What a shell or a compiler driver prints of a program that such a signal has ended: strsignal(3).
_SIGNALS: Mapping[str, str] = {
    "File size limit exceeded": _LIMITS[errno.EFBIG],
    "CPU time limit exceeded": "a higher limit of CPU time: ulimit -t unlimited",
}
_REFUSALS: Mapping[int, str] = {
    errno.EACCES: "permissions, a mount with noexec or a security module refuse it: bench doctor",
    errno.ENOSYS: "a kernel that has this system call, or a seccomp filter that does not hide it",
    errno.EPERM: "a seccomp filter or a security module refuses it: bench doctor",
}


def what_helps(number: int | None) -> str:
    """Return what to do about an error of this number; "" where nothing is known."""
    return {**_LIMITS, **_REFUSALS}.get(number or 0, "")


def limit_in(text: str) -> tuple[str, str]:
    """Find the line of a program's output that names a limit, in the C locale.

    Returns it with what to do; two empty strings where none does. Programs such as make end
    with lines that say only that something failed.
    """
    words = {**{os.strerror(number): fix for number, fix in _LIMITS.items()}, **_SIGNALS}
    for line in text.splitlines():
        for word, fix in words.items():
            if word in line and " lock" not in line:  # of apt: another one has it
                return line.strip(), fix
    return "", ""


def limit_of(error: BaseException) -> tuple[str, str]:
    """Say which limit an error of Python comes from, and what to do; empty where from none."""
    if isinstance(error, MemoryError):
        return "memory ran out", _LIMITS[errno.ENOMEM]
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "no thread can be started", _LIMITS[errno.EAGAIN]
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        fix = _LIMITS.get(error.errno or 0, "")
        return (f"{where}{error.strerror}", fix) if fix else ("", "")
    # What cannot be loaded says so in words: a shared object that cannot be mapped or opened.
    if not isinstance(error, ImportError):
        return "", ""
    if "failed to map segment" in str(error):  # the dynamic linker's word for ENOMEM
        return str(error), _LIMITS[errno.ENOMEM]
    return limit_in(str(error))
