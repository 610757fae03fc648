# SPDX-License-Identifier: GPL-2.0-only
"""Every failure that a user or a machine can cause, with the exit code it ends in.

BenchError
|-- UsageError               2    the command line or a scenario file is wrong
|-- CannotJudge            125    nothing could be measured here
|   |-- MissingTool               a program or a package is not to be had
|   |-- CannotSave                QEMU cannot save this guest, or go on from what was saved
|   `-- NoSpace                   the cache or the run directory does not fit
|-- CellSkipped                   a cell needs what is not here; the run goes on
`-- CellFailed               1    a cell was not proven; the run goes on
    |-- ProtocolError             the helper died, stopped short or wrote rubbish
    `-- GuestLost                 the guest is gone, and its boot with it
        |-- GuestPanic
        |-- GuestOutOfMemory
        `-- GuestHung
"""

EXIT_INTERRUPTED = 130  # by SIGINT, SIGTERM or SIGHUP before anything was measured


class BenchError(Exception):
    """One line that says what is wrong and where; ``hint`` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(BenchError):
    exit_code = 2


class CannotJudge(BenchError):
    exit_code = 125


class MissingTool(CannotJudge):
    pass


class CannotSave(CannotJudge):
    pass


class NoSpace(CannotJudge):
    pass


class CellSkipped(BenchError):
    """``hint`` holds the need."""


class CellFailed(BenchError):
    pass


class ProtocolError(CellFailed):
    pass


class GuestLost(CellFailed):
    pass


class GuestPanic(GuestLost):
    pass


class GuestOutOfMemory(GuestLost):
    pass


class GuestHung(GuestLost):
    pass
