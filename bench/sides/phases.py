# SPDX-License-Identifier: GPL-2.0-only
"""Say which phases the difference between two sides comes from."""

from dataclasses import dataclass

import numpy as np

from bench.model.method import Phase
from bench.sides.side import CellValues, Ticks


@dataclass(frozen=True)
class PhaseChange:
    """Medians of a phase over all reps or boots of either side, in the unit of the sides."""

    phase: Phase
    base: float
    new: float

    @property
    def difference(self) -> float:
        return self.new - self.base


@dataclass(frozen=True)
class Breakdown:
    """Median pauses of a cell, and the phases that differ, the largest difference first.

    Medians do not add up exactly, so shares of the whole need not make 100 %.
    """

    base: float
    new: float
    phases: tuple[PhaseChange, ...]
    of_boots: bool = False  # medians are over boots, of the median of each

    @property
    def difference(self) -> float:
        return self.new - self.base

    def share(self, change: PhaseChange) -> float | None:
        """Return the part of the whole difference that is of a phase; None where it is zero.

        Negative for a phase that changed the other way round.
        """
        return change.difference / self.difference if self.difference else None


def breakdown(base: CellValues, new: CellValues) -> Breakdown | None:
    """Break the difference of a cell down by phases, without those that are as they were.

    Medians are over all reps, or where a side is a baseline, which keeps a median of each boot,
    over the boots. None where a side has no phases: files of other programs, and old baselines.
    """
    whole = base.phases and new.phases
    parts = [each.phases if whole else each.phases_by_boot() for each in (base, new)]
    pauses = [each.values if whole else each.medians() for each in (base, new)]
    if not all(parts):
        return None
    changes = [
        PhaseChange(phase, _median(parts[0][phase]), _median(parts[1][phase]))
        for phase in parts[0]
        if phase in parts[1]
    ]
    changed = [change for change in changes if change.difference]
    ordered = sorted(changed, key=lambda change: -abs(change.difference))
    return Breakdown(_median(pauses[0]), _median(pauses[1]), tuple(ordered), not whole)


def _median(values: Ticks) -> float:
    return float(np.median(values))
