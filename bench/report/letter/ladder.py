# SPDX-License-Identifier: GPL-2.0-only
"""Baselines of several kernels in a letter: what each costs, and what is saved of it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from bench.model.cell import Clock
from bench.model.units import format_ratio
from bench.report.letter.ascii import wrapped
from bench.report.letter.factors import METHOD, LetterTable, Names, alias_note, cell_order
from bench.report.letter.numbers import scale_of
from bench.report.letter.plain import laid_out
from bench.report.table.cells import CellTable
from bench.report.table.ladder import MORE, Rung, ladder_verdict, rungs_of
from bench.report.table.section import Column
from bench.report.table.shared import IF_TOUCHED
from bench.results.writer import Run

_COUNT = {
    Clock.WALL: "",
    Clock.ICOUNT: ". Instructions are counted as the guest executes them: no figure is a time",
}
# What kernel-config/README.md says at length.
_SERIES = {
    "range-unpin": "vhost-vdpa unpins by range, and not page by page",
    "folio-pin": "and finds where contiguous memory ends without the number of each page",
    "file-pin": "and pins memory of files by folios, without filling page tables",
}


def ladder_paragraphs(runs: Sequence[Run], tables: Sequence[CellTable]) -> Iterator[list[str]]:
    """Write what is left with the best baseline, then a table of each that there is.

    Nothing for runs of fewer than two kernels.
    """
    found = rungs_of(runs, tables)
    names = Names([rung.cell for rung in found])
    for line in ladder_verdict(found, runs, tables) if found else ():
        yield wrapped(f"{line[:1].upper()}{line[1:]}{_COUNT[runs[0].clock]}.")
    for method in dict.fromkeys(rung.cell.method for rung in found):
        rungs = [rung for rung in found if rung.cell.method is method]
        said, lines, notes = _table(rungs, names, tables[0].unit)
        title = f"Pause of {method} under each kernel, and what is saved of it"
        yield wrapped(f"{title}{f'; {said}' if said else ''}:", rest="  ")
        yield lines
        yield [line for note in notes for line in wrapped(note, rest="  ")]


def _table(rungs: Sequence[Rung], names: Names, unit: str) -> LetterTable:
    rungs = sorted(rungs, key=lambda rung: cell_order(rung.cell))  # kernels keep their order
    cells = [names.shown(rung.cell) for rung in rungs]
    scale = scale_of([rung.base.median for rung in rungs], unit)
    decimals = scale.decimals(rung.base.median for rung in rungs)
    shown, note = _kernels([*dict.fromkeys(rung.kernel for rung in rungs)])
    figures = [
        (Column("kernel", right=False, names=True), [shown[rung.kernel] for rung in rungs]),
        (
            Column("pause", unit=f"({scale.unit})"),
            [scale.shown(rung.base.median, decimals) for rung in rungs],
        ),
        (
            Column("saved", unit=f"({scale.unit})"),
            [scale.shown(rung.saved, decimals) for rung in rungs],
        ),
        (Column("ratio"), [format_ratio(rung.ratio) for rung in rungs]),
    ]
    if any(rung.touched for rung in rungs):
        ratios = [format_ratio(rung.touched) if rung.touched else "-" for rung in rungs]
        figures.append((Column(IF_TOUCHED), ratios))
    said, lines = laid_out(cells, figures, (METHOD,))
    touched = f"{IF_TOUCHED}: the ratio with the first touch of all memory behind both pauses"
    notes = [touched] * any(rung.touched for rung in rungs)
    return LetterTable(said, lines, [*alias_note(cells), *notes, *note, *_series(shown.values())])


def _series(kernels: Iterable[str]) -> list[str]:
    """Say what the series of this project do to a baseline, where kernels are named by them."""
    named = {name for kernel in kernels for name in kernel.split("+")}
    known = [f"{name}: {words}" for name, words in _SERIES.items() if name in named]
    return [*known, "None of these series has been posted."] if known else []


def _kernels(names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Name kernels by the series that each adds, if each has all of the one before; say so then."""
    whole = {name: name.replace(MORE, names[0], 1) for name in names}
    steps = sorted(whole.values(), key=len)
    if not all(after.startswith(f"{before}+") for before, after in pairwise(steps)):
        return whole, []
    last = {step: step.rpartition("+")[2] for step in steps}
    short = {name: "+" * (full != steps[0]) + last[full] for name, full in whole.items()}
    return short, [f"{last[steps[0]]}: {steps[0]}; +: one series more than the kernel before"]
