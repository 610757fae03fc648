# SPDX-License-Identifier: GPL-2.0-only
"""A git tree with the interface, in the configuration that finds mistakes: it finds none."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import GuestSetup, prepare
from bench.kernel.name import read_name
from bench.model.cell import Clock
from tests.guest.conftest import bound as bound
from tests.guest.conftest import plan_of
from tests.guest.test_ownership import test_interface as test_interface
from tests.kernels.conftest import TESTED, bench, measured

SPLAT = re.compile(r"BUG:|WARNING:|UBSAN:|KASAN:|INFO: possible|Call Trace:")


def splats(console: Path) -> list[str]:
    return [line for line in console.read_text(errors="replace").splitlines() if SPLAT.search(line)]


@pytest.fixture(scope="session")
def setup(checked: str, tmp_path_factory: pytest.TempPathFactory) -> GuestSetup:
    """A guest of the debug kernel, in the place of that of the plain tests."""
    console = tmp_path_factory.mktemp("checked") / "console.log"
    return prepare(plan_of().blocks, Clock.ICOUNT, console, read_name(TESTED))


@pytest.fixture
def executor(setup: GuestSetup, tmp_path: Path) -> Iterator[GuestExecutor]:
    executor = GuestExecutor(replace(setup, console=tmp_path / "console.log"))
    yield executor
    executor.close()
    assert splats(tmp_path / "console.log") == []


def test_live_update_is_left_out_where_the_tree_has_it(checked: str) -> None:
    assert re.fullmatch(rf"7\.3\.4-{TESTED}@[0-9a-f]{{12}}-debug\+stock", checked)


def test_checks_are_there(setup: GuestSetup) -> None:
    """And a splat would be seen: the kernel says that lockdep is on."""
    config = (setup.kernel.path / "config").read_text().splitlines()
    assert {"CONFIG_KASAN=y", "CONFIG_PROVE_LOCKING=y", "CONFIG_DEBUG_VM=y"} <= {*config}


def test_smoke_runs_without_a_splat(checked: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    ended = bench("run", "smoke", "--kernel", TESTED, "--clock", "icount", "--out", out)
    assert ended.code == 0, ended.err
    assert len(measured(out)) >= 10
    assert splats(out / "console.log") == []
