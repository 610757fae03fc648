# SPDX-License-Identifier: GPL-2.0-only
"""Say how a helper ended that did not end well: by which signal, and what that usually means."""

import errno
import signal
from collections.abc import Mapping

from bench.model.refusals import (
    FILTERED,
    LARGER_FILES,
    LONGER,
    MORE_FILES,
    MORE_TASKS,
    raising,
    what_helps,
)

# What sends each of them to a program that measures; signal(7), and the limits of getrlimit(2).
_CAUSES: Mapping[signal.Signals, tuple[str, str]] = {
    signal.SIGXFSZ: ("a file grew beyond the limit of its size", raising("f", "fsize")),
    signal.SIGXCPU: ("its limit of CPU time was reached", LONGER),
    signal.SIGKILL: (
        "somebody killed it: out of memory mostly, of the machine or of a cgroup, or the kernel at"
        " the hard limit of CPU time",
        "sudo dmesg | grep -i -e oom -e killed; a smaller --mem, or --backing alias; ulimit -H -t",
    ),
    signal.SIGBUS: (
        "a page of memory was not to be had: a cgroup's limit of hugetlb, or a full tmpfs",
        "the hugetlb and memory limits of the cgroup (bench doctor); a smaller --mem",
    ),
    signal.SIGSYS: (
        "a seccomp filter forbids a system call",
        "outside of the sandbox, or with a filter that allows it (seccomp=unconfined)",
    ),
    signal.SIGSEGV: (
        "it touched memory that it does not have",
        "ulimit -s 8192, ulimit -v unlimited",
    ),
    signal.SIGABRT: ("it gave up by itself", ""),
    signal.SIGTERM: ("somebody asked it to end", ""),
    signal.SIGHUP: ("its terminal was closed", ""),
    signal.SIGILL: ("this CPU does not know an instruction", "bench doctor"),
}
_CANNOT_RUN, _NOT_FOUND, _BY_SIGNAL = 126, 127, 128  # of a shell


def ending(code: int) -> tuple[str, str]:
    """Say how a program ended, and what to do about it, from its exit code.

    A negative one is a signal, as for `subprocess`; a shell adds 128 to it.
    """
    number = -code if code < 0 else code - _BY_SIGNAL
    if code < 0 or number in {*_CAUSES}:
        return _killed(number)
    if code == _CANNOT_RUN:
        return "it cannot be executed", NO_EXECUTION
    if code == _NOT_FOUND:
        return "it is not there any more: the cache was cleaned meanwhile", "start again"
    return f"exit code {code}", ""


_MEMORY = "ulimit -v unlimited, sysctl vm.max_map_count, or a smaller --mem"
# What to do about an operation of the helper that the system refuses: the error decides.
_REMEDIES: Mapping[tuple[str, int], str] = {
    ("ftruncate", errno.EFBIG): LARGER_FILES,
    ("ftruncate", errno.ENOSPC): "a larger pool of huge pages, or a smaller --mem",
    (
        "memfd_create",
        errno.EACCES,
    ): "sudo sysctl vm.memfd_noexec=1 where it is 2, else a security module refuses it: sudo dmesg",
    ("memfd_create", errno.ENOSYS): "a seccomp filter or kernel without memfd_create() refuses it",
    ("pin", errno.ENOSYS): "a kernel that has io_uring whole, or a filter that does not hide it",
    ("pin", errno.EACCES): "a security module refuses it: sudo dmesg",
    (
        "io_uring_register",
        errno.ENOMEM,
    ): "a higher memlock limit: ulimit -l; it counts for the user",
    ("mmap", errno.ENOMEM): _MEMORY,
    ("mmap", errno.EPERM): "a security module refuses it: look into sudo dmesg",
    ("mlockall", errno.ENOMEM): "a higher memlock limit: ulimit -l",
    ("mlockall", errno.EPERM): "a higher memlock limit: ulimit -l",
    ("pthread_create", errno.EAGAIN): MORE_TASKS,
    ("pthread_create", errno.EPERM): FILTERED,
    ("fork", errno.EAGAIN): MORE_TASKS,
    ("posix_spawn", errno.EAGAIN): MORE_TASKS,
    ("open", errno.EMFILE): MORE_FILES,
    ("setrlimit", errno.EPERM): "a higher hard limit: see ulimit -H -a",
    ("pin", errno.EFAULT): "memory that stays: something else takes huge pages back",
}
# Calls that only a limit or a filter refuses: what an ioctl of a device says is the device's own.
_OF_ANY_PROGRAM = {
    *("calloc", "clone", "execve", "fork", "ftruncate", "madvise", "memfd_create", "mmap"),
    *("pin", "pipe", "posix_spawn", "pthread_create", "socketpair", "unpin"),
}


def remedy(operation: str, number: int) -> str:
    """Say what to do about an operation that failed with this errno; "" where nothing is known."""
    general = what_helps(number) if operation in _OF_ANY_PROGRAM else ""
    return _REMEDIES.get((operation, number), general)


NO_EXECUTION = "a cache where programs may run: export BENCH_CACHE=/var/tmp/bench-cache"


def _killed(number: int) -> tuple[str, str]:
    try:
        name = signal.Signals(number)
    except ValueError:
        return f"killed by signal {number}", ""
    why, fix = _CAUSES.get(name, ("", ""))
    return f"killed by {name.name}{f': {why}' if why else ''}", fix
