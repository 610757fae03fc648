# SPDX-License-Identifier: GPL-2.0-only
"""The letter as a whole: verdict, tables, costs, environment, how to repeat it."""

from collections.abc import Callable, Mapping, Sequence

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Clock
from bench.model.patch_series import PatchSeries
from bench.model.units import number_of
from bench.report.formats import LetterStyle
from bench.report.letter import compared, plain, words
from bench.report.letter.ascii import mailable, wrapped
from bench.report.letter.compared import Comparison
from bench.report.letter.environment import environment, labelled
from bench.report.letter.factors import LetterTable, Names
from bench.report.letter.functions import functions_paragraph, growth_paragraph
from bench.report.letter.gup_test import gup_pins_table, gup_table
from bench.report.letter.ladder import ladder_paragraphs
from bench.report.letter.lkp import lkp_table
from bench.report.letter.mmtests import mmtests_table
from bench.report.letter.patches import statistics
from bench.report.letter.perfdiff import perfdiff_table
from bench.report.letter.recipe import recipe
from bench.report.table.cells import CellTable
from bench.report.table.environment import intervals_cover, no_result
from bench.report.table.figures import Figures, figures
from bench.report.table.findings import baseline_note, reference_sentences
from bench.report.table.labels import labels
from bench.report.table.pins import pins_verdict
from bench.report.table.shared import (
    COMMON_TITLE,
    Beside,
    CommonRow,
    beside,
    common_rows,
    common_verdict,
    largest,
)
from bench.report.table.starts import starts_verdict
from bench.results.writer import Run
from bench.sides import Side, changes

# One boot cannot tell kernels from boots: by the wall clock, and where instructions are counted.
_ONE_BOOT = (
    "One boot cannot tell kernels from boots: there is no interval between kernels.",
    "One boot cannot tell kernels from boots: intervals hold the noise of reps only.",
)
_Style = Callable[[Comparison, str], LetterTable]
_TABLES: Mapping[LetterStyle, _Style] = {
    LetterStyle.PLAIN: plain.plain_table,
    LetterStyle.MMTESTS: mmtests_table,
    LetterStyle.LKP: lkp_table,
    LetterStyle.PERFDIFF: perfdiff_table,
    LetterStyle.GUP_TEST: gup_table,
}
# What no benchmark knows, and submitting-patches.rst asks for.
_COSTS = (
    "Costs (for the author to fill in: none of this was measured):",
    "",
    "  New UAPI     *** UAPI HERE: ioctls, messages, feature bits ***",
    "  Size         *** BYTES HERE: per structure, of text ***",
    "  Trust model  *** TRUST HERE: who may call it, what is not checked ***",
)


def cover_letter(
    runs: Sequence[Run],
    base: Sequence[Run] = (),
    style: LetterStyle = LetterStyle.PLAIN,
    series: PatchSeries | None = None,
) -> str:
    """Write the letter, without the end of its last line.

    Each run is a part of its own, in which methods are compared. With ``base`` all runs
    are boots of one kernel, compared with those of another. UsageError for runs of two
    clocks or named twice, CannotJudge where nothing was measured, or for unlike kernels.
    """
    _check(runs, base)
    table = _TABLES[style]
    if base:
        parts = [_kernels(runs, base, table)]
    else:
        names = labels(runs) if len(runs) > 1 else [""]
        cells = [*map(CellTable, runs)]
        parts = [
            [*ladder_paragraphs(runs, cells)],
            *(
                _methods(run, name, table, each, beside(run, runs, cells))
                for run, name, each in zip(runs, names, cells, strict=True)
            ),
        ]
    patches = [statistics(series)] if series else []
    paragraphs = [*(p for part in parts for p in part), [*_COSTS], *patches]
    paragraphs.append(recipe(runs, base, "" if style is LetterStyle.PLAIN else style.value))
    return mailable(line for part in paragraphs if part for line in (*part, ""))


def _check(runs: Sequence[Run], base: Sequence[Run]) -> None:
    clocks = {run.clock: run.path for run in (*runs, *base)}
    if len(clocks) > 1:
        said = ", ".join(f"{path} counts {clock.unit}" for clock, path in clocks.items())
        raise UsageError(f"a time is not compared with a count: {said}", "name runs of one clock")
    labels([*runs, *base])  # none is named twice
    for run in (*runs, *base):
        if not run.measured:
            raise CannotJudge(f"{run.path}: no cell was measured")


def _methods(
    run: Run, heading: str, table: _Style, cells: CellTable, others: Beside
) -> list[list[str]]:
    """Write the paragraphs of one run, in which methods are compared."""
    found = figures(run, cells)
    common = common_rows(found, others)
    names = Names([row.cell for row in found])
    comparisons = compared.within(cells, found, names)
    alone, unit = compared.alone(found), run.clock.unit
    paragraphs = [wrapped(f"Run {heading}:")] if heading else []
    paragraphs += [words.comparison_verdict(each, run.clock) for each in comparisons]
    held = (*common_verdict(common, others), *starts_verdict(run, cells))
    held += (*baseline_note(run, found), *reference_sentences(cells))
    paragraphs += [wrapped(f"{text}.") for text in held]
    if alone and not comparisons:
        figures_are = f"Figures are {words.UNIT[run.clock]}."
        paragraphs.append(wrapped(f"Nothing is compared: {_why(alone)}. {figures_are}"))
    if plain.pin_cells(cells):
        said = [f"{line[:1].upper()}{line[1:]}" for line in pins_verdict(cells).lines]
        said = said or ["Nothing was pinned: these are the costs beside pinning."]
        paragraphs.append([line for text in said for line in wrapped(text, rest="  ")])
    paragraphs.append(_warnings([run]))
    for each in comparisons:
        paragraphs += _shown(f"Median pause of {each.base} and {each.new}", table(each, unit))
        paragraphs.append(words.findings(each))
    paragraphs += _common(common, others, names, unit)
    if alone:
        title = "Median pause, held against nothing" if comparisons else "Median pause"
        paragraphs += _shown(title, plain.alone_table(alone, cells, names))
    if plain.pin_cells(cells):
        paragraphs += _shown("Pin and unpin, medians", _pins(table, cells, names, run.clock))
    paragraphs += [functions_paragraph(run, names), _intervals(run, found)]
    paragraphs += _rest(compared.holes(found, names), names)
    boots = len({boot for each in run.by_cell.values() for boot in each.boot[each.ok].tolist()})
    return [*paragraphs, ["Environment:", *environment(run, boots)]]


def _pins(table: _Style, cells: CellTable, names: Names, clock: Clock) -> LetterTable:
    """Lay out pin loops, of which one style has lines of its own."""
    if table is gup_table:
        return gup_pins_table(cells, names)
    return plain.pins_table(cells, names, clock)


def _intervals(run: Run, rows: Sequence[Figures]) -> list[str]:
    if not any(row.ratio_interval or (row.pause and row.pause.interval) for row in rows):
        return []
    return wrapped(f"95% CI: {intervals_cover(run)}.", rest="  ")


def _common(rows: Sequence[CommonRow], others: Beside, names: Names, unit: str) -> list[list[str]]:
    """Write what is saved, and its ratio by what both pauses share; nothing without a row."""
    shown = largest(rows)
    if not shown:
        return []
    title = COMMON_TITLE + ", at the largest memory" * (len(shown) < len(rows))
    return _shown(title, plain.common_table(shown, others, names, unit))


def _why(alone: Sequence[Figures]) -> str:
    """Say why nothing is compared: one method only, or none that is held against another."""
    methods = [*dict.fromkeys(row.cell.method.value for row in alone)]
    if len(methods) == 1:
        return f"only {methods[0]} has a figure"
    return f"{', '.join(methods)} were measured in no cell alike, or are not held together"


def _shown(title: str, made: LetterTable) -> list[list[str]]:
    said, lines, notes = made
    head = wrapped(f"{title}{f'; {said}' if said else ''}:", rest="  ")
    return [head, [*lines], [line for note in notes for line in wrapped(note, rest="  ")]]


def _warnings(runs: Sequence[Run]) -> list[str]:
    """Write what a reader must know before any table: damage, and figures that mean nothing."""
    lines = []
    for run in runs:
        if wrong := run.facts.asked.broken:
            lines += wrapped(f"NO RESULT: --break {wrong}: the sequence is wrong on purpose")
        lines += [line for said in no_result(run) for line in wrapped(said)]
        if run.damage:
            lines += wrapped("DAMAGED: what follows is made from the lines that are whole:")
        lines += [line for what in run.damage for line in wrapped(what, "  ", "    ")]
    return lines


def _rest(holes: Sequence[compared.Hole], names: Names) -> list[list[str]]:
    """List cells that have no figure, and what abbreviations stand for."""
    missing = words.without(holes)
    legend = [line for short, device in names.legend for line in labelled(short, device)]
    return [
        ["Not measured:", *missing] if missing else [],
        ["Devices:", *legend] if legend else [],
    ]


def _kernels(runs: Sequence[Run], base: Sequence[Run], table: _Style) -> list[list[str]]:
    """Write the paragraphs in which two kernels are compared, method by method."""
    old, new = compared.sides(runs, base)
    names = Names(compared.cells_of(old, new))
    comparisons = compared.between(old, new, names)
    clock = runs[0].clock
    paragraphs = [words.comparison_verdict(each, clock) for each in comparisons]
    paragraphs += [_labels(old, new), _warnings([*base, *runs])]
    for each in comparisons:
        title = f"Median {each.quantity} of {each.of} with base and new"
        paragraphs += _shown(title, table(each, clock.unit))
        paragraphs += [words.findings(each), words.origins(each, clock)]
        paragraphs.append(growth_paragraph(each.measured))
    paragraphs += _rest(compared.holes_between(comparisons), names)
    differs = [line for text in changes(old, new) for line in wrapped(text, "  ", "    ")]
    paragraphs.append(["What differs between the two:", *differs] if differs else [])
    return [*paragraphs, ["Environment of NEW:", *environment(runs[0], new.boots)]]


def _labels(base: Side, new: Side) -> list[str]:
    """Name both kernels, and warn that one boot of each cannot tell kernels apart."""
    lines = labelled("base", _kernel(base)) + labelled("new", _kernel(new))
    if min(base.boots, new.boots) < 2:
        lines += wrapped(_ONE_BOOT[base.unit == Clock.ICOUNT.unit])
    return lines


def _kernel(side: Side) -> str:
    build = side.facts.get("kernel build")
    name = side.facts.get("kernel", "not known") + (f" (build {build})" if build else "")
    return f"{name}, {number_of(side.boots, 'boot')}"
