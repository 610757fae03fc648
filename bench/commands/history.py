# SPDX-License-Identifier: GPL-2.0-only
"""Carry out `bench history`: read points, order and analyse them, and write what was found."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bench.commands.git import places_of_commits
from bench.commands.outcome import Outcome, write_out
from bench.errors import UsageError
from bench.history.analyse import HistoryRule, analyse
from bench.history.order import Order, Ordered, ordered
from bench.history.point import parse_commit, parse_date
from bench.history.read import measurement, read_points
from bench.history.spark import BLOCKS, PLAIN
from bench.history.store import append, point_text
from bench.history.track import EXIT_NO_VERDICT, Lane, exit_code
from bench.model.near import near
from bench.model.units import parse_share
from bench.report.formats import HistoryFormat
from bench.stats.steps import LEAST_POINTS

T = TypeVar("T")

_UNJUDGED = (
    "no cell could be judged",
    f"a verdict takes {LEAST_POINTS} points since the last break: add some",
)


@dataclass(frozen=True)
class HistoryOptions:
    """What `bench history` was asked for."""

    paths: tuple[Path, ...]
    kind: str = "text"
    out: Path | None = None
    order: str = ""
    tree: Path | None = None
    cell: str = ""
    reference: str = ""
    threshold: str = "2%"
    least: str = "0.5%"
    add: Path | None = None
    commit: str = ""
    date: str = ""


def history(wanted: HistoryOptions) -> Outcome:
    """Analyse a history, or add a point to a store."""
    _check(wanted)
    if wanted.add:
        return _add(wanted, wanted.add)
    rule = HistoryRule(
        _parsed("--threshold", parse_share, wanted.threshold),
        _parsed("--least", parse_share, wanted.least),
        wanted.reference,
        wanted.cell,
    )
    found = read_points(wanted.paths)
    points = ordered(found.points, _places(wanted, found.points), wanted.order)
    if not points.points:
        first = points.notes[0] if points.notes else "no point is left"
        raise UsageError(first, "--order date, or without --order")
    lanes = analyse(points, rule)
    notes = [*found.notes, *_future(points)]
    return _written(wanted, points, lanes, notes, rule)


def _check(wanted: HistoryOptions) -> None:
    if wanted.kind not in [*HistoryFormat]:
        raise UsageError(
            f"--format: '{wanted.kind}' is unknown: {near(wanted.kind, HistoryFormat)}"
        )
    if wanted.order and wanted.order not in [*Order]:
        raise UsageError(f"--order: '{wanted.order}' is unknown: {near(wanted.order, Order)}")
    if (wanted.commit or wanted.date) and not wanted.add:
        raise UsageError("--commit and --date are of --add", "bench history STORE --add RUN")
    if wanted.add and len(wanted.paths) != 1:
        raise UsageError("--add: name one store", "bench history STORE --add RUN")
    if wanted.add and (wanted.paths[0] / "run.json").exists():
        raise UsageError(f"--add: {wanted.paths[0]} is a run, no store", "name another directory")


def _parsed(option: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option}: {error}") from None


def _add(wanted: HistoryOptions, run: Path) -> Outcome:
    """Add a run, or the boots of a kernel, to a store."""
    commit = _parsed("--commit", parse_commit, wanted.commit) if wanted.commit else ""
    date = _parsed("--date", parse_date, wanted.date) if wanted.date else None
    side, began, identity = measurement(run)
    when = date or began
    if when is None:
        raise UsageError(f"--add: {run} does not say when it was measured", "add --date ISO")
    path, new = append(wanted.paths[0], point_text(side, when, commit, identity))
    return Outcome(0, f"added: {path}" if new else f"was there already: {path}")


def _places(wanted: HistoryOptions, points: Sequence[object]) -> dict[str, int] | None:
    """Return the places of the commits in the tree; None where no order by commit is wanted."""
    if wanted.order == Order.COMMIT or (wanted.tree and not wanted.order):
        commits = [str(getattr(point, "commit", "")) for point in points]
        return places_of_commits(wanted.tree or Path(), [each for each in commits if each])
    return None


def _future(points: Ordered) -> list[str]:
    """Say which points are dated later than today: they count as the latest ones."""
    now = datetime.now(UTC)
    late = [point for point in points.points if point.date and point.date > now]
    return [f"{point.label} is dated {point.day}, which is to come" for point in late]


def _written(
    wanted: HistoryOptions,
    points: Ordered,
    lanes: Sequence[Lane],
    notes: Sequence[str],
    rule: HistoryRule,
) -> Outcome:
    code = exit_code(lanes)
    complaint, hint = _UNJUDGED if code == EXIT_NO_VERDICT else ("", "")
    if wanted.kind == "text":
        from bench.history.render import history_sections

        letters = BLOCKS if wanted.out or _has_blocks() else PLAIN
        sections = history_sections(points, lanes, notes, letters)
        if wanted.out is None:
            return Outcome(code, complaint=complaint, hint=hint, sections=tuple(sections))
        from bench.report.text.text import sections_text

        write_out(wanted.out, f"\n{sections_text(sections)}")
        return Outcome(code, "", complaint, hint)
    text = _text(wanted.kind, points, lanes, notes, rule)
    if wanted.out:
        write_out(wanted.out, text.rstrip("\n"))
        text = ""
    return Outcome(code, text.rstrip("\n"), complaint, hint)


def _text(
    kind: str, points: Ordered, lanes: Sequence[Lane], notes: Sequence[str], rule: HistoryRule
) -> str:
    if kind == "page":
        from bench.history.page import history_page

        return history_page(points, lanes, notes, rule)
    from bench.history.export import as_json, as_otava

    return as_json(points, lanes, notes, rule) if kind == "json" else as_otava(lanes)


def _has_blocks() -> bool:
    """Tell whether standard output can show the blocks of a sparkline."""
    try:
        BLOCKS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True
