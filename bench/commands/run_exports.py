# SPDX-License-Identifier: GPL-2.0-only
"""Write what `bench run` has measured in formats of a report: --format and --export."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.commands.outcome import Outcome, Say
from bench.commands.report import ReportOptions, written
from bench.errors import EXIT_INTERRUPTED, BenchError, CannotJudge, UsageError
from bench.report.formats import BASELINE, KTAP, format_of_file, require_format

Measure = Callable[[], Outcome]


def exporting(kind: str | None, files: Sequence[str], say: Say) -> Callable[[Measure], Outcome]:
    """Check what is asked for, before anything is measured, and return what carries it out.

    UsageError for an unknown format, or a file that could not be written.
    """
    if kind is not None and require_format(kind) == BASELINE:
        raise UsageError(f"--format {kind}: it is a file", f"write --export {kind}:FILE")
    wanted = [format_of_file(text) for text in files]
    for _, path in wanted:
        _require_place(path)
    paths = [path.absolute() for _, path in wanted]
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise UsageError(f"--export: {twice} is named twice", "name each file once")

    def carry_out(measure: Measure) -> Outcome:
        try:
            outcome = measure()
        except CannotJudge as error:
            if kind != KTAP:
                raise
            return _nothing(error.message, error.hint)
        outcome = _with_files(outcome, wanted)
        return _printed(outcome, kind, say) if kind else outcome

    return carry_out


def _require_place(path: Path) -> None:
    """Raise UsageError for a file that could not be written: a run may take hours."""
    there = path if path.exists() else path.parent
    if path.is_dir():
        raise UsageError(f"--export: {path} is a directory", "name a file")
    if not path.parent.is_dir():
        raise UsageError(f"--export: {path.parent} is no directory", "make it first")
    if not os.access(there, os.W_OK):
        raise UsageError(f"--export: {there} may not be written", "name a writable place")


def _with_files(outcome: Outcome, wanted: Sequence[tuple[str, Path]]) -> Outcome:
    """Write each file; what keeps one from being written is the complaint, and costs no other."""
    for kind, path in wanted if outcome.runs else ():
        try:
            done = written(ReportOptions(outcome.runs, kind, path))
            code = 0 if kind == KTAP else done.code  # its code is that of who runs it
            outcome = replace(outcome, code=outcome.code or code)
        except BenchError as error:
            complaint = outcome.complaint or f"{path} is not written: {error.message}"
            hint = outcome.hint if outcome.complaint else error.hint
            code = outcome.code or error.exit_code
            outcome = replace(outcome, code=code, complaint=complaint, hint=hint)
    return outcome


def _printed(outcome: Outcome, kind: str, say: Say) -> Outcome:
    """Put a format in the place of the table, for a program that reads standard output."""
    if not outcome.runs:
        if kind == KTAP and outcome.code != EXIT_INTERRUPTED:
            return _nothing(outcome.complaint, outcome.hint)
        return outcome
    for path in outcome.runs:
        say(f"samples: {path}")
    try:
        done = written(ReportOptions(outcome.runs, kind))
    except BenchError as error:
        code, complaint = outcome.code or error.exit_code, outcome.complaint or error.message
        return replace(outcome, code=code, complaint=complaint, sections=())
    code = outcome.code or done.code
    if kind == KTAP and not outcome.interrupted:
        code = done.code
    return replace(outcome, code=code, report=done.report, sections=())


def _nothing(why: str, hint: str) -> Outcome:
    """Say that all was skipped, as kselftest has it: no program of its may end with 125."""
    from bench.report.export.ktap import SKIP, ktap_of_nothing

    return Outcome(SKIP, ktap_of_nothing(why), why, hint)
