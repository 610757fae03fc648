# SPDX-License-Identifier: GPL-2.0-only
"""Runs as one HTML page: nothing is fetched, nothing runs, all text of data is escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bench.model.cell_state import CellState
from bench.model.units import format_ratio
from bench.model.visible import visible
from bench.report.page.caveats import caveats
from bench.report.page.embedded import Embedded, embedded
from bench.report.page.figures import Plot, plots
from bench.report.table.cells import CellTable
from bench.report.table.contents import UNITS, contents, unmeasured
from bench.report.table.environment import environment_rows, no_result
from bench.report.table.figures import Figures, figures
from bench.report.table.findings import (
    MethodPair,
    gain,
    method_pairs,
    methods_verdict,
    place_of_row,
    small_wins,
    vfio_sentences,
)
from bench.report.table.fleet import overview
from bench.report.table.labels import labels
from bench.report.table.pins import pins_verdict
from bench.report.table.section import Column, Entry, Section, Table, make_table
from bench.results.comparable import facts_of, must_match
from bench.results.writer import Run

_TEMPLATES = Path(__file__).parent / "templates"
_CAVEATS = ("note", "warning")  # of what the environment says
_MOST_SMALL = 5  # wins that a line names


def page(runs: Sequence[Run], base: Run | None = None) -> str:
    """Write the page, an HTML file; ``base`` comes first, and the others are held to it.

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
        different=_different([facts_of(run.facts) for run in shown], names),
        samples=_samples(chapters),
    )


def _environment() -> Environment:
    """Make the templates' environment: every value is escaped that is not Markup."""
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
    """Escape control characters, and those that turn the direction of text."""
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
        said = [
            *methods_verdict(self.rows),
            *vfio_sentences(self.table),
            *pins_verdict(self.table).lines,
        ]
        said = said or ["No two methods were measured beside one another: there is no ratio."]
        return [*no_result(self.run), *said]

    @property
    def small(self) -> list[str]:
        """Say of each two methods where the win is small, or none."""
        return [
            _small(pair, found) for pair in method_pairs(self.rows) if (found := small_wins(pair))
        ]

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
    def sections(self) -> list[Section]:
        """List the sections that have a table."""
        found = [*contents(self.run, self.table), unmeasured(self.rows)]
        return [section for section in found if section.tables]

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
    named = ", ".join(
        f"{format_ratio(gain(row))} at {place_of_row(row)}" for row in found[:_MOST_SMALL]
    )
    more = f", and {len(found) - _MOST_SMALL} more" if len(found) > _MOST_SMALL else ""
    cells = f"{len(found)} of {len(pair.rows)} cells"
    return f"{pair.method} gains next to nothing, or loses, in {cells}: {named}{more}"


def _title(chapters: Sequence[Chapter]) -> str:
    """Make a title: of one run what it asked, of several how many there are."""
    first = chapters[0]
    if len(chapters) > 1:
        asked = dict.fromkeys(chapter.scenario or "bench" for chapter in chapters)
        return f"{len(chapters)} runs side by side: {', '.join(asked)}"
    return first.question or first.scenario or first.name


def _overview(chapters: Sequence[Chapter]) -> list[Section]:
    """Make the sections on several runs; none where one is a time and another a count."""
    if len({chapter.run.clock for chapter in chapters}) > 1:
        return []
    found = overview([c.run for c in chapters], [c.table for c in chapters])
    return [section for section in found if section.tables]


def _samples(chapters: Sequence[Chapter]) -> Mapping[str, Any]:
    found: Embedded = embedded([c.run for c in chapters], [c.rows for c in chapters])
    files = [str(chapter.run.path / "samples.jsonl") for chapter in chapters]
    return {"json": Markup(found.text), "left_out": found.left_out, "files": files}


def _different(facts: Sequence[Mapping[str, str]], names: Sequence[str]) -> Table:
    """Tabulate facts that are not the same in all runs; the others are held to the first.

    It has no row where nothing differs.
    """
    known = sorted({name for each in facts for name in each})
    must = {name for each in facts[1:] for name in must_match(facts[0], each)}
    rows = []
    for name in known:
        values = [each.get(name, "not known") for each in facts]
        if len({*values}) > 1:
            rows.append(map(Entry, (name, *values, "no" if name in must else "yes")))
    heads = [Column(head, right=False) for head in (*names, "comparable")]
    title = "What differs between the runs"
    return make_table((Column("fact", right=False, names=True), *heads), rows, title)
