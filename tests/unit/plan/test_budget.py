# SPDX-License-Identifier: GPL-2.0-only
"""A budget: what is measured fits it, what is left out is whole and said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run
from bench.model.cell import Block, Clock, Plan
from bench.model.facts import RunFacts
from bench.model.method import Method
from bench.plan.duration import (
    block_seconds,
    once_seconds,
    plan_seconds,
    rep_seconds,
    share_of_rep,
)
from bench.results.writer import create, load
from tests.unit.command import MEM, Bench
from tests.unit.streams import Silent, recording, small_block, small_plan

METHODS = ",".join(Method)
FACTORS = {"mem": "1G,64G,1T", "pages": "4k,thp", "method": METHODS, "backing": "alias", "reps": 3}
EVERYTHING = small_plan(**FACTORS)
LONGEST = plan_seconds(EVERYTHING.blocks)

budgets = st.floats(0.1, 1.2 * LONGEST)


def budgeted(seconds: float) -> Plan:
    return small_plan(**FACTORS, budget=seconds)


def left_out(plan: Plan) -> list[Block]:
    return [block for block, _ in plan.left_out]


def test_without_a_budget_nothing_is_left_out() -> None:
    assert EVERYTHING.left_out == ()
    assert budgeted(LONGEST) == EVERYTHING


@given(budgets)
def test_what_is_kept_fits_and_nothing_more_would_have(budget: float) -> None:
    """Blocks are kept or left out whole and in order: no method is measured without its pair."""
    plan = budgeted(budget)
    assert plan.blocks == () or plan_seconds(plan.blocks) <= budget
    for block in left_out(plan):
        assert plan_seconds((*plan.blocks, block)) > budget
    assert [b for b in EVERYTHING.blocks if b in plan.blocks] == [*plan.blocks]
    assert [b for b in EVERYTHING.blocks if b not in plan.blocks] == left_out(plan)


@given(budgets, budgets)
def test_a_larger_budget_keeps_all_that_a_smaller_one_does(one: float, other: float) -> None:
    small, large = (budgeted(seconds) for seconds in sorted((one, other)))
    assert set(small.blocks) <= set(large.blocks)


def test_a_budget_for_half_leaves_the_rest_with_its_reason() -> None:
    plan = budgeted(600)
    assert plan.blocks
    assert plan.left_out
    for block, why in plan.left_out:
        assert block_seconds(block) >= max(map(block_seconds, plan.blocks))
        assert why.startswith("skipped: left out by --budget 10 min: it would take ")
        assert why.endswith("(needs: a larger --budget)")


def test_of_reps_that_are_not_known_the_least_are_counted() -> None:
    five, more = small_block(mem="1G", reps=5), small_block(mem="1G", reps="5+")
    assert block_seconds(more) == pytest.approx(block_seconds(five))
    (_, why), *_ = small_plan(**{**FACTORS, "reps": "5+"}, budget=1).left_out
    assert "it would take at least " in why


def test_more_of_anything_costs_more() -> None:
    one, more_memory, more_reps = (
        small_block(mem="1G"),
        small_block(mem="2G"),
        small_block(mem="1G", reps=9),
    )
    assert 0 < block_seconds(one) < block_seconds(more_memory)
    assert block_seconds(one) < block_seconds(more_reps)
    assert rep_seconds(one.cell_of(Method.NEW_OWNER)) < rep_seconds(one.cell_of(Method.RESET_OWNER))
    assert block_seconds(small_block(mem="1G", pages="4k")) > block_seconds(one)
    assert plan_seconds(()) < plan_seconds((one,)) < plan_seconds((one, more_memory))


def test_what_was_left_out_is_stored(tmp_path: Path) -> None:
    plan = budgeted(600)
    store = create(tmp_path / "run", "small")
    store.write_facts(RunFacts(clock=Clock.ICOUNT))
    run(plan, ReplayExecutor(recording(plan), Clock.ICOUNT), store, Silent())
    samples = load(store.path).samples
    skipped = [(s.cell, s.status) for s in samples if s.rep is None]
    assert skipped == [(cell, why) for block, why in plan.left_out for cell in block.cells]
    measured = [s for s in samples if s.rep is not None]
    assert [s.cell.method for s in measured] == [m for block in plan.blocks for m in block.order]
    assert not {s.cell for s in measured} & {cell for cell, _ in skipped}


SMOKE = small_plan(mem=MEM)  # what the smoke scenario plans for these sizes


def test_a_run_with_a_budget_says_what_it_left_out(replay: Bench, tmp_path: Path) -> None:
    two = sorted(SMOKE.blocks, key=block_seconds)[:2]
    budget = plan_seconds(tuple(two)) + 0.01
    kept = small_plan(mem=MEM, budget=budget)
    assert len(kept.blocks) == 2
    ended = replay(recording(kept), "--budget", f"{budget:.3f}s")
    assert ended.code == 0
    assert "[2/2]" in ended.err
    assert ended.out.count("left out by --budget") == 2  # the methods of one block
    assert sum(sample.ok for sample in load(tmp_path / "out").samples) == 8


def test_a_budget_for_nothing_gives_125(replay: Bench) -> None:
    ended = replay([], "--budget", "1s")
    assert (ended.code, ended.complaints) == (125, ["bench: nothing was measured"])


def test_a_budget_for_nothing_prepares_no_guest(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwanted(*_: object) -> None:
        raise AssertionError("a guest was prepared")

    monkeypatch.setattr("bench.executors.guest_setup.prepare", unwanted)
    ended = bench("run", "smoke", "--budget", "1s", "--out", tmp_path / "out")
    assert (ended.code, ended.out) == (125, "")
    message, hint = ended.complaints
    assert message == "bench: no cell is left to measure"
    assert "--budget" in hint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["0s", "10", "ten", "-1m", "", "1d"])
def test_a_bad_budget_is_one_line(value: str, bench: Bench, tmp_path: Path) -> None:
    ended = bench("run", "smoke", "--budget", value, "--out", tmp_path / "out")
    assert (ended.code, ended.out) == (2, "")
    (complaint,) = ended.complaints
    assert complaint.startswith("bench: --budget: ")
    assert f"'{value}'" in complaint
    assert "as in 10m" in complaint
    assert not (tmp_path / "out").exists()


def test_reps_of_several_families_add_up_to_their_block() -> None:
    """The changes from device to device are a part of the reps, or progress would stand still."""
    devices, methods = "sim-net-pa,vfio-type1", "new-owner,reset-owner,vfio-remap,vfio-vaddr"
    (block,) = small_plan(device=devices, method=methods, mem="64G", reps=5).blocks
    reps = sum(share_of_rep(block, method) for method in block.order)
    assert reps == pytest.approx(block_seconds(block) - once_seconds(block.any_cell))
