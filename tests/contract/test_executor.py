# SPDX-License-Identifier: GPL-2.0-only
"""What the loop expects of every executor, asked of each of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench.executors.base import Executor
from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import prepare
from bench.executors.replay import ReplayExecutor
from bench.model import Block, Clock, Method, Phase, Plan, Rep
from tests.unit.streams import recording, small_plan

# A block with a device and one without, a rep of each method.
PLAN = small_plan(method=",".join(Method), reps=1)


@dataclass(frozen=True)
class Measured:
    """Two blocks, one after the other, and how many boots there were after each."""

    executor: Executor
    reps: tuple[list[Rep], ...]
    boots: tuple[int, ...]


class ExecutorContract(ABC):
    @classmethod
    @abstractmethod
    def make(cls, plan: Plan, factory: pytest.TempPathFactory) -> Executor: ...

    @pytest.fixture(scope="class")
    @classmethod
    def measured(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
        executor = cls.make(PLAN, tmp_path_factory)
        try:
            taken = [([*executor.measure(block)], executor.boots) for block in PLAN.blocks]
            reps, boots = zip(*taken, strict=True)
            yield Measured(executor, reps, boots)
        finally:
            executor.close()

    @pytest.fixture(params=range(len(PLAN.blocks)), ids=["first", "second"])
    def taken(self, measured: Measured, request: pytest.FixtureRequest) -> tuple[Block, list[Rep]]:
        return PLAN.blocks[request.param], measured.reps[request.param]

    def test_reps_come_in_the_order_of_the_block(self, taken: tuple[Block, list[Rep]]) -> None:
        block, reps = taken
        assert [rep.method for rep in reps] == list(block.order)

    def test_phases_are_all_there_and_add_up(self, taken: tuple[Block, list[Rep]]) -> None:
        for rep in taken[1]:
            assert set(rep.phases) == set(Phase)
            assert sum(rep.phases.values()) == rep.pause > 0

    def test_memory_is_pinned_by_a_device_only(self, taken: tuple[Block, list[Rep]]) -> None:
        block, reps = taken
        pinned = 0 if block.any_cell.method is Method.EXEC_ONLY else block.any_cell.mem
        assert {rep.pinned for rep in reps} == {pinned}

    def test_the_clock_is_the_one_asked_for(self, measured: Measured) -> None:
        assert measured.executor.clock is Clock.ICOUNT
        assert measured.executor.clock.unit == "instructions"

    def test_boots_count_from_one_and_a_good_guest_stays(self, measured: Measured) -> None:
        assert measured.boots == (1, 1)

    def test_facts_name_the_executor(self, measured: Measured) -> None:
        assert measured.executor.facts()["name"] == measured.executor.name

    def test_closing_twice_is_harmless(self, measured: Measured) -> None:
        measured.executor.close()
        measured.executor.close()
        assert measured.executor.boots == 1


class TestReplay(ExecutorContract):
    @classmethod
    def make(cls, plan: Plan, factory: pytest.TempPathFactory) -> Executor:
        return ReplayExecutor(recording(plan), Clock.ICOUNT)


@pytest.mark.guest
class TestGuest(ExecutorContract):
    @classmethod
    def make(cls, plan: Plan, factory: pytest.TempPathFactory) -> Executor:
        console = factory.mktemp("guest") / "console.log"
        return GuestExecutor(prepare(plan.blocks, Clock.ICOUNT, console))
