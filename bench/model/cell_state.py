# SPDX-License-Identifier: GPL-2.0-only
"""What became of a cell: measured, or why it has no figure."""

from collections.abc import Iterable
from enum import StrEnum


class CellState(StrEnum):
    """What became of a cell."""

    MEASURED = "measured"
    SKIPPED = "skipped"
    FAILED = "failed"
    EXTRAPOLATED = "extrapolated"  # skipped, but estimated from smaller sizes by a line
    MISSING = "missing"  # planned, but the run was interrupted or damaged


def state_of(statuses: Iterable[str]) -> tuple[CellState, str]:
    """Tell a cell's state, and the reason for it, from the statuses of its samples.

    A cell that failed in one boot has failed, whatever the others measured. The reason of a
    measured cell is what kept another boot from measuring it (``skipped: ...``), mostly empty.
    Statuses may begin with ``missing: `` too, as those of planned cells without samples do.
    """
    found = [*dict.fromkeys(statuses)]
    for state in (CellState.FAILED, CellState.SKIPPED, CellState.MISSING):
        said = next((each for each in found if each.startswith(state)), None)
        if said and (state is CellState.FAILED or "ok" not in found):
            return state, said.removeprefix(f"{state}: ")
    if "ok" not in found:
        return CellState.MISSING, "only its warm-up is there"
    return CellState.MEASURED, next((s for s in found if s.startswith(CellState.SKIPPED)), "")
