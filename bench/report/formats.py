# SPDX-License-Identifier: GPL-2.0-only
"""Name the formats of a report: the one list that help, errors, endings and docs come from."""

from pathlib import Path
from typing import NamedTuple

from bench.errors import UsageError
from bench.model.near import near

LETTER, PAGE, BASELINE, KTAP = "cover-letter", "page", "baseline", "ktap"


class ReportFormat(NamedTuple):
    """A format, and the endings of files that mean it."""

    name: str
    endings: tuple[str, ...] = ()


FORMATS_OF_REPORTS = (
    ReportFormat(LETTER),
    ReportFormat(PAGE, (".html", ".htm")),
    ReportFormat("markdown", (".md", ".markdown")),
    ReportFormat("json", (".json",)),
    ReportFormat("csv", (".csv",)),
    ReportFormat(BASELINE),
    ReportFormat("pyperf"),
    ReportFormat(KTAP, (".ktap", ".tap")),
    ReportFormat("junit", (".xml",)),
    ReportFormat("kcidb"),
    ReportFormat("squad"),
    ReportFormat("github-action-benchmark"),
    ReportFormat("bencher"),
)
NAMES = tuple(each.name for each in FORMATS_OF_REPORTS)
_BY_ENDING = {ending: each.name for each in FORMATS_OF_REPORTS for ending in each.endings}


def require_format(name: str, option: str = "--format") -> str:
    """Return the name of a format; UsageError lists those there are, the nearest first."""
    if name not in NAMES:
        raise UsageError(f"{option}: '{name}' is unknown", near(name, NAMES))
    return name


def format_of_file(text: str) -> tuple[str, Path]:
    """Split ``FORMAT:FILE``, or tell the format by the file's ending, as (format, file).

    UsageError where neither says what it is.
    """
    name, colon, rest = text.partition(":")
    if colon and rest and name in NAMES:
        return name, Path(rest)
    ending = Path(text).suffix.lower()
    if ending in _BY_ENDING:
        return _BY_ENDING[ending], Path(text)
    if colon and rest and "/" not in name:
        require_format(name, "--export")
    known = ", ".join(_BY_ENDING)
    hint = f"write FORMAT:FILE, as in kcidb:{text or 'FILE'}; endings that name one are {known}"
    raise UsageError(f"--export: {text}: its ending names no format", hint)
