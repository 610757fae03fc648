# SPDX-License-Identifier: GPL-2.0-only
"""Faults that the patches once had, planted back: the model finds each."""

import re
from pathlib import Path

import pytest

from tests.interface.conftest import Planted
from tests.interface.playing import hold, playing

pytestmark = pytest.mark.guest

PATCHES = Path(__file__).parents[1] / "guest/patches"
STEPS = 20_000

# What the last line of the shortest program says of it.
FAULTS = {
    "anybody-agrees": r"SET_BACKEND_FEATURES 0x\w+\n    success, and has to be EPERM",
    "cleaned-map": r"NEW_OWNER\n    success, and has to be ESTALE",
    "rings-stay": r"LOOK\n    what GET_\* answer is \w+, and as opened \w+",
    "takes-running": r"NEW_OWNER\n    success, and has to be EBUSY",
    "batch-stays": r"asid 0x1, .*\n    EFAULT, and has to be success",
}


FIRST = ("anybody-agrees",)  # found first, in a minute or two
_KINDS = [pytest.param(name, marks=() if name in FIRST else pytest.mark.long) for name in FAULTS]


@pytest.mark.parametrize("fault", _KINDS)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path, planted: Planted) -> None:
    with (
        playing(planted("live-update", fault), "sim-net-pa", tmp_path) as player,
        pytest.raises(AssertionError, match=r"after \d+ steps") as caught,
    ):
        hold(player, STEPS)
    assert re.search(FAULTS[fault], str(caught.value))
    assert player.found <= STEPS
