# SPDX-License-Identifier: GPL-2.0-only
"""Each kernel that has the interface: the usual one, and in the lane of whole kernels 7.3."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.cleanup.scratch import discard
from bench.executors.guest_setup import GuestSetup, prepare
from bench.kernel.name import read_name
from bench.model.cell import Clock
from bench.model.units import GIB
from tests.guest.conftest import plan_of
from tests.kernel.series import BEST_BASELINE

_PATCHES = Path(__file__).parents[1] / "guest/patches"
_LATER = "7.3:live-update"
_LANE = pytest.mark.kernels

KERNELS = (
    pytest.param(("live-update", ""), id="usual"),
    pytest.param((_LATER, ""), id="7.3", marks=_LANE),
)
BASELINES = (
    pytest.param((BEST_BASELINE, ""), id="file-pin", marks=(_LANE, pytest.mark.long)),
    pytest.param((f"7.3:{BEST_BASELINE}", ""), id="7.3-file-pin", marks=_LANE),
)
# For the model, which has to hold whatever the pages are pinned by: of 7.3 by the best baseline.
_FOUND_ALREADY = pytest.param((_LATER, ""), id="7.3", marks=(_LANE, pytest.mark.long))
OTHERS = (_FOUND_ALREADY, *BASELINES, pytest.param((_LATER, "debug"), id="7.3-debug", marks=_LANE))


@pytest.fixture(scope="session", params=KERNELS)
def setup(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> GuestSetup:
    """A guest of that kernel, which is built unless the cache has it."""
    console = tmp_path_factory.mktemp("guest") / "console.log"
    smallest = prepare(plan_of().blocks, Clock.ICOUNT, console, read_name(*request.param))
    return replace(smallest, memory=max(smallest.memory, 2 * GIB))


Planted = Callable[[str, str], GuestSetup]


@pytest.fixture
def planted(request: pytest.FixtureRequest, tmp_path: Path) -> Planted:
    """Build a kernel of some series with a fault on top; nothing of it is kept."""

    def with_fault(series: str, fault: str) -> GuestSetup:
        name = read_name(f"{series}+{_PATCHES / fault}")
        made = prepare(plan_of().blocks, Clock.ICOUNT, tmp_path / "console.log", name)
        request.addfinalizer(lambda: discard(made.kernel.path))
        return made

    return with_fault
