# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a cell as columns: those of the lines, and which of them count."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.model.cell import Cell, Sample
from bench.model.cell_state import CellState
from bench.model.method import Method, Phase
from bench.results.columns import ABSENT, NO_LINES
from bench.results.writer import Run, Store, load
from tests.unit.runs import BLOCK, DIED, FACTS, SAMPLES, made_run, numbered

NEW, RESET = BLOCK.cell_of(Method.NEW_OWNER), BLOCK.cell_of(Method.RESET_OWNER)
COUNTED = replace(numbered(3), counters={"faults": 7})
WARMUP = replace(numbered(4), status="warmup: x", boot=2)
SKIPPED = replace(DIED, cell=RESET, status="skipped: x (needs: y)", boot=2)
LINES = (*SAMPLES, COUNTED, WARMUP, SKIPPED)


@pytest.fixture
def run(store: Store) -> Run:
    store.append([COUNTED, WARMUP, SKIPPED])
    return load(store.path)


def test_columns_are_those_of_the_lines(run: Run) -> None:
    new = run.by_cell[NEW]
    assert [*run.by_cell] == [NEW, RESET]
    assert new.line.tolist() == [0, 2, 3, 4]
    assert new.pause.tolist() == [1000, 1002, 1003, 1004]
    assert new.boot.tolist() == [1, 1, 1, 2]
    assert new.counters["faults"].tolist() == [ABSENT, ABSENT, 7, ABSENT]
    assert [*new.phases] == [*NEW.method.experiment.phases]
    assert new.phases[Phase.MAP].tolist() == [s.phases[Phase.MAP] for s in LINES if s.cell == NEW]
    assert (new.statuses, new.ok.tolist()) == ({3: "warmup: x"}, [True, True, True, False])
    assert run.by_cell[RESET].rep.tolist() == [1, ABSENT]


def test_lines_come_back_in_their_order(run: Run) -> None:
    assert run.samples == LINES
    assert made_run(Path("run"), FACTS, LINES).samples == LINES


@pytest.mark.parametrize(
    ("cell", "more", "state", "count"),
    [
        (NEW, [], CellState.MEASURED, 3),
        (RESET, [], CellState.MEASURED, 1),
        (RESET, [replace(DIED, cell=RESET, boot=3)], CellState.FAILED, 0),
    ],
)
def test_none_counts_of_a_cell_that_failed_in_any_boot(
    cell: Cell, more: list[Sample], state: CellState, count: int
) -> None:
    columns = made_run(Path("run"), FACTS, [*LINES, *more]).by_cell[cell]
    assert (columns.state[0], len(columns.measured)) == (state, count)
    assert columns.measured.ok.all()
    assert not NO_LINES.measured


def test_boots_keep_their_statuses(run: Run) -> None:
    boots = run.by_cell[NEW].by_boot()
    assert {boot: reps.rep.tolist() for boot, reps in boots.items()} == {1: [0, 2, 3], 2: [4]}
    assert (boots[1].statuses, boots[2].statuses) == ({}, {0: "warmup: x"})
    assert [*run.by_cell[RESET].by_boot()] == [1]  # the other boot has no rep


def test_a_frame_has_the_name_of_the_directory(run: Run) -> None:
    found = run.frame()
    assert found["run"].unique().tolist() == ["run"]
    assert found["pause"].sum() == sum(each.pause or 0 for each in LINES)
