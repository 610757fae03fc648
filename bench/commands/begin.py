# SPDX-License-Identifier: GPL-2.0-only
"""What a command does before it begins, and how it talks to whoever watches."""

import os
import resource
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from bench.errors import CannotJudge
from bench.machine.own_limits import LEAST_TIME, rlimit
from bench.model.refusals import LONGER, OUT_OF_TIME, raising
from bench.model.units import KIB

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Bytes. numpy's library for matrices ends the process with 1, or waits forever, where it gets
# less: 450 MiB of addresses and 200 of data were enough, by trial, for a run on the host.
_LEAST = {
    "v": (resource.RLIMIT_AS, 1 << 29, KIB, "as"),
    "d": (resource.RLIMIT_DATA, 1 << 29, KIB, "data"),
    "t": (resource.RLIMIT_CPU, LEAST_TIME, 1, "cpu"),
}
_WITHOUT_FIGURES = ("doctor", "list", "--help", "--version")  # commands that need no numpy
_AGAIN = 0.05  # seconds, in which a destructor ends
_came: list[int] = []  # since `raise_signals`


def raise_signals() -> None:
    """Let SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt: there is something to undo now."""
    _came.clear()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a job in the background
            signal.signal(number, _interrupt)
    signal.signal(signal.SIGXCPU, _out_of_time)
    if callable(signal.getsignal(signal.SIGPROF)):  # bench.machine.own_limits.warn_in_time
        signal.signal(signal.SIGPROF, _out_of_time)
    sys.unraisablehook = _unraisable


def interrupted() -> bool:
    """Tell whether a signal came: what fails after it has failed because of it.

    Libraries make other errors of a KeyboardInterrupt, and what was being done may end as if
    its files or processes were not there.
    """
    return bool(_came)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    _came.append(number)
    raise KeyboardInterrupt


def _out_of_time(_number: int, _frame: FrameType | None) -> NoReturn:
    raise CannotJudge(OUT_OF_TIME, LONGER)


def _unraisable(lost: "sys.UnraisableHookArgs") -> None:
    """Send a signal again that came where Python can only print it: in a destructor."""
    if not issubclass(lost.exc_type, KeyboardInterrupt) or not _came:
        sys.__unraisablehook__(lost)
        return
    # Not at once: it would be raised in here.
    again = threading.Timer(_AGAIN, os.kill, (os.getpid(), _came[-1]))
    again.daemon = True
    again.start()


def require_room(words: Sequence[str]) -> None:
    """Raise CannotJudge where a limit leaves less memory or CPU time than a command takes."""
    if not words or words[0] in _WITHOUT_FIGURES or "--help" in words:
        return
    for letter, (kind, least, unit, name) in _LEAST.items():
        limit = rlimit(kind)[0]
        if limit != resource.RLIM_INFINITY and limit < least:
            had, wanted = limit // unit, least // unit
            what = f"ulimit -{letter} is {had}, and bench {words[0]} needs {wanted}"
            raise CannotJudge(what, raising(letter, name))


def undo_leftovers() -> None:
    """Undo what a killed command left: what it has set is not the machine's own."""
    from bench.cleanup.journal import recover

    for line in recover():
        say(line)


def say(text: str) -> None:
    """Print a line for whoever watches, on stderr."""
    from bench.measure.progress import StderrConsole

    StderrConsole().say(text)
