# SPDX-License-Identifier: GPL-2.0-only
"""Why a cell has no figure, as one function says it for every output."""

from itertools import permutations

import pytest

from bench.model.cell_state import CellState, state_of

_WARM_UP = "warmup: took over from the process that made the memory"


@pytest.mark.parametrize(
    ("statuses", "state", "reason"),
    [
        (["ok"], CellState.MEASURED, ""),
        (["ok", _WARM_UP], CellState.MEASURED, ""),
        ([_WARM_UP], CellState.MISSING, "only its warm-up is there"),
        ([], CellState.MISSING, "only its warm-up is there"),
        (["missing: was killed"], CellState.MISSING, "was killed"),
        (["skipped: no device", _WARM_UP], CellState.SKIPPED, "no device"),
        (["skipped: no device", "ok"], CellState.MEASURED, "skipped: no device"),
        (["failed: VmPin", "ok", "skipped: no device"], CellState.FAILED, "VmPin"),
    ],
)
def test_a_cell_has_one_state_in_whatever_order_its_boots_ran(
    statuses: list[str], state: CellState, reason: str
) -> None:
    for order in permutations(statuses):
        assert state_of(order) == (state, reason)


def test_the_first_of_two_failures_is_the_reason() -> None:
    assert state_of(["failed: one", "failed: two"]) == (CellState.FAILED, "one")
