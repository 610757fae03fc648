# SPDX-License-Identifier: GPL-2.0-only
"""Read what the plugin wrote, and find the phases of reps in it by their lengths.

The plugin marks where a program of the guest reads the clock, and the helper reads it at every
border of a phase. A rep's phases are therefore found as a row of marks whose distances, in
instructions, are the ticks that the helper measured.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from bench.errors import CellFailed
from bench.model.cell import Cell, Rep
from bench.model.method import Experiment, Phase
from bench.profile.profile import AFTER_PAUSE, SETTLE, Function, Ints, Profile, Spent

# How far a distance between marks may be from the ticks of a span: what the guest's kernel
# rounds when it converts its counter to nanoseconds, and where in a block the clock is read.
_SHARE = 2e-5
_ATLEAST = 16  # instructions

Executions = Counter[tuple[int, int]]  # (block, instructions of it that ran): how often


@dataclass
class Recording:
    """What the plugin wrote: the tree of calls, and what was spent before each mark.

    Nodes are numbered as the plugin does, with the root as 0. ``pages`` has the address of each
    function that is in no table. ``blocks`` has the addresses of a block's instructions.
    """

    parents: list[int] = field(default_factory=lambda: [-1])
    functions: list[int] = field(default_factory=lambda: [-1])
    pages: dict[int, int] = field(default_factory=dict)
    spent: list[dict[int, list[int]]] = field(default_factory=list)  # node: counts, of each mark
    blocks: list[list[int]] = field(default_factory=list)
    ran: list[Executions] = field(default_factory=list)  # of each mark

    def at(self) -> list[int]:
        """Return the instructions that had been counted at each mark."""
        total, totals = 0, []
        for nodes in self.spent:
            total += sum(counts[0] for counts in nodes.values())
            totals.append(total)
        return totals


def read_recording(lines: Iterable[str]) -> Recording:
    """Read lines of the plugin; what it wrote behind the last mark is not whole and left out."""
    made = Recording()
    nodes: dict[int, list[int]] = {}
    ran: Executions = Counter()
    for line in lines:
        if not line.endswith("\n"):  # QEMU was ended while it wrote
            break
        kind, *words = line.split()
        if kind == "s":
            nodes[int(words[0])] = [*map(int, words[1:])]
        elif kind == "n":
            made.parents.append(int(words[1]))
            made.functions.append(int(words[2]))
        elif kind == "x":
            ran[int(words[0]), int(words[1])] += int(words[2])
        elif kind == "b":
            made.blocks.append([int(word, 16) for word in words[1:]])
        elif kind == "f":
            made.pages[int(words[0])] = int(words[1], 16)
        elif kind == "m":
            made.spent.append(nodes)
            made.ran.append(ran)
            nodes, ran = {}, Counter()
    return made


@dataclass(frozen=True)
class Found:
    """A span of a rep: the marks at its borders, and those of what is left out of it."""

    ticks: int
    begin: int
    end: int
    without: tuple[int, int] = (0, 0)

    def intervals(self) -> Iterator[int]:
        """Name the marks whose intervals, each up to its mark, make up the span."""
        left_out = range(self.without[0] + 1, self.without[1] + 1)
        return (mark for mark in range(self.begin + 1, self.end + 1) if mark not in left_out)


class Marks:
    """Finds spans by their lengths, from a mark on."""

    def __init__(self, at: Sequence[int]) -> None:
        self._at = at

    def chain(self, ticks: Sequence[int], first: int, last: int | None = None) -> list[int] | None:
        """Find marks that lie one after the other at these distances; None where none do.

        The first mark is ``first`` or a later one, none is behind ``last``. Of several rows
        that fit the one that fits best is taken, and the earliest of equals.
        """
        stop = len(self._at) - 1 if last is None else last
        best: tuple[int, list[int]] | None = None
        for begin in range(first, stop + 1):
            row = self._row(ticks, begin, stop)
            if row and (best is None or row[0] < best[0]):
                best = row
        return best[1] if best else None

    def neighbours(self, ticks: int, first: int, last: int | None = None) -> list[int] | None:
        """Find two marks, with none between them, at this distance: the nearest, and first."""
        stop = len(self._at) if last is None else last + 1
        wrong = [abs(two - one - ticks) for one, two in pairwise(self._at[first:stop])]
        best = min(range(len(wrong)), key=wrong.__getitem__, default=None)
        if best is None or wrong[best] > _ATLEAST + _SHARE * ticks:
            return None
        return [first + best, first + best + 1]

    def _row(self, ticks: Sequence[int], begin: int, stop: int) -> tuple[int, list[int]] | None:
        """Return how far the borders are off together, and the marks."""
        marks, off = [begin], 0
        for length in ticks:
            want = self._at[marks[-1]] + length  # from mark to mark: rounding does not add up
            mark = self._nearest(want, marks[-1], stop)
            wrong = abs(self._at[mark] - want)
            if wrong > _ATLEAST + _SHARE * length:
                return None
            marks.append(mark)
            off += wrong
        return off, marks

    def _nearest(self, want: int, first: int, stop: int) -> int:
        mark = bisect_left(self._at, want, first, stop + 1)
        near = [each for each in (mark - 1, mark) if first <= each <= stop]
        return min(near or [stop], key=lambda each: abs(self._at[each] - want))


def find_reps(marks: Marks, reps: Sequence[Rep]) -> list[dict[str, Found]]:
    """Find the spans of reps that follow one another; CellFailed where one is not there."""
    found, first = [], 0
    for rep in reps:
        found.append(_find_phases(marks, rep, first))
        first = max(each.end for each in found[-1].values())
    begins = [min(each.begin for each in spans.values()) for spans in found]
    for rep, spans, until in zip(reps, found, [*begins[1:], None], strict=True):
        if rep.after_pause:
            behind = max(each.end for each in spans.values())
            spans |= _pair(marks, AFTER_PAUSE, rep.after_pause, behind, until)
    return found


def _find_phases(marks: Marks, rep: Rep, first: int) -> dict[str, Found]:
    """Find the phases of a rep, and what its pause leaves out, from a mark on.

    The phases of pinning are apart: what lies between them is no part of either.
    """
    if rep.method.experiment is Experiment.PIN:
        return _find_apart(marks, rep, first)
    lengths = [ticks + _left_out(rep, phase) for phase, ticks in rep.phases.items()]
    row = marks.chain(lengths, first)
    if row is None:
        raise CellFailed("its phases are not to be found in the profile")
    found: dict[str, Found] = {}
    for (phase, ticks), begin, end in zip(rep.phases.items(), row, row[1:], strict=False):
        gap = _pair(marks, SETTLE, rep.settle, begin, end) if _left_out(rep, phase) else {}
        without = (gap[SETTLE].begin, gap[SETTLE].end) if gap else (0, 0)
        found |= {phase.value: Found(ticks, begin, end, without), **gap}
    return found


def _left_out(rep: Rep, phase: Phase) -> int:
    return rep.settle if phase is Phase.EXEC else 0


def _pair(marks: Marks, name: str, ticks: int, first: int, last: int | None) -> dict[str, Found]:
    """Find a span of which only the length is known, between two marks; none where it is not."""
    pair = marks.neighbours(ticks, first, last) or marks.chain([ticks], first, last)
    return {name: Found(ticks, pair[0], pair[1])} if pair else {}


def _find_apart(marks: Marks, rep: Rep, first: int) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for phase, ticks in rep.phases.items():
        pair = _pair(marks, phase.value, ticks, first, None)
        if not pair:
            raise CellFailed(f"its phase {phase} is not to be found in the profile")
        found |= pair
        first = pair[phase.value].end
    return found


def profile_of(
    recording: Recording,
    found: Mapping[str, Found],
    functions: Sequence[Function],
    cell: Cell,
    rep: int,
    kinds: Sequence[str],
) -> Profile:
    """Sum up the spans of a rep. The tree keeps what any of them has spent something in."""
    sums = {name: _summed(recording, each) for name, each in found.items()}
    used = _with_parents(recording, {node for nodes in sums.values() for node in nodes})
    place = {node: number for number, node in enumerate(used)}
    names = _names(recording, functions, used)
    numbers = {function: number for number, function in enumerate(dict.fromkeys(names))}
    return Profile(
        cell=cell,
        rep=rep,
        kinds=tuple(kinds),
        functions=tuple(numbers),
        function_of=_ints([numbers[name] for name in names]),
        parent_of=_ints([place.get(recording.parents[node], -1) for node in used]),
        spans={
            name: _spent(found[name].ticks, sums[name], place, len(kinds))
            for name in _in_order(sums)
        },
    )


def _in_order(sums: Mapping[str, object]) -> list[str]:
    """Put what is beside the pause behind its phases."""
    return sorted(sums, key=[*Phase, SETTLE, AFTER_PAUSE].index)


def _summed(recording: Recording, found: Found) -> dict[int, Ints]:
    total: dict[int, Ints] = {}
    for mark in found.intervals():
        for node, counts in recording.spent[mark].items():
            if any(counts):
                total[node] = total[node] + counts if node in total else _ints(counts)
    return total


def _with_parents(recording: Recording, nodes: Iterable[int]) -> list[int]:
    """Add the nodes above these, but not the root; parents stand before their children."""
    used: set[int] = set()
    for node in nodes:
        while node > 0 and node not in used:
            used.add(node)
            node = recording.parents[node]
    return sorted(used)


def _names(
    recording: Recording, functions: Sequence[Function], used: Sequence[int]
) -> list[Function]:
    def name(number: int) -> Function:
        if number < len(functions):
            return functions[number]
        address = recording.pages[number]
        return Function(f"{address:#x}", "kernel" if address >> 63 else "user")

    return [name(recording.functions[node]) for node in used]


def _spent(ticks: int, nodes: Mapping[int, Ints], place: Mapping[int, int], kinds: int) -> Spent:
    counts = np.array([*nodes.values()], dtype=np.int64).reshape(len(nodes), kinds)
    return Spent(ticks, _ints([place[node] for node in nodes]), counts)


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)
