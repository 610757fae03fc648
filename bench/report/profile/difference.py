# SPDX-License-Identifier: GPL-2.0-only
"""Hold two profiles against one another: by function, and as one tree of both."""

from dataclasses import dataclass

import numpy as np

from bench.model.units import number_of
from bench.profile.profile import INSTRUCTIONS, Function, Profile, Spent
from bench.report.profile.names import a_page, short_label
from bench.report.profile.portion import Portion
from bench.report.profile.top import MOST
from bench.report.table.section import Column, Entry, Section, make_table

BASE, NEW = "base", "new"  # the kinds of a tree of both


@dataclass(frozen=True)
class ChangedFunction:
    """What a function spent itself on either side, and what changed for each 4K page."""

    function: Function
    base: int
    new: int
    a_page: float

    @property
    def change(self) -> int:
        return self.new - self.base


def changed_functions(base: Portion, new: Portion) -> list[ChangedFunction]:
    """List the functions that spent anything on either side, the greatest change first.

    Their changes add up to that of the whole.
    """
    sides = [_by_function(each) for each in (base, new)]
    found = [
        ChangedFunction(each, a, b, b / new.pages - a / base.pages)
        for each in sides[0].keys() | sides[1].keys()
        if (a := sides[0].get(each, 0)) | (b := sides[1].get(each, 0))
    ]
    return sorted(found, key=lambda row: (-abs(row.change), row.function))


def _by_function(taken: Portion) -> dict[Function, int]:
    own = taken.profile.by_function(taken.own).tolist()
    found: dict[Function, int] = {}
    for function, count in zip(taken.profile.functions, own, strict=True):
        found[function] = found.get(function, 0) + count
    return found


def difference_section(
    base: Portion, new: Portion, heads: tuple[str, str] = ("BASE", "NEW"), most: int = MOST
) -> Section:
    """Tabulate the functions that changed most; the last rows make it add up."""
    title = f"Functions of {new.place}: {heads[1]} against {heads[0]}"
    rows = changed_functions(base, new)
    shown, left = rows[:most], rows[most:]
    table = [_row(short_label(row.function), row.base, row.new, row.a_page) for row in shown]
    if left:
        sums = (sum(row.base for row in left), sum(row.new for row in left))
        table.append(
            _row(number_of(len(left), "more function"), *sums, sum(row.a_page for row in left))
        )
    table.append(_row("all", base.total, new.total, sum(row.a_page for row in rows)))
    columns = [
        Column("function", right=False, names=True),
        *map(Column, (*heads, "change", "a 4K page")),
    ]
    sides = [
        f"{head}: {each.profile.cell.label}" for head, each in zip(heads, (base, new), strict=True)
    ]
    notes = (f"{new.kind}, of each function itself", *sides)
    if not rows:
        return Section(title, notes, lines=(f"no {new.kind} in {new.place} on either side",))
    return Section(title, notes, (make_table(columns, table),))


def _row(name: str, base: int, new: int, page: float) -> tuple[Entry, ...]:
    return (
        Entry(name),
        Entry.quantity(base, INSTRUCTIONS),
        Entry.quantity(new, INSTRUCTIONS),
        Entry.figure(signed(new - base)),
        Entry.figure(f"{'+' if page > 0 else ''}{a_page(page)}"),
    )


def signed(change: int) -> str:
    """Spell a change of a count with its sign."""
    return f"{'+' if change > 0 else ''}{Entry.quantity(change, INSTRUCTIONS).text}"


def joined(base: Portion, new: Portion) -> tuple[Portion, Portion]:
    """Make one tree of both profiles; returns what each side spent in it.

    A call path that both have is one node. The tree is a profile of NEW's cell.
    """
    functions: dict[Function, int] = {}
    nodes: dict[tuple[int, int], int] = {}  # parent and function: node
    counts = [_placed(side, functions, nodes) for side in (base, new)]
    both = np.zeros((len(nodes), 2), dtype=np.int64)
    for kind, (at, own) in enumerate(counts):
        np.add.at(both[:, kind], at, own)
    span = new.place  # what both are of
    profile = Profile(
        cell=new.profile.cell,
        rep=new.profile.rep,
        kinds=(BASE, NEW),
        functions=tuple(functions),
        function_of=np.array([function for _, function in nodes], dtype=np.int64),
        parent_of=np.array([parent for parent, _ in nodes], dtype=np.int64),
        spans={span: Spent(0, np.arange(len(nodes)), both)},
    )
    return Portion(profile, (span,), BASE), Portion(profile, (span,), NEW)


def _placed(
    side: Portion, functions: dict[Function, int], nodes: dict[tuple[int, int], int]
) -> tuple[list[int], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Add the nodes of a side to a tree; returns where each is there, and what it spent."""
    profile = side.profile
    at: list[int] = []
    numbers = [functions.setdefault(each, len(functions)) for each in profile.functions]
    pairs = zip(profile.parent_of.tolist(), profile.function_of.tolist(), strict=True)
    for parent, function in pairs:
        above = at[parent] if parent >= 0 else -1
        at.append(nodes.setdefault((above, numbers[function]), len(nodes)))
    return at, side.own
