# SPDX-License-Identifier: GPL-2.0-only
"""Soaks of real kernels: one with nothing to find, one that leaks, one that loses a kick."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import CellFailed
from bench.executors.guest import GuestExecutor
from bench.model.cell import Rep
from bench.report.table.soak import Soak, soaks
from bench.results.writer import load
from tests.guest.conftest import plan_of
from tests.guest.gate_runs import PLAIN, Environment, bench, borrowed_cache

PATCHES = Path(__file__).with_name("patches")
SOAK = ("soak", "--clock", "icount", "--handovers", "200")


@pytest.fixture(scope="module")
def env() -> Iterator[Environment]:
    with borrowed_cache() as borrowed:
        yield borrowed


def the_soak(out: Path) -> Soak:
    (soak,) = soaks(load(out))
    return soak


def test_a_kernel_without_a_leak(env: Environment, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = bench(env, "run", *SOAK, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    soak = the_soak(out)
    assert (soak.done, soak.checkpoints) == (200, 21)
    assert soak.under_way >= 150  # three of four, and those that the device is at
    assert "nothing leaks" in done.stdout


def test_a_leak_is_found_and_named(env: Environment, tmp_path: Path) -> None:
    """64 bytes for each NEW_OWNER, which is one handover of three."""
    out = tmp_path / "run"
    kernel = f"{PLAIN}+{PATCHES / 'leak-new-owner'}"
    done = bench(env, "run", *SOAK, "--kernel", kernel, "--out", out)
    assert done.returncode == 1, done.stdout + done.stderr
    (leak,) = the_soak(out).leaks
    assert leak.name == "kmalloc-64"
    assert leak.growth.slope == pytest.approx(1 / 3, rel=0.15)


def test_a_kick_that_the_kernel_loses_is_found(env: Environment, tmp_path: Path) -> None:
    kernel = f"{PLAIN}+{PATCHES / 'loses-kick'}"
    done = bench(env, "run", *SOAK, "--kernel", kernel, "--out", tmp_path / "run")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the device did not answer (in handover 1)" in done.stderr


@pytest.mark.parametrize("handover", ["transfer", "fork"])
@pytest.mark.parametrize("device", ["sim-net-va", "sim-blk-pa"])
def test_a_request_outlives_every_kind_of_handover(
    executor: GuestExecutor, device: str, handover: str
) -> None:
    methods = "new-owner,reset-owner,reopen"
    given = {"device": device, "handover": handover, "method": methods}
    (block,) = plan_of(**given, handovers=20, reps=1).blocks
    reps = [rep for rep in executor.measure(block) if isinstance(rep, Rep)]
    assert reps[-1].counters["handovers"] == 20
    assert reps[-1].counters["requests-under-way"] >= 15


def test_a_new_process_that_loses_the_kick_is_caught(executor: GuestExecutor) -> None:
    (block,) = plan_of(**{"break": "loses-kick"}, handovers=20, reps=1).blocks
    with pytest.raises(CellFailed, match=r"did not answer \(in handover 1\)"):
        [*executor.measure(block)]
