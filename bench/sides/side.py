# SPDX-License-Identifier: GPL-2.0-only
"""Hold one side of a comparison: values by cell and boot, and facts that fit on a line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.model.cell import Cell
from bench.model.method import Phase
from bench.profile.functions import CellFunctions, functions_of
from bench.profile.stored import profile_of
from bench.results.comparable import said, unlike_sides

# What is compared: a cell of ours, or a benchmark of somebody else's by its name.
Key: TypeAlias = Cell | str

Ticks: TypeAlias = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CellValues:
    """Values of one cell in the order in which they were measured, boot after boot.

    ``boots`` and ``values`` are as long as each other, at least 1. Values are in the unit
    of the side: integers for ours, floats for another program's. ``phases`` add up to the
    values, each as long; a file has none. ``extents`` (physically contiguous pieces of guest
    memory) and ``sessions`` (a number for each session of measuring, which may have several
    boots) are as long as the values too, or None where they are not known of each.
    ``boot_phases`` is what a baseline has instead of ``phases``: the median of each phase in
    each boot, by ascending boot, which add up to nothing.
    """

    boots: NDArray[np.int64]
    values: Ticks
    phases: Mapping[Phase, Ticks] = field(default_factory=dict)
    extents: NDArray[np.int64] | None = None
    sessions: NDArray[np.int64] | None = None
    boot_phases: Mapping[Phase, NDArray[np.float64]] = field(default_factory=dict)

    def phases_by_boot(self) -> Mapping[Phase, NDArray[np.float64]]:
        """Return the median of each phase in each boot, by ascending boot; none where unknown."""
        found = {phase: self._boot_medians(ticks) for phase, ticks in self.phases.items()}
        return found or self.boot_phases

    def medians(self) -> NDArray[np.float64]:
        """Return the median of the values of each boot, by ascending boot."""
        return self._boot_medians(self.values)

    def _boot_medians(self, ticks: Ticks) -> NDArray[np.float64]:
        numbers = np.unique(self.boots)
        return np.array([np.median(ticks[self.boots == number]) for number in numbers])

    def by_boot(self) -> dict[int, Ticks]:
        """Return the values of each boot, by its number."""
        numbers = np.unique(self.boots)
        return {int(number): self.values[self.boots == number] for number in numbers}

    def lists(self) -> dict[int, list[Any]]:
        """Return `by_boot` as plain numbers, for JSON."""
        return {boot: values.tolist() for boot, values in self.by_boot().items()}


def series(by_boot: Mapping[int, Sequence[Any]], dtype: type) -> CellValues:
    """Join the values of each boot of one session, at least one in all; boots by their numbers."""
    numbers = sorted(by_boot)
    counts = [len(by_boot[number]) for number in numbers]
    values = np.concatenate([np.asarray(by_boot[number], dtype=dtype) for number in numbers])
    boots = np.repeat(np.array(numbers, dtype=np.int64), counts)
    return CellValues(boots, values, sessions=np.ones_like(boots))


@dataclass(frozen=True)
class SessionNoise:
    """By how much whole sessions of one kernel differ in a cell.

    ``sd`` is the standard deviation of the logarithms of their medians: 0.01 is 1 %.
    """

    sd: float
    sessions: int  # that it was computed of


@dataclass(frozen=True, eq=False)
class Side:
    """``name`` is what the user called it, ``facts`` what has to be known to compare it.

    ``without`` says for each cell that has no value why: ``failed: ...``, ``skipped: ...``
    or ``missing: ...``. A cell that failed in one boot has none of the others' either.
    ``damage`` is not empty only when the reader was told to take what is left.
    ``runs`` are the directories that it was read from, ``profiles`` those that a file keeps.
    ``identities`` say by the number of a boot what makes it itself, ``began`` when and where its
    session began; a boot of which that is not known has none. ``noise`` is what a file keeps:
    bench.sides.session_noise computes it of others.
    """

    name: str
    facts: Mapping[str, str]
    cells: Mapping[Key, CellValues]
    without: Mapping[Key, str]
    damage: tuple[str, ...] = ()
    runs: tuple[Path, ...] = ()
    profiles: Mapping[Key, CellFunctions] = field(default_factory=dict)
    identities: Mapping[int, str] = field(default_factory=dict)
    began: Mapping[int, str] = field(default_factory=dict)
    noise: Mapping[Key, SessionNoise] = field(default_factory=dict)

    def functions(self, key: Key) -> CellFunctions | None:
        """Return the functions of a cell by its first profile; None where it has none.

        UsageError for a profile that is damaged.
        """
        if key in self.profiles or isinstance(key, str):
            return self.profiles.get(key)
        found = next(filter(None, (profile_of(run, key) for run in self.runs)), None)
        return functions_of(found) if found else None

    @property
    def unit(self) -> str:
        """Return ``ns`` or ``instructions``; else ``second``, ``byte`` or ``integer``."""
        return self.facts["unit"]

    @property
    def boots(self) -> int:
        """Count the boots: the sample size when two kernels are compared."""
        return len({int(boot) for each in self.cells.values() for boot in np.unique(each.boots)})


def differences(base: Side, new: Side) -> list[str]:
    """Return a line for each fact that forbids comparing the two.

    The kernel may differ, in version, patches and configuration: see `changes`.
    """
    return unlike_sides(base.facts, new.facts)


def changes(base: Side, new: Side) -> list[str]:
    """Return a line for each fact that differs and may: the kernel, and what explains a result."""
    return said(base.facts, new.facts)


def keys_of(base: Side, new: Side) -> list[Key]:
    """List what either side knows, with a value or without, each once."""
    return [*dict.fromkeys([*base.cells, *base.without, *new.cells, *new.without])]
