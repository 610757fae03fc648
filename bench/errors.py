# SPDX-License-Identifier: GPL-2.0-only
"""Define every failure that a user or a machine can cause, with the exit code it ends in."""

EXIT_INTERRUPTED = 130  # by SIGINT, SIGTERM or SIGHUP


class BenchError(Exception):
    """One line that says what is wrong and where; ``hint`` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(BenchError):
    """The command line or a scenario file is wrong."""

    exit_code = 2


class CannotJudge(BenchError):
    """Nothing can be measured or judged here."""

    exit_code = 125


class MissingTool(CannotJudge):
    """A program or a package is not to be had."""


class CannotSave(CannotJudge):
    """QEMU cannot save this guest, or go on from what was saved."""


class NoSpace(CannotJudge):
    """The cache or the run directory does not fit."""


class EngineLost(CannotJudge):
    """Workers of an engine cannot go on with a run."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, "what was measured is stored; go on: bench run --resume, here or with --on"
        )


class TreeTaken(CannotJudge):
    """Another process has laid another source under the name of a tree of the cache."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: another bench has laid another kernel under this name meanwhile",
            "build or measure one of them after the other",
        )


class EndsBisection(BenchError):
    """Every step of a bisection would fail in this way: git ends it for a code from 128 on."""

    exit_code = 128


class CellSkipped(BenchError):
    """A cell needs what is not here, which ``hint`` names; the run goes on."""


class CellFailed(BenchError):
    """A cell was not proven; the run goes on."""


class ProtocolError(CellFailed):
    """The helper died, stopped short or wrote rubbish."""


class GuestLost(CellFailed):
    """The guest is gone, and its boot with it."""


class GuestPanic(GuestLost):
    """The guest's kernel panicked."""


class GuestOutOfMemory(GuestLost):
    """The guest's kernel has killed a process for want of memory."""


class GuestHung(GuestLost):
    """The guest does not answer any more."""
