# SPDX-License-Identifier: GPL-2.0-only
"""Baselines of several kernels in a letter: what each costs, and what is saved of it."""

from collections.abc import Iterator, Sequence

from bench.model.units import format_ratio
from bench.report.letter.ascii import wrapped
from bench.report.letter.factors import METHOD, LetterTable, Names, alias_note, cell_order
from bench.report.letter.numbers import scale_of
from bench.report.letter.plain import laid_out
from bench.report.table.cells import CellTable
from bench.report.table.ladder import MORE, Rung, ladder_verdict, rungs_of
from bench.report.table.section import Column
from bench.results.writer import Run


def ladder_paragraphs(runs: Sequence[Run], tables: Sequence[CellTable]) -> Iterator[list[str]]:
    """Write what is left with the best baseline, then a table of each that there is.

    Nothing for runs of fewer than two kernels.
    """
    found = rungs_of(runs, tables)
    names = Names([rung.cell for rung in found])
    for line in ladder_verdict(runs, tables) if found else ():
        yield wrapped(f"{line[:1].upper()}{line[1:]}.")
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
    said, lines = laid_out(cells, figures, (METHOD,))
    return LetterTable(said, lines, [*alias_note(cells), *note])


def _kernels(names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Shorten names of kernels that are one and more series on top of it; and say what that is."""
    first = names[0]
    whole = {name: name.replace(MORE, first, 1) for name in names}
    base = min(whole.values(), key=len)
    last = base.rpartition("+")[2]
    if not all(name.startswith(base) for name in whole.values()):
        return whole, []
    note = f"{last}: {base}; the others have more series on top of it"
    return {name: full.removeprefix(base) or last for name, full in whole.items()}, [note]
