# SPDX-License-Identifier: GPL-2.0-only
"""Hold one point of a history: what was measured of one kernel, by cell and boot."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from statistics import median
from sys import intern

from bench.errors import UsageError
from bench.model.cell import Cell, Clock
from bench.model.method import Phase
from bench.sides import Side

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SHOWN = 12  # digits of a commit

Medians = tuple[float, ...]  # of the reps of each boot, in the order of the boots


@dataclass(frozen=True, slots=True)
class PointValue:
    """What a point says of a cell: medians of the pause and of each phase, a number a boot."""

    boots: Medians
    phases: Mapping[Phase, Medians]

    @property
    def value(self) -> float:
        """Return the median of the boots: the boots are the sample, not the reps."""
        return median(self.boots)

    def phase(self, phase: Phase) -> float:
        """Return the median of a phase; 0 where it is not known."""
        found = self.phases.get(phase)
        return median(found) if found else 0.0


@dataclass(frozen=True, eq=False)
class HistoryPoint:
    """A measurement of a kernel, or several of one commit.

    ``name`` is what it is called where it has no commit. ``profiles`` are the run directories,
    or files of stores, that may have profiles.
    """

    name: str
    facts: Mapping[str, str]
    cells: Mapping[Cell, PointValue]
    date: datetime | None = None
    commit: str = ""
    profiles: tuple[Path, ...] = ()
    replicas: int = 1
    left_out: tuple[str, ...] = field(default=())  # cells whose values are no pauses

    @property
    def clock(self) -> Clock:
        return Clock(self.facts["clock"])

    @property
    def label(self) -> str:
        """Name it as tables do: by its commit, else by its name."""
        return self.commit[:_SHOWN] or self.name

    @property
    def day(self) -> str:
        """Return the day on which it was measured; empty where that is not known."""
        return f"{self.date:%Y-%m-%d}" if self.date else ""


def values_of(side: Side) -> tuple[dict[Cell, PointValue], tuple[str, ...]]:
    """Reduce a side to the medians of its boots; beside them the cells that have no pauses.

    A pause that is zero has no logarithm, and is none.
    """
    found: dict[Cell, PointValue] = {}
    strange: list[str] = []
    for cell, values in side.cells.items():
        if not isinstance(cell, Cell):
            raise UsageError(f"{side.name}: '{cell}' is not a cell of bench")
        boots = [(values.boots == boot) for boot in dict.fromkeys(values.boots.tolist())]
        medians = tuple(median(values.values[at].tolist()) for at in boots)
        if min(medians) <= 0:
            strange.append(f"{side.name}: a cell has a pause of 0, and is left out")
            continue
        phases = {
            phase: tuple(median(ticks[at].tolist()) for at in boots)
            for phase, ticks in values.phases.items()
        }
        found[_shared(cell)] = PointValue(
            medians, {p: ticks for p, ticks in phases.items() if any(ticks)}
        )
    return found, tuple(strange)


@lru_cache(maxsize=4096)
def _shared(cell: Cell) -> Cell:
    """Return one object for equal cells: many points have the same ones."""
    return cell


def facts_kept(facts: Mapping[str, str]) -> dict[str, str]:
    """Keep a text that many points share once: of 10,000 points facts are most of the memory."""
    return {intern(name): intern(text) for name, text in facts.items()}


def parse_date(text: str) -> datetime:
    """Read a date in ISO 8601, in UTC where it does not say; ValueError for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is no date: write ISO 8601, as in 2026-11-26T18:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def parse_commit(text: str) -> str:
    """Check the id of a commit, 7 to 64 hexadecimal digits; ValueError for anything else."""
    lower = text.lower()
    if not _COMMIT.fullmatch(lower):
        raise ValueError(f"'{text}' is no id of a commit: 7 to 64 hexadecimal digits")
    return lower
