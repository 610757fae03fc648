# SPDX-License-Identifier: GPL-2.0-only
"""Tabulate the functions that a pause was spent in, of cells that were profiled."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bench.model.cell import Backing, Cell
from bench.model.units import KIB, format_quantity
from bench.profile.functions import (
    CellFunctions,
    PhaseFunctions,
    farthest_apart,
    functions_of,
    short,
)
from bench.profile.profile import Profile
from bench.report.table.cells import place_of
from bench.report.table.columns import factors
from bench.report.table.section import Column, Entry, Section, Table, make_table
from bench.results.writer import Run

TITLE = "Where every instruction went"
NAMED = 5  # functions of a phase
OTHERS = "others"
_WHOLE = 0.995  # percent, which two digits spell as 1.0
_NEXT_TO_NONE = 0.001  # instructions a page: what has no more does not grow with memory
A_PAGE = "per 4K page"
_NOTE = f"own: instructions of the function itself, not of what it calls; {A_PAGE}: of guest memory"
_LEFT = "of each kind of cell the largest memory; all: bench profile RUN"
_COLUMNS = (
    Column("", right=False, names=True),
    *map(Column, ("of the phase", "own", A_PAGE)),
)


@dataclass(frozen=True)
class TopFunction:
    """A function of a phase, or all that are not named: ``count`` of them."""

    name: str
    own: int
    count: int = 1

    @property
    def label(self) -> str:
        return short(self.name) if self.count == 1 else f"{self.name} ({self.count})"


@dataclass(frozen=True)
class TopPhase:
    """A phase with its largest functions; all of them, others included, add up to it."""

    name: str
    share: float  # of the pause
    spent: PhaseFunctions

    @cached_property
    def functions(self) -> list[TopFunction]:
        """List the largest functions, and what is left."""
        named = [TopFunction(label, own) for label, own in self.spent.top(NAMED)]
        left = len(self.spent.own) - len(named)
        rest = self.spent.counted - sum(each.own for each in named)
        return [*named, *[TopFunction(OTHERS, rest, left)] * bool(left)]


def top_phases(cell: CellFunctions) -> list[TopPhase]:
    """Break down the phases that make most of a pause."""
    return [
        TopPhase(name, phase.counted / cell.pause, phase)
        for name, phase in cell.that_matter().items()
    ]


def profiled(run: Run) -> list[Cell]:
    """List the cells that have a profile, in the order of tables."""
    return sorted(run.profiles, key=place_of)


def largest_profiled(run: Run) -> list[Cell]:
    """List of each kind of profiled cell and each method the one with the largest memory."""
    found: dict[Cell, Cell] = {}
    for cell in profiled(run):
        kind = replace(cell, mem=0, file=0, backing=Backing.AUTO)
        if kind not in found or cell.mem > found[kind].mem:
            found[kind] = cell
    return [*found.values()]


def one_a_method(run: Run) -> list[Cell]:
    """Choose of each device and method the profiled cell with the longest pause."""
    found: dict[tuple[str, str], tuple[int, Cell]] = {}
    for cell in largest_profiled(run):
        pause, kind = functions_of(run.profiles[cell]).pause, (cell.device, cell.method.value)
        if kind not in found or pause > found[kind][0]:
            found[kind] = pause, cell
    return [cell for _, cell in found.values()]


def functions_section(run: Run) -> Section:
    """Tabulate the largest functions of the largest cells; empty without a profile."""
    cells = largest_profiled(run)
    tables = tuple(cell_table(run.profiles[cell]) for cell in cells)
    notes = [adds_up(run.profiles.values()), _NOTE] if cells else []
    notes += [_LEFT] if len(cells) < len(run.profiles) else []
    return Section(TITLE, tuple(notes), tables, tuple(remarks(run)))


def remarks(run: Run) -> list[str]:
    """Write what the profiles say of themselves, and which ones cannot be read."""
    noted: dict[str, list[str]] = {}
    for cell in profiled(run):
        for note in run.profiles[cell].notes:
            noted.setdefault(note, []).append(cell.method.value)
    lines = [f"  {', '.join(dict.fromkeys(who))}: {note}" for note, who in noted.items()]
    return lines + [f"  damaged: {what}" for what in run.unread_profiles]


def adds_up(profiles: Iterable[Profile]) -> str:
    """Say how far the functions are from the clock, and what a profile is of."""
    apart = farthest_apart(profiles)
    by = "exactly"
    if apart.share:
        where = f"{apart.instructions} in {apart.phase} of {apart.method}"
        by = f"within {percent(apart.share)} ({where})"
    if apart.small:
        by += f", to those below 0.1 % of the pause within {apart.small} instructions"
    rep = "from one profiled rep beside the measured ones"
    return f"{rep}; functions add up to the clock's phases {by}"


def cell_table(profile: Profile) -> Table:
    """Tabulate the largest functions of a cell, phase by phase."""
    rows = _rows(profile.cell, functions_of(profile))
    return make_table(_COLUMNS, rows, " ".join(factors(profile.cell)))


def _rows(cell: Cell, functions: CellFunctions) -> Iterator[tuple[Entry, ...]]:
    for phase in top_phases(functions):
        head = f"{phase.name}: {percent(phase.share)} of the pause"
        yield _row(cell, phase, head, phase.spent.counted)
        for each in phase.functions:
            yield _row(cell, phase, f"  {each.label}", each.own)


def _row(cell: Cell, phase: TopPhase, name: str, own: int) -> tuple[Entry, ...]:
    share = percent(own / phase.spent.counted)
    figures = (share, format_quantity(own, "instructions"), a_page(own, cell))
    return (Entry(name), *map(Entry.figure, figures))


def functions_json(profile: Profile) -> dict[str, object]:
    """Make the object of a profiled cell: the figures of its table."""
    functions, apart = functions_of(profile), farthest_apart([profile])
    return {
        "rep": profile.rep,
        "notes": [*profile.notes],
        "pause": functions.pause,
        "off": {"share": apart.share, "small_phases": apart.small},
        "phases": {phase.name: _phase(profile.cell, phase) for phase in top_phases(functions)},
    }


def _phase(cell: Cell, phase: TopPhase) -> Mapping[str, object]:
    return {
        "share": phase.share,
        "instructions": phase.spent.counted,
        "clock": phase.spent.ticks,
        "functions": [
            {
                "name": each.name,
                "count": each.count,
                "own": each.own,
                "share": each.own / phase.spent.counted,
                "per_page": each.own / pages(cell),
            }
            for each in phase.functions
        ],
    }


def pages(cell: Cell) -> float:
    """Count the 4 KiB pages of guest memory."""
    return cell.mem / (4 * KIB)


def a_page(own: float, cell: Cell) -> str:
    """Spell instructions for each 4 KiB of guest memory, to three digits."""
    each = own / pages(cell)
    if own and abs(each) < _NEXT_TO_NONE:
        return f"<{_NEXT_TO_NONE}"
    return f"{each:.3g}" if abs(each) < 1000 else f"{each:.0f}"


def percent(share: float) -> str:
    """Spell a share with about three digits: ``43.5 %``, ``0.0004 %``."""
    of = 100 * share
    if not of or of >= _WHOLE:
        return f"{of:.1f} %" if of else "0 %"
    return f"{of:.{1 - math.floor(math.log10(of))}f} %"
