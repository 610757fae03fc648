# SPDX-License-Identifier: GPL-2.0-only
"""Meet limits of this very process that would end it without a word."""

import resource
import signal
import time

_ORDERLY = 1  # seconds of CPU for what is to be stored and undone
_BARELY = 0.2  # seconds, where the limit leaves no whole one
LEAST_TIME = 3  # seconds, in which a run loads libraries, measures something and reports it


def rlimit(kind: int) -> tuple[int, int]:
    """Return the soft and the hard limit; none of both where a filter refuses the question."""
    try:
        return resource.getrlimit(kind)
    except OSError:
        return resource.RLIM_INFINITY, resource.RLIM_INFINITY


def warn_in_time() -> signal.Signals | None:
    """Let a signal that can be handled come before the kernel's SIGKILL; return which one.

    The kernel sends SIGXCPU at the soft limit of CPU time, and SIGKILL at the hard one:
    getrlimit(2). `ulimit -t` sets both alike; then the soft one is put before the other, also
    for what is started. A limit has whole seconds: before the first ones a timer has to do.
    None without a limit.
    """
    soft, hard = rlimit(resource.RLIMIT_CPU)
    if soft == resource.RLIM_INFINITY:
        return None
    if soft != hard:
        return signal.SIGXCPU
    if soft > LEAST_TIME:
        resource.setrlimit(resource.RLIMIT_CPU, (soft - _ORDERLY, hard))
        return signal.SIGXCPU
    last = _ORDERLY if soft == LEAST_TIME else _BARELY
    signal.setitimer(signal.ITIMER_PROF, max(soft - last - time.process_time(), _BARELY / 2))
    return signal.SIGPROF
