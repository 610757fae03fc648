# SPDX-License-Identifier: GPL-2.0-only
"""Random programs of ioctls and messages: the kernel answers what the model says."""

from pathlib import Path
from typing import Any

import pytest

from bench.executors.guest_setup import GuestSetup
from tests.interface.conftest import KERNELS, OTHERS
from tests.interface.model import TRAITS
from tests.interface.playing import hold, playing

pytestmark = pytest.mark.guest

STEPS = 2500
CHECKED = 800  # of a kernel that checks itself, and takes three times as long


def _marks(kernel: Any, device: str) -> tuple[Any, ...]:
    """A kernel that checks itself takes a minute and a half for each device."""
    again = kernel.id == "7.3-debug" and device != next(iter(TRAITS))
    return (*kernel.marks, *([pytest.mark.long] if again else []))


CASES = [
    pytest.param(*kernel.values, device, id=f"{device}-{kernel.id}", marks=_marks(kernel, device))
    for device in TRAITS
    for kernel in (KERNELS[0], *OTHERS)
]


@pytest.mark.parametrize(("setup", "device"), CASES, indirect=["setup"])
def test_the_kernel_agrees_with_the_model(setup: GuestSetup, device: str, tmp_path: Path) -> None:
    steps = CHECKED if "debug" in setup.kernel.name else STEPS
    with playing(setup, device, tmp_path) as player:
        hold(player, steps)
        assert player.steps > steps / 2
