# SPDX-License-Identifier: GPL-2.0-only
"""Hold what a command came to, for the command line to print."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.errors import CannotJudge, UsageError
from bench.model.refusals import limit_of, what_helps
from bench.report.table.section import Section

EXIT_USAGE, EXIT_INTERNAL = 2, 129

Say = Callable[[str], None]  # prints a line for whoever watches, on stderr


@dataclass(frozen=True)
class Outcome:
    """The exit code; a ``report`` for stdout, a ``complaint`` and its hint for stderr.

    ``sections`` stand instead of a report where a terminal has a better form for it.
    """

    code: int
    report: str = ""
    complaint: str = ""
    hint: str = ""
    sections: tuple[Section, ...] = ()
    interrupted: bool = False
    runs: tuple[Path, ...] = ()  # directories that were measured into


def unexpected(error: Exception) -> Outcome:
    """Describe an error that is none of ours.

    It is typer's for a wrong command line, a file or directory that is not for us, a limit of
    this process or its machine, or a bug.
    """
    message = getattr(error, "format_message", None)
    if callable(message):
        hint = "bench COMMAND --help lists the options"
        return Outcome(EXIT_USAGE, complaint=message(), hint=hint)
    if isinstance(error, PermissionError) and error.filename and error.errno == errno.EACCES:
        hint = "let this user read it, or name another place"
        return Outcome(EXIT_USAGE, complaint=f"{error.filename}: {error.strerror}", hint=hint)
    limit, fix = limit_of(error)
    if limit:
        return Outcome(CannotJudge.exit_code, complaint=limit, hint=fix)
    where = ""
    if error.__traceback__:
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        where = f" ({Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno})"
    said = f"internal error: {type(error).__name__}: {' '.join(str(error).split())}{where}"
    return Outcome(EXIT_INTERNAL, complaint=said, hint="this is a bug of bench: please report it")


def write_out(path: Path, text: str) -> None:
    """Write what a command came to into the file of --out; UsageError where that fails."""
    try:
        # A command line or a path may hold what is not UTF-8: as on standard output.
        path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        hint = what_helps(error.errno, "name a writable place")
        raise UsageError(f"--out: {path}: {error.strerror}", hint) from None
