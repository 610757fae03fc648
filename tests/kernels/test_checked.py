# SPDX-License-Identifier: GPL-2.0-only
"""The configuration that finds mistakes: in what the patches do it finds none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import GuestSetup, prepare
from bench.kernel.name import read_name
from bench.model.cell import Clock
from bench.model.method import Method
from bench.model.units import KIB
from bench.profile.profile import CALLS
from bench.profile.stored import load_profiles
from tests.guest.conftest import booted, plan_of, splats
from tests.guest.conftest import bound as bound
from tests.guest.test_ownership import test_interface as test_interface
from tests.kernels.conftest import NAME, bench, measured


@pytest.fixture(scope="session")
def setup(checked: Path, tmp_path_factory: pytest.TempPathFactory) -> GuestSetup:
    """A guest of the debug kernel, in the place of that of the plain tests."""
    console = tmp_path_factory.mktemp("checked") / "console.log"
    return prepare(plan_of().blocks, Clock.ICOUNT, console, read_name(NAME, "debug"))


@pytest.fixture
def executor(setup: GuestSetup, tmp_path: Path) -> Iterator[GuestExecutor]:
    executor = GuestExecutor(replace(setup, console=tmp_path / "console.log"))
    yield executor
    executor.close()
    assert splats(tmp_path / "console.log") == []


def test_checks_are_there(checked: Path) -> None:
    config = (checked / "config").read_text().splitlines()
    assert {"CONFIG_KASAN=y", "CONFIG_PROVE_LOCKING=y", "CONFIG_DEBUG_VM=y"} <= {*config}


def test_a_splat_is_seen(setup: GuestSetup, tmp_path: Path) -> None:
    """The kernel writes to the console what the tests above look for."""
    with booted(setup, tmp_path / "console.log", setup.memory) as guest:
        guest.run("echo '<4>WARNING: planted' >/dev/kmsg")
        assert "WARNING: planted" in splats(tmp_path / "console.log")


def test_smoke_runs_without_a_splat(checked: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    kernel = ["--kernel", NAME, "--config", "debug"]
    ended = bench("run", "smoke", *kernel, "--clock", "icount", "--out", str(out))
    assert ended.code == 0, ended.err
    assert len(measured(out)) >= 10
    assert splats(out / "console.log") == []


def test_its_profile_adds_up_and_has_lines(checked: Path, tmp_path: Path) -> None:
    """With KASAN, whose stacks are twice as large; and debug information."""
    out = tmp_path / "run"
    words = ["--kernel", NAME, "--config", "debug", "--clock", "icount", "--reps", "1", "--lines"]
    ended = bench("run", "smoke", *words, "--out", str(out))
    assert ended.code == 0, ended.err
    for profile in load_profiles(out).values():
        for name, spent in profile.spans.items():
            assert abs(spent.counted - spent.ticks) <= 2 + 2e-6 * spent.ticks, name
            assert sum(profile.lines[name].values()) == spent.counted
        if profile.cell.method is Method.RESET_OWNER:
            files = {line.partition(":")[0] for line in profile.lines["release"]}
            assert {"mm/gup.c", "drivers/vhost/vdpa.c"} <= files
            calls = profile.by_function(profile.own(["release"], profile.kinds.index(CALLS)))
            names = [function.name for function in profile.functions]
            assert calls[names.index("unpin_user_page")] == profile.cell.mem // (4 * KIB)


@pytest.mark.parametrize(
    "device", ["sim-net-pa", pytest.param("vduse-suspend", marks=pytest.mark.long)]
)
def test_so_does_a_soak(checked: Path, device: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["--kernel", NAME, "--config", "debug", "--clock", "icount", "--handovers", "70"]
    ended = bench("run", "soak", "--device", device, *words, "--out", str(out))
    assert ended.code == 0, ended.err
    assert len(measured(out)) == 21
    assert splats(out / "console.log") == []
