# SPDX-License-Identifier: GPL-2.0-only
"""`--clock wall` in a guest, from its command line to a gate, under plain TCG instead of KVM.

What it measures is no result, and every file that is made from it has to say so.
"""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import GuestSetup
from bench.guest.qemu import Accelerator
from bench.model.cell import Rep
from bench.model.facts import NO_RESULT
from bench.model.settings import TEST_WALL
from tests.guest.conftest import plan_of
from tests.guest.gate_runs import bench

pytestmark = pytest.mark.guest

ENV = {**os.environ, TEST_WALL: "1"}
FORMATS = ("page", "cover-letter", "markdown", "json", "pyperf", "baseline")


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One boot: a warm-up and six reps of each method, in time."""
    out = tmp_path_factory.mktemp("wall") / "run"
    done = bench(ENV, "run", "smoke", "--clock", "wall", "--reps", "6", "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(f"NO RESULT: {NO_RESULT}")
    assert "Pause of a live update, in wall time" in done.stdout
    assert "warning:  in a " in done.stdout or "warning:  load" in done.stdout
    assert "page-faults" in done.stdout  # counted beside the clock, which needs no PMU
    assert "boots for every block" not in done.stderr
    return out


def test_samples_are_times(timed: Path) -> None:
    facts = json.loads((timed / "run.json").read_text())
    assert (facts["clock"], facts["executor"]["accelerator"]) == ("wall", "plain-tcg")
    assert facts["executor"]["note"] == NO_RESULT
    rows = [json.loads(line) for line in (timed / "samples.jsonl").read_text().splitlines()]
    assert {row["unit"] for row in rows} == {"ns"}
    assert [row["status"] for row in rows].count("ok") == 12
    assert all(row["pause"] == sum(row["phases"].values()) > 0 for row in rows)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_report_is_marked(timed: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "report"
    done = bench(ENV, "report", timed, "--format", kind, "--out", out)
    assert done.returncode == 0, done.stderr
    assert NO_RESULT in out.read_text()


def test_samples_for_spreadsheets_are_marked(timed: Path) -> None:
    _, *lines = bench(ENV, "report", timed, "--format", "csv").stdout.strip().splitlines()
    assert lines and all("(NO RESULT)" in line for line in lines)


def test_the_gate_judges_times_by_their_boots(timed: Path, tmp_path: Path) -> None:
    """A count may be judged by reps; a time never is, and no verdict passes for a result."""
    again = shutil.copytree(timed, tmp_path / "again")
    junit, found = tmp_path / "gate.xml", tmp_path / "gate.json"
    done = bench(ENV, "gate", timed, again, "--junit", junit, "--json", found, "--annotations")
    assert done.returncode == 125
    assert f"NO RESULT ({NO_RESULT})" in done.stdout
    assert "needs boots: base has 1, new has 1" in done.stdout
    assert NO_RESULT in junit.read_text()
    verdict = json.loads(found.read_text())
    assert verdict["no_result"] == NO_RESULT and verdict["rule"]["clock"] == "wall"


def test_a_guest_that_was_saved_goes_on_by_the_wall_clock(
    setup: GuestSetup, tmp_path: Path
) -> None:
    """Twice from one state, which is not that of a guest that counts."""
    plain = replace(setup, accelerator=Accelerator.PLAIN_TCG, console=tmp_path / "console.log")
    executor, counting = GuestExecutor(plain), GuestExecutor(setup)
    (block,) = plan_of(reps=1).blocks
    for _ in range(2):
        reps = [item for item in executor.measure(block) if isinstance(item, Rep)]
        assert len(reps) == len(block.order)
    assert executor.boots == 1
    assert executor.state and counting.state and executor.state != counting.state


def test_nothing_but_the_variable_leads_there(tmp_path: Path) -> None:
    """Without it a machine without KVM refuses, and one with KVM uses that."""
    env = {name: value for name, value in os.environ.items() if name != TEST_WALL}
    out = tmp_path / "run"
    done = bench(env, "run", "smoke", "--clock", "wall", "--reps", "1", "--out", out)
    if done.returncode == 0:
        facts = json.loads((out / "run.json").read_text())
        assert facts["executor"]["accelerator"] == "kvm"
    else:
        assert done.returncode == 125 and "--clock wall needs KVM" in done.stderr
