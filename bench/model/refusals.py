# SPDX-License-Identifier: GPL-2.0-only
"""Say what to do about an error of the system: its number tells a limit from a filter. Pure."""

import errno
import os
from collections.abc import Mapping


def raising(letter: str, name: str, value: str = "unlimited") -> str:
    """Return how a limit is lifted: by a builtin of the shell, and where its hard limit binds.

    ``letter`` is the shell's option, ``name`` that of prlimit(1).
    """
    hard = f"sudo prlimit --pid $$ --{name}={value}"
    return f"ulimit -{letter} {value}, or where the hard limit binds: {hard}"


OUT_OF_TIME = "the limit of CPU time of this process is reached"
LONGER = raising("t", "cpu")
LARGER_FILES = f"a higher limit of file sizes: {raising('f', 'fsize')}"
MORE_FILES = f"more open files: {raising('n', 'nofile', '1024')}"
MORE_TASKS = f"more processes and threads: {raising('u', 'nproc')}; or pids.max of the cgroup"
FILTERED = (
    "a seccomp filter or a security module refuses it: start bench outside of the sandbox, or"
    " with a profile that allows it (seccomp=unconfined)"
)

# Errors that are none of a program or its user but of what the machine allows them.
_LIMITS: Mapping[int, str] = {
    errno.EAGAIN: MORE_TASKS,
    errno.EDQUOT: "more quota for this user, or name another place",
    errno.EFBIG: LARGER_FILES,
    errno.EMFILE: MORE_FILES,
    errno.ENFILE: "more open files of the machine: sudo sysctl fs.file-max",
    errno.EIO: "the disk reports an error: sudo dmesg",
    errno.ENOLCK: "it has no locks, as some network file systems: name another place",
    errno.ENOMEM: "more memory: ulimit -v, ulimit -d and the cgroup limit it (bench doctor)",
    errno.ENOSPC: "free some space and inodes (df -h, df -i), or name another place",
    errno.EROFS: "name a place that is not mounted read-only",
}
# What a shell or a compiler driver prints of a program that such a signal has ended: strsignal(3).
_SIGNALS: Mapping[str, str] = {
    "File size limit exceeded": _LIMITS[errno.EFBIG],
    "CPU time limit exceeded": f"a higher limit of CPU time: {LONGER}",
}
_REFUSALS: Mapping[int, str] = {
    errno.EACCES: "permissions, a mount with noexec or a security module refuse it: bench doctor",
    errno.ENOSYS: "a kernel that has this system call, or a seccomp filter that does not hide it",
    errno.EPERM: FILTERED,
}


def what_helps(number: int | None, otherwise: str = "") -> str:
    """Return what to do about an error of this number; ``otherwise`` where nothing is known."""
    return {**_LIMITS, **_REFUSALS}.get(number or 0, otherwise)


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


def what_refused(text: str) -> str:
    """Return what to do about the limit or the filter that a program names; "" where none is."""
    filtered = (number for number in (errno.EPERM, errno.ENOSYS) if os.strerror(number) in text)
    return limit_in(text)[1] or what_helps(next(filtered, None))


def limit_of(error: BaseException) -> tuple[str, str]:
    """Say which limit an error of Python comes from, and what to do; empty where from none."""
    if isinstance(error, MemoryError):
        return "memory ran out", _LIMITS[errno.ENOMEM]
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        filtered = "where all of that is there, a seccomp filter refuses it: bench doctor"
        return "no thread can be started", f"{MORE_TASKS}; {filtered}"
    if isinstance(error, OSError):
        where = f"{error.filename or 'a system call'}: "
        fix = what_helps(error.errno)
        return (f"{where}{error.strerror}", fix) if fix else ("", "")
    # What cannot be loaded says so in words: a shared object that cannot be mapped or opened.
    if not isinstance(error, ImportError):
        return "", ""
    if "failed to map segment" in str(error):  # the dynamic linker's word for ENOMEM
        return str(error), _LIMITS[errno.ENOMEM]
    return limit_in(str(error))
