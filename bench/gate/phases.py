# SPDX-License-Identifier: GPL-2.0-only
"""Tabulate where the difference between two sides comes from, phase by phase."""

from collections.abc import Collection

from bench.gate.compare import Sides
from bench.model.units import format_quantity
from bench.report.table.section import Column, Entry, Section, Table, figures_under, make_table
from bench.sides import Breakdown, breakdown, key_name

_NAMES = (Column("cell", right=False, names=True), Column("phase", right=False, names=True))
_COLUMNS = (*_NAMES, *figures_under("base", "new", "difference", "share"))
_NOTE = "medians by phase; share: of the difference of the whole pause"
_OF_BOOTS = f"{_NOTE}; of a baseline medians are over boots, of the median of each"
_NO_PHASES = "phases are not known: pyperf files and old baselines have none; run directories do"


def phases_section(sides: Sides, only: Collection[str] | None = None) -> Section:
    """Tabulate the phases of the cells of these names, or of all that both sides measured.

    Of each cell the phase that changed most stands first, and the whole pause last. Phases
    and cells in which nothing differs are left out.
    """
    both = {
        key_name(key): (values, sides.new.cells[key])
        for key, values in sides.base.cells.items()
        if key in sides.new.cells
    }
    wanted = sorted(both.keys() if only is None else both.keys() & {*only})
    found = {name: breakdown(*both[name]) for name in wanted}
    known = {name: each for name, each in found.items() if each}
    title = "Where the difference comes from"
    if wanted and not known:
        return Section(title, lines=(_NO_PHASES,))
    if not any(each.phases for each in known.values()):
        return Section(title, lines=("no phase of any cell differs",) if wanted else ())
    note = _OF_BOOTS if any(each.of_boots for each in known.values()) else _NOTE
    return Section(title, (note,), (_table(known, sides.base.unit),))


def _table(known: dict[str, Breakdown], unit: str) -> Table:
    rows = [row for name, each in known.items() if each.phases for row in _rows(name, each, unit)]
    return make_table(_COLUMNS, rows)


def _rows(name: str, cell: Breakdown, unit: str) -> list[tuple[Entry, ...]]:
    parts = [(each.phase.value, each.base, each.new, cell.share(each)) for each in cell.phases]
    whole = 1.0 if cell.difference else None
    return [
        (
            Entry(name),
            Entry(phase),
            Entry.quantity(base, unit),
            Entry.quantity(new, unit),
            Entry.figure(_signed(new - base, unit)),
            Entry.figure("" if share is None else f"{share:.1%}".replace("%", " %")),
        )
        for phase, base, new, share in (*parts, ("pause", cell.base, cell.new, whole))
    ]


def _signed(difference: float, unit: str) -> str:
    sign = "+" if difference > 0 else ""
    return f"{sign}{format_quantity(difference, unit)}"
