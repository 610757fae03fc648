# SPDX-License-Identifier: GPL-2.0-only
"""Name the formats that are written: the one list that help, errors, endings and docs come from."""

from pathlib import Path
from typing import NamedTuple

from bench.errors import UsageError
from bench.model.described import Described
from bench.model.near import near

LETTER, PAGE, BASELINE, KTAP = "cover-letter", "page", "baseline", "ktap"


class ReportFormat(NamedTuple):
    """A format, who reads it, and the endings of files that mean it."""

    name: str
    reader: str
    endings: tuple[str, ...] = ()


FORMATS_OF_REPORTS = (
    ReportFormat(LETTER, "mailing lists: ASCII, 75 columns"),
    ReportFormat(PAGE, "browsers, paper: one HTML file with plots", (".html", ".htm")),
    ReportFormat("markdown", "issues, wikis, job summaries", (".md", ".markdown")),
    ReportFormat("json", "programs", (".json",)),
    ReportFormat("csv", "notebooks, spreadsheets", (".csv",)),
    ReportFormat(BASELINE, "bench gate, kept in a repository"),
    ReportFormat("pyperf", "python -m pyperf"),
    ReportFormat(KTAP, "NIPA, kselftest", (".ktap", ".tap")),
    ReportFormat("junit", "Jenkins, GitLab", (".xml",)),
    ReportFormat("kcidb", "KernelCI"),
    ReportFormat("squad", "SQUAD"),
    ReportFormat("github-action-benchmark", "the action of that name"),
    ReportFormat("bencher", "Bencher"),
)


class LetterStyle(Described):
    """The dialect of the tables of a cover letter that compare something."""

    PLAIN = "plain", "bench's own"
    MMTESTS = "mmtests", "as compare-kernels.sh of mmtests"
    LKP = "lkp", "as the kernel test robot's"
    PERFDIFF = "perfdiff", "as perf diff"
    GUP_TEST = "gup-test", "as the kernel's gup_test"


class ProfileFormat(Described):
    """What `bench profile` writes."""

    TOP = "top", "people: a table of functions"
    FOLDED = "folded", "flamegraph.pl, inferno: a line a call path"
    CALLGRIND = "callgrind", "KCachegrind, callgrind_annotate"
    SPEEDSCOPE = "speedscope", "speedscope.app"
    SVG = "svg", "browsers: a flame graph"


class HistoryFormat(Described):
    """What `bench history` writes."""

    TEXT = "text", "people"
    JSON = "json", "programs"
    OTAVA = "otava", "Apache Otava: CSV"
    PAGE = "page", "browsers: one HTML file with plots"


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
