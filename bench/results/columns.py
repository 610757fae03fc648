# SPDX-License-Identifier: GPL-2.0-only
"""Hold the stored lines of a cell as columns: arrays with a number for each line."""

from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from struct import Struct
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.model.cell import Cell, Clock, Sample
from bench.model.cell_state import CellState, state_of
from bench.model.method import Phase
from bench.results.row import Row, ticks_of

Column = NDArray[np.int64]
_Name = TypeVar("_Name", bound=str)
ABSENT = -1  # in a column: the line has no such number


@dataclass(frozen=True, eq=False)
class CellColumns:
    """All lines of a cell, warm-ups and failures too; each column is as long as `len` says.

    ``line`` is the place among the whole lines of the run, from 0; lines stand in that order.
    ``pause``, ``phases``, ``settle`` (left out of the pause) and ``after_pause`` (behind it) are in
    the unit of the run's clock, ``pinned`` and ``window`` in bytes, ``extents`` are physically
    contiguous pieces of memory (0: only root can tell). ``phases`` has those of the cell's
    experiment, in their order. ``rep``, ``pause``, phases and counters are ABSENT in lines that
    have none. ``statuses`` are those of lines that are no samples, by their place in the columns.
    """

    line: Column
    rep: Column
    boot: Column
    pause: Column
    pinned: Column
    extents: Column
    window: Column
    settle: Column
    after_pause: Column
    phases: Mapping[Phase, Column]
    counters: Mapping[str, Column]
    statuses: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.line)

    @cached_property
    def ok(self) -> NDArray[np.bool_]:
        """True for lines that are samples."""
        found = np.ones(len(self), np.bool_)
        found[[*self.statuses]] = False
        return found

    @property
    def state(self) -> tuple[CellState, str]:
        """Whether the cell was measured, and why not: see `state_of`."""
        return state_of([*self.statuses.values(), *(["ok"] if self.ok.any() else [])])

    @cached_property
    def measured(self) -> "CellColumns":
        """The samples that count: none of a cell that failed in any boot."""
        if not self.statuses:
            return self
        failed = self.state[0] is CellState.FAILED
        return self.take(np.flatnonzero(self.ok & (not failed)))

    def by_boot(self) -> dict[int, "CellColumns"]:
        """Return the reps of each boot, warm-ups too, by ascending boot."""
        reps = self.rep != ABSENT
        return {
            int(boot): self.take(np.flatnonzero(reps & (self.boot == boot)))
            for boot in np.unique(self.boot[reps])
        }

    def take(self, places: Column) -> "CellColumns":
        """Return the lines at these places, in that order."""
        kept = {int(place): number for number, place in enumerate(places) if self.statuses}
        return replace(
            self,
            **{name: getattr(self, name)[places] for name in PLAIN},
            phases={phase: ticks[places] for phase, ticks in self.phases.items()},
            counters={name: counts[places] for name, counts in self.counters.items()},
            statuses={kept[old]: text for old, text in self.statuses.items() if old in kept},
        )

    def samples(self, cell: Cell, clock: Clock) -> list[Sample]:
        """Return the lines one by one."""
        rows = zip(*(getattr(self, name).tolist() for name in PLAIN), strict=True)
        return [
            Sample(
                cell=cell,
                clock=clock,
                boot=boot,
                status=self.statuses.get(place, "ok"),
                rep=None if rep == ABSENT else rep,
                pause=None if pause == ABSENT else pause,
                phases=_present(self.phases, place),
                pinned=pinned,
                extents=extents,
                window=window,
                settle=settle,
                after_pause=after,
                counters=_present(self.counters, place),
            )
            for place, (_, rep, boot, pause, pinned, extents, window, settle, after) in enumerate(
                rows
            )
        ]


# The columns that every cell has, in their order.
PLAIN = tuple(each.name for each in fields(CellColumns))[:-3]
_NOTHING = {name: np.zeros(0, np.int64) for name in PLAIN}
NO_LINES = CellColumns(**_NOTHING, phases={}, counters={}, statuses={})


def _present(columns: Mapping[_Name, Column], place: int) -> dict[_Name, int]:
    return {name: int(v[place]) for name, v in columns.items() if v[place] != ABSENT}


def samples_in_order(by_cell: Mapping[Cell, CellColumns], clock: Clock) -> list[Sample]:
    """Return the lines of some cells one by one, in the order in which they stand on the disk."""
    found = [
        pair
        for cell, columns in by_cell.items()
        for pair in zip(columns.line.tolist(), columns.samples(cell, clock), strict=True)
    ]
    return [sample for _, sample in sorted(found, key=lambda pair: pair[0])]


class CellLines:
    """Collect the lines of a cell as they are read."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._experiment = cell.method.experiment
        self._without = (ABSENT,) * len(self._experiment.phases)
        self._size = 0
        self._numbers = bytearray()  # of one line after another: an array grows more slowly
        self._pack = Struct(f"={len(PLAIN) + len(self._without)}q").pack
        self._counters: dict[str, array[int]] = {}
        self._statuses: dict[int, str] = {}
        self._reps: dict[int, set[int | None]] = defaultdict(set)  # of each boot

    def __len__(self) -> int:
        return self._size

    def add(self, line: int, row: Row) -> None:
        """Keep a line; ValueError as of `ticks_of`, or for a rep of a boot that is there."""
        ticks = ticks_of(row, self._experiment)
        reps = self._reps[row.boot]
        if row.rep in reps:
            raise ValueError(f"there is another one of its cell, boot {row.boot}, rep {row.rep}")
        reps.add(row.rep)
        rep = ABSENT if row.rep is None else row.rep
        pause = ABSENT if row.pause is None else row.pause
        sizes = (row.pinned, row.extents, row.window)
        plain = (line, rep, row.boot, pause, *sizes, row.settle, row.after_pause)
        self._numbers += self._pack(*plain, *(ticks or self._without))
        if row.status != "ok":
            self._statuses[self._size] = row.status
        for name, count in row.counters.items():
            self._column_of(name).append(count)
        self._size += 1

    def _column_of(self, name: str) -> "array[int]":
        """Return the column of a counter, filled up with ABSENT to the lines before."""
        column = self._counters.setdefault(name, array("q"))
        column.extend([ABSENT] * (self._size - len(column)))
        return column

    def columns(self) -> CellColumns:
        """Return the columns of the lines, one at least."""
        table = np.frombuffer(self._numbers, np.int64).reshape(self._size, -1).T.copy()
        ticks = table[len(PLAIN) :]
        return CellColumns(
            **dict(zip(PLAIN, table, strict=False)),
            phases=dict(zip(self._experiment.phases, ticks, strict=True)),
            counters={name: np.array(self._column_of(name)) for name in self._counters},
            statuses=self._statuses,
        )
