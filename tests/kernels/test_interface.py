# SPDX-License-Identifier: GPL-2.0-only
"""The interface of the patches on 7.3, held against the model: as it comes, and with checks."""

from pathlib import Path

import pytest

from bench.executors.guest_setup import prepare
from bench.kernel.name import read_name
from bench.model.cell import Clock
from tests.guest.conftest import plan_of
from tests.interface.model import TRAITS
from tests.interface.playing import hold, playing
from tests.kernels.conftest import NAME

STEPS = {"": 2000, "debug": 1000}


@pytest.mark.parametrize("device", TRAITS)
@pytest.mark.parametrize("config", STEPS)
def test_the_kernel_agrees_with_the_model(
    plain: Path, checked: Path, config: str, device: str, tmp_path: Path
) -> None:
    name = read_name(NAME, config)
    setup = prepare(plan_of().blocks, Clock.ICOUNT, tmp_path / "setup.log", name)
    with playing(setup, device, tmp_path) as player:
        hold(player, STEPS[config])
