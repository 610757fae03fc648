# SPDX-License-Identifier: GPL-2.0-only
"""Find boots that are one and the same: a copy is no replica."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from bench.errors import CannotJudge
from bench.sides.names import key_name
from bench.sides.side import CellValues, Key, Side

# A timed value of d significant digits comes back by chance about once in 10 ** (d - 3) times
# where noise is 0.1 %: the last d - 3 digits say something. That many have to agree in all.
_NOT_TELLING = 3
_MOST_DIGITS = 9  # of a float: a quotient has more, which say nothing
_AGREEING = 8

COPIES_HINT = (
    "leave copies out; --boots or another --seed make boots; --force takes them as one boot"
)
_SAME = "BASE and NEW are one and the same measurement: nothing can differ"

# Numbers of boots that are one; the first of them stays.
Group: TypeAlias = list[int]


def without_copies(side: Side, force: bool, names: Mapping[int, str] | None = None) -> Side:
    """Return the side with one boot of those that are copies, which only ``force`` allows.

    Boots of one identity are copies where they have a cell in common; of times also boots with the
    very same values. Counts of two boots may agree. CannotJudge names two of them, by ``names``.
    """
    for cells, boots in _groups(side):
        first, second, *more = ((names or {}).get(boot) or f"boot {boot}" for boot in boots)
        others = f" and {len(more)} more" if more else ""
        of = "" if names else f" of {side.name}"
        where = f" in {key_name(cells[0])}" if isinstance(cells[0], str) else ""
        what = f"{first} and {second}{others}{of} are copies of one boot{where}"
        if not force:
            raise CannotJudge(what, COPIES_HINT)
        side = _without(side, cells, boots[1:], f"{what}: taken as one")
    return side


def without_boots(values: CellValues, boots: Group) -> CellValues:
    """Return the values of all other boots, which may be none."""
    return _taken(values, boots, others=True) if boots else values


def same_run(base: Side, new: Side) -> str:
    """Return a line that warns of two sides which have boots in common; "" for none.

    Where identities are not known, it is files of one name, or times that are all the same.
    """
    one, other = _marks(base), _marks(new)
    if (one and one == other) or (not (one and other) and _all_equal(base, new)):
        return _SAME
    common = len(one & other)
    if not common:
        return ""
    boots = "1 boot is" if common == 1 else f"{common} boots are"
    return f"{boots} in BASE and in NEW: there nothing can differ"


def _marks(side: Side) -> set[tuple[str, str]]:
    """Return what tells the boots of a side from all others; none unless it is known of each."""
    found = {
        (side.identities.get(boot, ""), side.began.get(boot, "")) for boot in _boots_of(side.cells)
    }
    return found if all(all(mark) for mark in found) else set()


def _all_equal(base: Side, new: Side) -> bool:
    if base.cells.keys() != new.cells.keys():
        return False
    pairs = [(values, new.cells[key]) for key, values in base.cells.items()]
    if not all(np.array_equal(one.values, other.values) for one, other in pairs):
        return False
    places = [{str(run.resolve()) for run in side.runs} or {side.name} for side in (base, new)]
    if places[0] == places[1]:
        return True
    return _timed(base) and _telling(one for one, _ in pairs) >= _AGREEING


def _boots_of(cells: Mapping[Key, CellValues]) -> list[int]:
    return sorted({int(boot) for each in cells.values() for boot in np.unique(each.boots)})


def _timed(side: Side) -> bool:
    return side.unit in ("ns", "second")


def _groups(side: Side) -> list[tuple[list[Key], Group]]:
    """List boots that are copies, and the cells that they are copies in."""
    if side.boots < 2:
        return []
    found = [*_of_one_identity(side)]
    if _timed(side):
        ours: dict[Key, CellValues] = {
            key: each for key, each in side.cells.items() if not isinstance(key, str)
        }
        found += _of_one_value(ours)
        for key, each in side.cells.items():  # another program's boots are of one benchmark
            if isinstance(key, str):
                found += _of_one_value({key: each})
    return found


def _of_one_identity(side: Side) -> Iterable[tuple[list[Key], Group]]:
    by_identity: dict[str, Group] = defaultdict(list)
    for boot, identity in sorted(side.identities.items()):
        by_identity[identity].append(boot)
    for boots in by_identity.values():
        shared = [
            key for key, each in side.cells.items() if len({*boots} & {*each.boots.tolist()}) > 1
        ]
        if len(boots) > 1 and shared:
            yield shared, boots


def _of_one_value(cells: Mapping[Key, CellValues]) -> Iterable[tuple[list[Key], Group]]:
    """Yield boots whose values are the very same in all cells that any of them has."""
    content: dict[int, list[tuple[Key, bytes]]] = defaultdict(list)
    for key, each in cells.items():
        for boot, values in each.by_boot().items():
            content[boot].append((key, values.tobytes()))
    groups: dict[tuple[tuple[Key, bytes], ...], Group] = defaultdict(list)
    for boot in sorted(content):
        groups[tuple(content[boot])].append(boot)
    for whole, boots in groups.items():
        keys = [key for key, _ in whole]
        if len(boots) > 1 and _evidence(cells, keys, boots) >= _AGREEING:
            yield keys, boots


def _evidence(cells: Mapping[Key, CellValues], keys: Iterable[Key], boots: Group) -> int:
    """Count the digits that say that boots of the same values are copies."""
    parts = (_taken(cells[key], boots[:1]) for key in keys)
    return (len(boots) - 1) * _telling(parts)


def _telling(parts: Iterable[CellValues]) -> int:
    """Count the digits of values that would not agree by chance.

    Values that are all the same within a boot are of a clock that hardly tells them apart.
    """
    total = 0
    for part in parts:
        for values in part.by_boot().values():
            distinct = {*values.tolist()}
            if len(distinct) > 1 or len(values) == 1:
                total += sum(max(0, _digits(value) - _NOT_TELLING) for value in distinct)
    return total


def _digits(value: float | int) -> int:
    """Count the significant digits of a value."""
    text = f"{value:.17g}" if isinstance(value, float) else str(value)
    digits = text.partition("e")[0].replace(".", "").strip("-0")
    return min(len(digits), _MOST_DIGITS) if isinstance(value, float) else len(digits)


def _taken(values: CellValues, boots: Group, others: bool = False) -> CellValues:
    """Return the values of some boots, or of all others."""
    kept = np.isin(values.boots, boots, invert=others)
    numbers = np.unique(values.boots)
    of_boots = np.isin(numbers, boots, invert=others)
    return CellValues(
        values.boots[kept],
        values.values[kept],
        {phase: ticks[kept] for phase, ticks in values.phases.items()},
        None if values.extents is None else values.extents[kept],
        None if values.sessions is None else values.sessions[kept],
        {phase: medians[of_boots] for phase, medians in values.boot_phases.items()},
    )


def _without(side: Side, cells: Iterable[Key], boots: Group, damage: str) -> Side:
    """Return a side without some boots of some cells, each of which has others."""
    left = {key: without_boots(side.cells[key], boots) for key in cells}
    kept = {key: each for key, each in left.items() if len(each.values)}
    return replace(side, cells={**side.cells, **kept}, damage=(*side.damage, damage))
