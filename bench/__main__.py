# SPDX-License-Identifier: GPL-2.0-only
"""Start ``bench``, also as ``python -m bench``, so that an interrupt is never a traceback."""

import atexit
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from bench.errors import EXIT_INTERRUPTED, CannotJudge
from bench.model.refusals import LONGER, OUT_OF_TIME

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CANNOT_JUDGE = CannotJudge.exit_code


def main() -> None:
    """Run the command line; until it has begun to work, a signal ends it at once.

    Modules take up to seconds to import, and a KeyboardInterrupt that is raised within an import
    can be printed or swallowed there. Commands that have something to undo call
    `bench.commands.begin.raise_signals` when they begin.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a job in the background
            _answer(number, _leave)
    # Nothing here multiplies large matrices: idle threads would count against limits of processes,
    # and where one cannot be started OpenBLAS interrupts the program.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from bench.machine.own_limits import warn_in_time

    if warning := warn_in_time():
        _answer(warning, _out_of_time)
    from bench.cli import main as command_line

    codes: list[object] = []
    atexit.register(_keep_code, codes)  # before all others, so that it is called behind them
    try:
        command_line()
    except KeyboardInterrupt:  # another one, while the first was being said
        _leave(signal.SIGINT, None)
    except SystemExit as ended:
        codes.append(ended.code)
        raise
    finally:
        # All is said and undone, and Python takes a while to end: nothing is left to interrupt.
        for number in _SIGNALS:
            _answer(number, signal.SIG_IGN)


def _answer(
    number: int, handler: Callable[[int, FrameType | None], None] | signal.Handlers
) -> None:
    """Set what a signal does; a filter that refuses it is told by what the command meets next."""
    with suppress(OSError):
        signal.signal(number, handler)


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    """Say which limit ends the process; commands do so in an orderly way when they have begun."""
    os.write(2, f"bench: {OUT_OF_TIME}\n  {LONGER}\n".encode())
    os._exit(_CANNOT_JUDGE)


def _keep_code(codes: list[object]) -> None:
    """End an interrupted process with its exit code.

    Python would kill itself by SIGINT where a KeyboardInterrupt has left exec() of a string,
    as within the definition of a dataclass, even if it was caught since.
    """
    if EXIT_INTERRUPTED in codes:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(EXIT_INTERRUPTED)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End the process: it has written nothing and started nothing yet."""
    os.write(2, b"bench: interrupted\n")
    os._exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
