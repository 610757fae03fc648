# SPDX-License-Identifier: GPL-2.0-only
"""What bench run --plan says, without measuring anything."""

import re
from pathlib import Path

import pytest

from bench.model.cell import Clock
from bench.plan.boots import boots_of
from bench.plan.duration import whole_seconds
from bench.plan.matrix import make_plan
from bench.plan.scenario import Scenario, load_scenario
from bench.plan.shards import deal
from tests.unit.command import Bench

SMALL = ("run", "smoke", "--mem", "64M,1G", "--clock", "icount", "--plan")


def blocks_of(scenario: Scenario) -> list[set[str]]:
    """The labels of what each boot measures."""
    return [{b.label for b in make_plan(boot.scenario).blocks} for boot in boots_of(scenario)]


def test_a_plan_measures_nothing(bench: Bench, tmp_path: Path) -> None:
    ended = bench(*SMALL, "--out", tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    assert not (tmp_path / "out").exists()
    assert "4 cells in 2 blocks" in ended.out
    assert "64 MiB" in ended.out and "1 GiB" in ended.out


def test_the_matrix_is_planned_for_a_lab(bench: Bench) -> None:
    ended = bench("run", "matrix", "--plan")
    assert ended.code == 0
    assert "240 cells in 120 blocks, in each of 6 boots: 1,440 cells" in ended.out
    assert "kernels: live-update, 7.3-live-update" in ended.out
    assert len(re.findall(r"^(?:sim|vp|vduse)-.*(?:~\d+ (?:s|min) *){4}$", ended.out, re.M)) == 30
    assert re.search(r"^ +64 +~[\d.]+ h +~\d+ min$", ended.out, re.M)
    assert "memory: 7.5 GiB free on each worker, for QEMU's -m of 7 GiB" in ended.out


def test_one_worker_takes_the_sum_of_all_blocks(bench: Bench) -> None:
    [boot] = boots_of(load_scenario("smoke", {"mem": "64G", "reps": "20"}))
    minutes = sum(map(whole_seconds, make_plan(boot.scenario).blocks)) / 60
    ended = bench("run", "smoke", "--mem", "64G", "--reps", "20", "--clock", "icount", "--plan")
    found = re.search(r"^ +1 +~(\d+) min +~(\d+) min$", ended.out, re.M)
    assert found
    # A boot, and what the cache lacks: a kernel that is laid out takes three minutes.
    assert all(minutes - 1 < int(each) < minutes + 12 for each in found.groups())


def test_more_parts_than_blocks_are_said(bench: Bench) -> None:
    assert "too few blocks" in bench(*SMALL).out


def test_what_no_engine_takes_has_no_column_of_one(bench: Bench) -> None:
    ended = bench("run", "pin", "--plan")
    assert "with --shard" in ended.out
    assert "with --on" not in ended.out
    assert "memory:" not in ended.out


def test_what_a_budget_leaves_out_is_shown(bench: Bench) -> None:
    ended = bench("run", "smoke", "--mem", "64M,64G", "--reps", "99", "--budget", "60s", "--plan")
    assert "2 cells in 1 block\n" in ended.out
    assert "left out" in ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shard", "1/2"), "--plan tells of all parts"),
        (("--export", "x.json"), "--plan tells of all parts"),
        (("--kernel", "nope"), "there is no series of patches 'nope'"),
        (("--on", "local:2", "--clock", "wall"), "--on: times of several hosts"),
        (("--executor", "host"), "is a device of the guest"),
        (("--executor", "replay:/nonexistent"), "No such file"),
        (("--resume", "x"), "--resume goes on as the run began"),
        (("--resume", "x"), "--jobs, --tune, --on, --format and --export"),
    ],
)
def test_what_a_plan_does_not_take(words: tuple[str, ...], said: str, bench: Bench) -> None:
    ended = (
        bench("run", "smoke", *words, "--plan")
        if "--resume" not in words
        else bench("run", *words, "--plan")
    )
    assert ended.code == 2
    assert said in ended.err


def test_a_budget_is_for_all_boots_together() -> None:
    scenario = load_scenario("matrix", {"budget": "20m"})
    assert {boot.scenario.budget for boot in boots_of(scenario)} == {200.0}
    for boot in boots_of(scenario):
        assert sum(map(whole_seconds, make_plan(boot.scenario).blocks)) <= 200


def test_all_boots_of_a_budget_have_the_same_cells() -> None:
    first, *others = blocks_of(load_scenario("matrix", {"budget": "20m"}))
    assert first
    assert all(other == first for other in others)


@pytest.mark.parametrize("count", [1, 8, 64, 720])
def test_a_lab_is_as_fast_as_its_longest_block_lets_it_be(count: int) -> None:
    """No part takes longer than 4/3 of what the best sharing could reach (Graham, 1969)."""
    boots = boots_of(load_scenario("matrix", {}))
    loads = [
        sum(whole_seconds(block) for mine in part for block in mine)
        for part in deal(boots, count, Clock.ICOUNT)
    ]
    longest = max(whole_seconds(block) for block in make_plan(boots[0].scenario).blocks)
    assert max(loads) <= 4 / 3 * max(sum(loads) / count, longest)
