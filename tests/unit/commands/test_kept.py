# SPDX-License-Identifier: GPL-2.0-only
"""What was measured before a run ended for good is kept, wherever it waits."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.commands import run as runs
from bench.commands import stored
from bench.commands.outcome import Outcome
from bench.engines.base import Engine
from bench.errors import CannotJudge, EngineLost
from bench.executors.base import Executor
from bench.measure.loop import run as run_plan
from bench.model.cell import Clock, Plan
from bench.model.facts import ExecutorFacts, RunFacts
from bench.results.reader import AHEAD
from bench.results.writer import Store, load
from tests.unit.command import PLAN, Bench
from tests.unit.streams import recording


def test_a_block_that_waits_for_one_before_it_is_kept(
    replay: Bench, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine breaks down when the last block is measured, and none of those before it."""

    def lost(plan: Plan, executor: Executor, store: Store, *rest: object, **_: object) -> None:
        run_plan(plan, executor, store, *rest)  # type: ignore[arg-type]
        samples = store.path / "samples.jsonl"
        lines = samples.read_text().splitlines(keepends=True)
        (store.path / AHEAD).write_text("".join(lines[-len(lines) // len(PLAN.blocks) :]))
        samples.write_text("")
        raise CannotJudge("the scheduler is lost", "go on")

    monkeypatch.setattr(runs, "run_plan", lost)
    ended = replay(recording(PLAN))
    assert (ended.code, ended.complaints[-2:]) == (125, ["bench: the scheduler is lost", "  go on"])
    last = PLAN.blocks[-1]
    assert {sample.cell for sample in load(tmp_path / "out").samples} == {*last.cells}
    monkeypatch.undo()
    assert bench("run", "--resume", tmp_path / "out").code in (0, 1)


def test_a_run_that_measured_nothing_is_not_to_be_gone_on_with(
    replay: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise EngineLost("the scheduler is lost")

    monkeypatch.setattr(runs, "run_plan", lost)
    ended = replay(recording(PLAN))
    said = ["bench: the scheduler is lost", "  nothing was measured: begin it anew"]
    assert (ended.code, ended.complaints[-2:]) == (125, said)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("engine", "on"), [("", ""), ("dask-slurm:my file", " --on 'dask-slurm:my file'")]
)
def test_a_second_interrupt_costs_the_tables_and_not_how_to_go_on(
    engine: str, on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stored, "outcome_of", interrupted)
    store = Store(tmp_path)
    facts = RunFacts(clock=Clock.ICOUNT, executor=ExecutorFacts(engine=engine))
    store.write_facts(facts)
    said = stored.interrupted_outcome(store)
    assert (said.code, said.hint) == (130, f"go on: bench run --resume {tmp_path}{on}")


def test_an_interrupt_while_an_engine_is_closed_changes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Engine):
        def close(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(runs, "open_engine", lambda name: Slow(name, ThreadPoolExecutor(1)))
    monkeypatch.setattr(runs, "_run_all", lambda *_: Outcome(7, complaint="all is told"))
    ended = bench("run", "smoke", "--clock", "icount", "--on", "local:1")
    assert (ended.code, ended.complaints) == (7, ["bench: all is told"])
