# SPDX-License-Identifier: GPL-2.0-only
"""What a command does before it begins, and how it talks to whoever watches."""

import signal


def raise_signals() -> None:
    """Let SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt: there is something to undo now."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a job in the background
            signal.signal(number, signal.default_int_handler)


def undo_leftovers() -> None:
    """Undo what a killed command left: what it has set is not the machine's own."""
    from bench.cleanup.journal import recover

    for line in recover():
        say(line)


def say(text: str) -> None:
    """Print a line for whoever watches, on stderr."""
    from bench.measure.progress import StderrConsole

    StderrConsole().say(text)
