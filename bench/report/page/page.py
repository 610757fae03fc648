# SPDX-License-Identifier: GPL-2.0-only
"""Runs as one HTML page: nothing is fetched, nothing runs, all text of data is escaped."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bench.model.cell import Clock
from bench.model.cell_state import CellState
from bench.model.units import format_ratio
from bench.report.page.bars import Bars, bars
from bench.report.page.embedded import embedded
from bench.report.page.figures import Plot, plots
from bench.report.page.functions import ProfilePart, changed_by_function, profile_part
from bench.report.page.templating import templates_of
from bench.report.table.cells import CellTable
from bench.report.table.contents import UNITS, contents, unmeasured
from bench.report.table.environment import (
    environment_rows,
    intervals_cover,
    no_result,
)
from bench.report.table.figures import Figures, figures
from bench.report.table.findings import (
    MethodPair,
    baseline_note,
    gain,
    method_pairs,
    methods_verdict,
    place_of_cell,
    reference_sentences,
    small_wins,
)
from bench.report.table.fleet import overview
from bench.report.table.functions import TITLE as FUNCTIONS_TITLE
from bench.report.table.labels import labels
from bench.report.table.ladder import ladder
from bench.report.table.pins import pins_verdict
from bench.report.table.section import Column, Entry, Section, Table, make_table
from bench.report.table.shared import Beside, beside, common_rows, common_verdict
from bench.report.table.starts import starts_verdict
from bench.results.comparable import facts_of, must_match
from bench.results.writer import Run
from bench.stats.least import LEAST_OF_MEDIAN

_TEMPLATES = Path(__file__).parent / "templates"
_CAVEATS = ("note", "warning")  # of what the environment says
_MOST_SMALL = 5  # wins that a line names
_MOST_ROWS = 2000  # of a section: a browser lays out a hundred thousand for minutes
_SAID = {
    CellState.EXTRAPOLATED: "its figure, marked ~, is from the line through smaller sizes",
    CellState.FAILED: "no figure, whatever other boots measured",
    CellState.SKIPPED: "no figure",
    CellState.MISSING: "no figure",
}


def page(runs: Sequence[Run], base: Run | None = None) -> str:
    """Write the page, an HTML file; ``base`` comes first, and the others are held to it.

    The same bytes for the same runs. UsageError for a run that is named twice.
    """
    shown = [run for run in (base, *runs) if run is not None]
    names = labels(shown)
    tables = [*map(CellTable, shown)]
    chapters = [
        Chapter(run, name, f"run-{number}", table, beside(run, shown, tables))
        for number, (run, name, table) in enumerate(zip(shown, names, tables, strict=True), 1)
    ]
    template = templates_of(_TEMPLATES).get_template("page.html")
    return template.render(
        title=_title(chapters),
        chapters=chapters,
        baselines=_across(chapters, ladder),
        bars=_bars(chapters),
        overview=_across(chapters, overview),
        functions=changed_by_function(shown, names),
        different=_different([chapter.facts for chapter in chapters], names),
        samples=_samples(chapters),
    )


@dataclass(frozen=True, eq=False)
class Chapter:
    """What the page says of one run, in the words of its templates."""

    run: Run
    name: str
    id: str
    table: CellTable
    others: Beside  # what the other runs tell of it

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """Return all that a comparison of runs looks at."""
        return facts_of(self.run.facts)

    @cached_property
    def rows(self) -> list[Figures]:
        return figures(self.run, self.table)

    @property
    def verdict(self) -> list[str]:
        said = [
            *methods_verdict(self.rows, self.table.unit),
            *common_verdict(common_rows(self.rows, self.others), self.others),
            *starts_verdict(self.run, self.table),
            *baseline_note(self.run, self.rows),
            *reference_sentences(self.table),
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
        return [*plots(self.run, self.table, self.rows, self.id, self.others)]

    @cached_property
    def bars(self) -> Bars:
        return bars({self.name: self.rows}, self.table.unit)

    @property
    def main(self) -> Section | None:
        """Return the section of the first screen."""
        return self._sections[0] if self._sections else None

    @property
    def sections(self) -> list[Section]:
        """List the other sections that have a table, but for that of `profiles`."""
        return self._sections[1:]

    @cached_property
    def _sections(self) -> list[Section]:
        found = [*contents(self.run, self.table, others=self.others), unmeasured(self.rows)]
        shown = [each for each in found if each.tables and each.title != FUNCTIONS_TITLE]
        return [*map(_bounded, shown)]

    @cached_property
    def profiles(self) -> ProfilePart | None:
        return profile_part(self.run)

    @property
    def caveats(self) -> list[str]:
        said = [value for name, value in self._environment if name in _CAVEATS]
        return [*_caveats(self.run, self.rows), *said]

    @property
    def environment(self) -> list[tuple[str, str]]:
        return [row for row in self._environment if row[0] not in (*_CAVEATS, "command")]

    @cached_property
    def _environment(self) -> list[tuple[str, str]]:
        return environment_rows(self.run)


def _bounded(section: Section) -> Section:
    """Cut a section down to what a browser can show; a line says what it lacks."""
    total = sum(len(table.rows) for table in section.tables)
    if total <= _MOST_ROWS:
        return section
    left, tables = _MOST_ROWS, []
    for table in section.tables:
        tables.append(replace(table, rows=table.rows[:left]))
        left -= len(tables[-1].rows)
        if not left:
            break
    line = f"the first {_MOST_ROWS:,} of {total:,} rows: bench report --format csv has all cells"
    return replace(section, tables=(*tables,), lines=(*section.lines, line))


def _caveats(run: Run, rows: Sequence[Figures]) -> list[str]:
    """Say what to keep in mind: damage, gaps, few reps; the worst first."""
    damaged = [f"damaged, what is shown is from the lines that are whole: {d}" for d in run.damage]
    return [*damaged, *_gaps(rows), *_few(run, rows)]


def _gaps(rows: Sequence[Figures]) -> list[str]:
    counts = {state: sum(row.state is state for row in rows) for state in _SAID}
    found = [
        f"{n} of {len(rows)} cells {state}: {_SAID[state]}" for state, n in counts.items() if n
    ]
    torn = sum(bool(row.reason) for row in rows if row.state is CellState.MEASURED)
    return found + ([f"{torn} measured cells were not measured in every boot"] if torn else [])


def _few(run: Run, rows: Sequence[Figures]) -> list[str]:
    measured = [row for row in rows if row.pause]
    found = []
    if any(row.pause and row.pause.interval is None for row in measured):
        found.append(
            f"fewer than {LEAST_OF_MEDIAN} reps, or boots, give no 95 % interval of a median: "
            "the range is shown"
        )
    if run.clock is Clock.WALL and measured and max(row.boots for row in measured) == 1:
        found.append("one boot: how much another boot of the same kernel differs is not known")
    if any(row.ratio_interval or (row.pause and row.pause.interval) for row in measured):
        found.append(f"95 % intervals are {intervals_cover(run)}")
    return found


def _small(pair: MethodPair, found: Sequence[Figures]) -> str:
    named = ", ".join(
        f"{format_ratio(gain(row))} at {place_of_cell(row.cell)}" for row in found[:_MOST_SMALL]
    )
    more = f", and {len(found) - _MOST_SMALL} more" if len(found) > _MOST_SMALL else ""
    cells = f"{len(found)} of {len(pair.rows)} cells"
    return f"{pair.method} gains next to nothing, or loses, in {cells}: {named}{more}"


def _title(chapters: Sequence[Chapter]) -> str:
    """Make a title: of one run what it asked, of several how many there are."""
    asked = [chapter.run.facts.asked for chapter in chapters]
    if len(chapters) > 1:
        scenarios = dict.fromkeys(each.name or "bench" for each in asked)
        return f"{len(chapters)} runs side by side: {', '.join(scenarios)}"
    return asked[0].question or asked[0].name or chapters[0].name


def _across(
    chapters: Sequence[Chapter],
    made: Callable[[Sequence[Run], Sequence[CellTable]], Iterable[Section]],
) -> list[Section]:
    """Make sections on several runs; none where one is a time and another a count."""
    if len({chapter.run.clock for chapter in chapters}) > 1:
        return []
    found = made([c.run for c in chapters], [c.table for c in chapters])
    return [section for section in found if section]


def _bars(chapters: Sequence[Chapter]) -> Bars:
    """Make the picture of several runs; none of one, or where one is a time and another a count."""
    clocks = {chapter.run.clock for chapter in chapters}
    if len(chapters) == 1 or len(clocks) > 1:
        return Bars()
    return bars({chapter.name: chapter.rows for chapter in chapters}, chapters[0].table.unit)


def _samples(chapters: Sequence[Chapter]) -> Mapping[str, Any]:
    text, left_out = embedded([c.run for c in chapters], [c.rows for c in chapters])
    files = [str(chapter.run.path / "samples.jsonl") for chapter in chapters]
    return {"json": Markup(text), "left_out": left_out, "files": files}


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
