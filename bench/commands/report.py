# SPDX-License-Identifier: GPL-2.0-only
"""`bench report`: stored runs as text on a terminal, or in the formats of other programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.outcome import Outcome, write_out
from bench.errors import UsageError
from bench.model.near import near
from bench.report.formats import BASELINE, KTAP, LETTER, PAGE, LetterStyle, require_format
from bench.report.table.section import Section
from bench.results.calibration import Calibration, read_calibration
from bench.results.reader import read_facts
from bench.results.series import all_runs_below
from bench.results.writer import Run, load

if TYPE_CHECKING:
    from bench.report.table.cells import CellTable


@dataclass(frozen=True)
class ReportOptions:
    """What `bench report` was asked for."""

    paths: tuple[Path, ...]
    kind: str | None = None  # a format; without one it is for people
    out: Path | None = None
    base: Path | None = None  # what the runs are held against
    style: str | None = None
    span: str | None = None  # commits A..B of the tree
    tree: Path | None = None
    seconds: Path | None = None  # a calibration, to estimate times by


def written(wanted: ReportOptions) -> Outcome:
    """Write all runs in one format; of a damaged one the outcome says so, with exit code 1."""
    if wanted.kind is not None:
        require_format(wanted.kind)
    _check_options(wanted)
    paths = [path for named in wanted.paths for path in all_runs_below(named)]
    before = all_runs_below(wanted.base) if wanted.base else []
    _check([*before, *paths])
    calibration = read_calibration(wanted.seconds) if wanted.seconds else None
    if wanted.kind == BASELINE:
        return _baseline(paths, wanted.out)
    runs, base = [load(path) for path in paths], [load(path) for path in before]
    damaged = next((run for run in (*base, *runs) if run.damage), None)
    complaint = _damage(damaged, wanted.kind) if damaged else ""
    code = 1 if damaged else 0
    if wanted.kind is None:
        sections = _sections(runs, calibration)
        return _people(sections, wanted.out, code, complaint)
    text = _text(wanted, runs, base)
    if wanted.kind == KTAP:
        from bench.report.export.ktap import ktap_code

        code = code or ktap_code(runs)
    if wanted.out:
        write_out(wanted.out, text)
        text = ""
    return Outcome(code, text, complaint)


_SAY_WHERE = (None, LETTER, PAGE, "markdown", "json", "pyperf")


def _damage(run: Run, kind: str | None) -> str:
    """Say that a run is damaged, and where in formats that have no place for it."""
    if kind in _SAY_WHERE:
        return f"{run.path} is damaged: the report says where"
    more = f", and {len(run.damage) - 1} more" if len(run.damage) > 1 else ""
    return f"{run.path} is damaged: {run.damage[0]}{more}"


def _check_options(wanted: ReportOptions) -> None:
    """Refuse an option that this format would not heed, with UsageError."""
    letter = ("--style", wanted.style), ("--range", wanted.span), ("--tree", wanted.tree)
    for option, value in letter:
        if value is not None and wanted.kind != LETTER:
            raise UsageError(f"{option} is of the cover letter", f"add --format {LETTER}")
    if wanted.seconds and wanted.kind is not None:
        raise UsageError(
            f"--seconds: no estimate goes into --format {wanted.kind}", "leave --format out"
        )
    if wanted.base and wanted.kind not in (LETTER, PAGE):
        hint = "bench compare BASE NEW, or --format cover-letter or page"
        raise UsageError(f"--base is not for --format {wanted.kind or 'of a terminal'}", hint)
    if wanted.tree and not wanted.span:
        raise UsageError("--tree: --range is missing", "name the commits, as in A..B")


def _check(paths: Sequence[Path]) -> None:
    """Refuse runs of different clocks, and a run named twice, with UsageError."""
    if len(paths) < 2:
        return
    resolved = [path.resolve() for path in paths]
    twice = next((path for path in resolved if resolved.count(path) > 1), None)
    if twice:
        raise UsageError(f"{twice} is named twice", "name each run once")
    clocks = {path: read_facts(path / "run.json").clock for path in paths if path.is_dir()}
    for path, clock in clocks.items():
        first, other = next(iter(clocks.items()))
        if clock != other:
            said = f"{first} is by clock {other}, {path} by clock {clock}"
            units = f"{other.unit} are not {clock.unit}"
            raise UsageError(f"{said}: {units}", "report them apart")


def _sections(runs: Sequence[Run], calibration: Calibration | None) -> list[Section]:
    """Make sections of one run, or of several: what they share first, then each by itself."""
    from bench.report.table.cells import CellTable
    from bench.report.table.contents import contents
    from bench.report.table.figures import require_measured
    from bench.report.table.fleet import overview
    from bench.report.table.labels import heads, labels
    from bench.report.table.ladder import ladder
    from bench.report.table.shared import beside

    tables = [CellTable(run) for run in runs]
    for run, table in zip(runs, tables, strict=True):
        require_measured(run, table)
    if len(runs) == 1:
        return [*contents(runs[0], tables[0]), *_seconds(runs[0], tables[0], calibration)]
    found = [*ladder(runs, tables), *overview(runs, tables)]
    for head, label, run, table in zip(heads(runs), labels(runs), runs, tables, strict=True):
        title = head if head == label else f"{head}: {label}"
        others = beside(run, runs, tables)
        found += [Section(title), *contents(run, table, others=others)]
        found += _seconds(run, table, calibration)
    return found


def _seconds(run: Run, table: "CellTable", calibration: Calibration | None) -> list[Section]:
    """Make the section of estimated times, where a calibration was given."""
    from bench.report.table.seconds import seconds_section

    return [seconds_section(run, table, calibration)] if calibration else []


def _people(sections: Sequence[Section], out: Path | None, code: int, complaint: str) -> Outcome:
    if out is None:
        return Outcome(code, complaint=complaint, sections=tuple(sections))
    from bench.report.text.text import sections_text

    write_out(out, f"\n{sections_text(sections)}")
    return Outcome(code, complaint=complaint)


def _text(wanted: ReportOptions, runs: Sequence[Run], base: Sequence[Run]) -> str:
    """Return the text of one format, without the end of its last line."""
    if wanted.kind == LETTER:
        return _letter(wanted, runs, base)
    if wanted.kind == PAGE:
        from bench.report.page.page import page

        return page([*base, *runs]).rstrip("\n")
    from bench.report.export.exports import export

    return export(wanted.kind or "", runs).rstrip("\n")


def _letter(wanted: ReportOptions, runs: Sequence[Run], base: Sequence[Run]) -> str:
    from bench.commands.git import read_series
    from bench.report.letter import cover_letter

    style = wanted.style or LetterStyle.PLAIN
    if style not in [*LetterStyle]:
        raise UsageError(f"--style: '{style}' is unknown", near(style, LetterStyle))
    series = read_series(wanted.tree or Path(), wanted.span) if wanted.span else None
    return cover_letter(runs, base, LetterStyle(style), series)


def _baseline(paths: Sequence[Path], out: Path | None) -> Outcome:
    """Write what `bench gate` takes for BASE, to be kept in a repository."""
    from bench.sides import read_side, write_baseline

    if out is None:
        raise UsageError("--format baseline: --out is missing", "name the file to keep in git")
    write_baseline(read_side(paths), out)
    return Outcome(0, f"baseline: {out}")
