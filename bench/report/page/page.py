# SPDX-License-Identifier: GPL-2.0-only
"""Runs as one HTML page: nothing is fetched, nothing runs, all text of data is escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bench.model.visible import visible
from bench.report.page.caveats import caveats
from bench.report.page.embedded import Embedded, embedded
from bench.report.page.figures import Plot, plots
from bench.report.page.grid import Part, different, parts, unmeasured
from bench.report.table.cells import CellTable
from bench.report.table.contents import UNITS, contents
from bench.report.table.environment import environment_rows
from bench.report.table.figures import CellState, Figures, figures
from bench.report.table.findings import MethodPair, gain, pairs, place, small_wins, times, verdict
from bench.report.table.fleet import overview
from bench.report.table.labels import labels
from bench.report.table.pins import verdict as pins_verdict
from bench.report.table.reference import sentences
from bench.results.comparable import facts_of
from bench.results.writer import Run

_TEMPLATES = Path(__file__).parent / "templates"
_CAVEATS = ("note", "warning")  # of what the environment says
_MOST_SMALL = 5  # wins that a line names


def page(runs: Sequence[Run], base: Run | None = None) -> str:
    """With its last newline. ``base`` comes first, and is what the others differ from.

    The same bytes for the same runs. UsageError for a run that is named twice.
    """
    shown = [run for run in (base, *runs) if run is not None]
    names = labels(shown)
    chapters = [
        Chapter(run, name, f"run-{number}")
        for number, (run, name) in enumerate(zip(shown, names, strict=True), 1)
    ]
    template = _environment().get_template("page.html")
    return template.render(
        title=_title(chapters),
        chapters=chapters,
        overview=_overview(chapters),
        different=different([facts_of(run.facts) for run in shown], names),
        samples=_samples(chapters),
    )


def _environment() -> Environment:
    """Every value is text, unless it was made here and says that it is markup."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )


def _visible(value: Any) -> Any:
    """Control characters, and what would turn the direction of text, as escapes."""
    return visible(value) if type(value) is str else value


@dataclass(frozen=True, eq=False)
class Chapter:
    """What the page says of one run, in the words of its templates."""

    run: Run
    name: str
    id: str

    @cached_property
    def table(self) -> CellTable:
        return CellTable(self.run)

    @cached_property
    def rows(self) -> list[Figures]:
        return figures(self.run, self.table)

    @property
    def scenario(self) -> str:
        return self.run.facts.asked.name

    @property
    def question(self) -> str:
        return self.run.facts.asked.question

    @property
    def verdict(self) -> list[str]:
        said = [*verdict(self.rows), *sentences(self.table), *pins_verdict(self.table).lines]
        return said or ["No two methods were measured beside one another: there is no ratio."]

    @property
    def small(self) -> list[str]:
        """Where the win is small, or none."""
        return [_small(pair, found) for pair in pairs(self.rows) if (found := small_wins(pair))]

    @property
    def states(self) -> list[tuple[CellState, int]]:
        found = [row.state for row in self.rows]
        return [(state, found.count(state)) for state in CellState if state in found]

    @property
    def unit(self) -> str:
        return "; ".join(UNITS[self.run.clock])

    @cached_property
    def plots(self) -> list[Plot]:
        return plots(self.run, self.table, self.rows, self.id)

    @cached_property
    def parts(self) -> list[Part]:
        return [*parts(contents(self.run, self.table)), *unmeasured(self.rows)]

    @property
    def caveats(self) -> list[str]:
        said = [value for name, value in self._environment if name in _CAVEATS]
        return [*caveats(self.run, self.rows), *said]

    @property
    def environment(self) -> list[tuple[str, str]]:
        return [row for row in self._environment if row[0] not in (*_CAVEATS, "command")]

    @cached_property
    def _environment(self) -> list[tuple[str, str]]:
        return environment_rows(self.run)

    @property
    def facts(self) -> Mapping[str, str]:
        return facts_of(self.run.facts)

    @property
    def command(self) -> str:
        return self.run.facts.command

    @property
    def seed(self) -> str:
        seed = self.run.facts.seed
        return "" if seed is None else str(seed)


def _small(pair: MethodPair, found: Sequence[Figures]) -> str:
    named = ", ".join(f"{times(gain(row))} at {place(row)}" for row in found[:_MOST_SMALL])
    more = f", and {len(found) - _MOST_SMALL} more" if len(found) > _MOST_SMALL else ""
    cells = f"{len(found)} of {len(pair.rows)} cells"
    return f"{pair.method} gains next to nothing, or loses, in {cells}: {named}{more}"


def _title(chapters: Sequence[Chapter]) -> str:
    """Of one run what it asked; of several how many there are."""
    first = chapters[0]
    if len(chapters) > 1:
        asked = dict.fromkeys(chapter.scenario or "bench" for chapter in chapters)
        return f"{len(chapters)} runs side by side: {', '.join(asked)}"
    return first.question or first.scenario or first.name


def _overview(chapters: Sequence[Chapter]) -> list[Part]:
    """Medians and changes of several runs; a time and a count have nothing in common."""
    if len({chapter.run.clock for chapter in chapters}) > 1:
        return []
    return parts(overview([c.run for c in chapters], [c.table for c in chapters]))


def _samples(chapters: Sequence[Chapter]) -> Mapping[str, Any]:
    found: Embedded = embedded([c.run for c in chapters], [c.rows for c in chapters])
    files = [str(chapter.run.path / "samples.jsonl") for chapter in chapters]
    return {"json": Markup(found.text), "left_out": found.left_out, "files": files}
