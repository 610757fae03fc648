# SPDX-License-Identifier: GPL-2.0-only
"""Steps that Ctrl-C must not cut short."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def delay_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP do at the end of the block what they would have done in it.

    Who presses Ctrl-C twice wants us to hurry, not to leave the machine half restored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught in came[:1]:
            signal.raise_signal(caught)
