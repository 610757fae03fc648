# SPDX-License-Identifier: GPL-2.0-only
"""A soak that ends early keeps what it has shown; its plan knows how many handovers there are."""

from pathlib import Path

import pytest

from bench.commands.stored import outcome_of
from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run, run_facts
from bench.model.cell import Clock, Rep
from bench.plan.duration import block_seconds, rep_seconds
from bench.results.writer import Store, create, load
from tests.unit.soaks import BLOCK, HANDOVERS, PLAN, leaking, soak_stream, up_to
from tests.unit.streams import Silent, line, make_scenario, small_block

ERROR = {"t": "error", "op": "io", "errno": 0, "text": "io: the device did not answer"}


class Impatient(Silent):
    """Presses Ctrl-C after some reps."""

    def __init__(self, reps: int) -> None:
        self._left = reps

    def advance(self, block: object, rep: Rep) -> None:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


def begun(path: Path, lines: list[str]) -> tuple[Store, ReplayExecutor]:
    executor = ReplayExecutor(lines, Clock.ICOUNT)
    store = create(path / "run", "soak")
    store.write_facts(run_facts(make_scenario(), PLAN, executor, ["run"]))
    return store, executor


@pytest.mark.parametrize("reps", [1, 3])
def test_an_interrupt_keeps_what_was_shown(reps: int, tmp_path: Path) -> None:
    store, executor = begun(tmp_path, soak_stream())
    with pytest.raises(KeyboardInterrupt):
        run(PLAN, executor, store, Impatient(reps))
    found = load(store.path)
    assert not found.damage
    done = [sample.counters["handovers"] for sample in found.samples]
    assert done == [100, 200, 300][:reps]
    assert all("interrupted" in why for why in found.missing.values())
    said = outcome_of(store, interrupted=True)
    first = {1: (130, "go on"), 3: (130, "begin it anew")}  # the warm-up alone is no checkpoint
    assert (said.code, said.hint.partition(":")[0]) == first[reps]


def test_a_failure_keeps_what_was_shown(tmp_path: Path) -> None:
    ended = [line(ERROR), line({"t": "exit", "code": 1})]
    store, executor = begun(tmp_path, [*up_to(4, leaking), *ended])
    run(PLAN, executor, store, Silent())
    found = load(store.path)
    assert not found.damage
    reps = [sample for sample in found.samples if sample.rep is not None]
    assert [sample.counters["handovers"] for sample in reps] == [100, 200, 300, 400, 500]
    failed = [sample.status for sample in found.samples if sample.rep is None]
    assert failed == ["failed: io: the device did not answer (in handover 501)"] * 2


def test_a_checkpoint_that_is_lost_is_damage(tmp_path: Path) -> None:
    store, executor = begun(tmp_path, soak_stream())
    run(PLAN, executor, store, Silent())
    lines = (store.path / "samples.jsonl").read_text().splitlines(keepends=True)
    (store.path / "samples.jsonl").write_text("".join(lines[:2] + lines[3:]))
    assert len(load(store.path).damage) == 1


def test_the_estimate_is_of_all_handovers() -> None:
    alone, soak = small_block(reps=3), small_block(reps=3, handovers=[HANDOVERS])
    assert BLOCK.count == str(HANDOVERS)
    assert [BLOCK.handovers_in(reps) for reps in (0, 1, 3, 7)] == [0, 100, 300, 700]
    assert [alone.handovers_in(reps) for reps in (0, 1, 7)] == [0, 1, 7]
    least = HANDOVERS * min(map(rep_seconds, soak.cells))
    assert block_seconds(soak) >= least > block_seconds(alone)
