# SPDX-License-Identifier: GPL-2.0-only
"""What is not there is in the report: cells that were not reached, and lines that were lost."""

from pathlib import Path

from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.model.cell import Clock
from bench.plan.matrix import make_plan
from bench.results.writer import create, load
from tests.unit.report_runs import Silent, run_text
from tests.unit.stored_runs import PLAN, cut, stored
from tests.unit.streams import make_scenario, recording


def test_cells_that_were_not_reached_are_in_the_report(path: Path) -> None:
    cut(path, b"".join(stored(path).splitlines(keepends=True)[:3]))
    run = load(path)
    assert not run.damage
    assert [*run.missing] == [cell for block in PLAN.blocks[1:] for cell in block.cells]
    assert run_text(run).count("not measured: the run was interrupted") == 4


def test_a_block_that_lost_lines_is_in_the_report(path: Path) -> None:
    lines = stored(path).splitlines(keepends=True)
    cut(path, b"".join([*lines[:1], *lines[2:]]))
    (damage,) = load(path).damage
    assert damage.endswith("(reset-owner, new-owner): 2 of 3 lines are left")
    assert f"\n\nDamaged: what follows is made from the lines that are whole\n  {damage}\n" in (
        run_text(load(path))
    )


def test_a_block_that_lost_all_lines_is_in_the_report(path: Path) -> None:
    cut(path, b"".join(stored(path).splitlines(keepends=True)[3:]))
    run = load(path)
    assert "0 of 3 lines are left" in run.damage[0]
    assert {*run.missing.values()} == {"lost: its lines are damaged"}
    assert "Damaged" in run_text(run)


def test_a_sample_of_another_run_is_damage(path: Path, tmp_path: Path) -> None:
    other = make_scenario(mem="512M")
    store = create(tmp_path / "other", "small")
    replay = ReplayExecutor(recording(make_plan(other)), Clock.ICOUNT)
    store.write_facts(run_facts(other, make_plan(other), replay, []))
    run(make_plan(other), replay, store, Silent())
    before = load(path).samples
    cut(path, stored(path) + stored(store.path).splitlines(keepends=True)[0])
    assert load(path).samples == before
    assert load(path).damage[0].endswith("its cell is not in the plan")
