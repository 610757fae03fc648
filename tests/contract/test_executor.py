# SPDX-License-Identifier: GPL-2.0-only
"""What the loop expects of every executor, asked of each of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from bench.executors import uml
from bench.executors.base import Executor
from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import prepare
from bench.executors.replay import ReplayExecutor
from bench.kernel.name import read_name
from bench.model.cell import Block, Clock, Plan, Rep
from bench.model.method import Method
from bench.model.units import KIB
from tests.unit.streams import LIVE_METHODS, pinned, recording, small_plan

# A block with a device and one without, a rep of each method; and one of pin loops.
# Those that go back take a handover that leaves an old process: tests/guest/test_ways.py.
LIVE_UPDATES = small_plan(
    method=",".join(method for method in LIVE_METHODS if not method.goes_back), reps=1
)
EVERYTHING = small_plan(method=",".join(Method), reps=1)
# A block whose methods have a device each, or none.
REFERENCE = small_plan(
    device="sim-net-pa,vfio-type1,none",
    method="new-owner,reset-owner,vfio-vaddr,vfio-remap,exec-only",
    reps=1,
)


@dataclass(frozen=True)
class Measured:
    """All blocks, one after the other, and how many boots there were after each."""

    executor: Executor
    blocks: tuple[tuple[Block, list[Rep]], ...]
    boots: tuple[int, ...]


class ExecutorContract(ABC):
    plan: ClassVar[Plan]
    clock: ClassVar[Clock] = Clock.ICOUNT

    @classmethod
    @abstractmethod
    def make(cls, plan: Plan, factory: pytest.TempPathFactory) -> Executor: ...

    @pytest.fixture(scope="class")
    @classmethod
    def measured(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
        executor = cls.make(cls.plan, tmp_path_factory)
        try:
            blocks, boots = [], []
            for block in cls.plan.blocks:
                reps = [item for item in executor.measure(block) if isinstance(item, Rep)]
                blocks.append((block, reps))
                boots.append(executor.boots)
            yield Measured(executor, tuple(blocks), tuple(boots))
        finally:
            executor.close()

    def test_reps_come_in_the_order_of_the_block(self, measured: Measured) -> None:
        for block, reps in measured.blocks:
            assert [rep.method for rep in reps] == list(block.order)

    def test_phases_are_all_there_and_add_up(self, measured: Measured) -> None:
        for block, reps in measured.blocks:
            for rep in reps:
                assert set(rep.phases) == set(block.experiment.phases)
                assert sum(rep.phases.values()) == rep.pause > 0

    def test_memory_is_pinned_by_those_who_hold_it(self, measured: Measured) -> None:
        for block, reps in measured.blocks:
            for rep in reps:
                assert rep.pinned == pinned(block.cell_of(rep.method))

    def test_memory_of_a_block_is_the_same_in_all_its_reps(self, measured: Measured) -> None:
        for block, reps in measured.blocks:
            (extents,) = {rep.extents for rep in reps}
            assert 0 < extents <= block.any_cell.mem // (4 * KIB)

    def test_the_clock_is_the_one_asked_for(self, measured: Measured) -> None:
        assert measured.executor.clock is self.clock
        assert measured.executor.clock.unit == self.clock.unit

    def test_boots_count_from_one_and_a_good_guest_stays(self, measured: Measured) -> None:
        assert set(measured.boots) == {1}

    def test_facts_name_the_executor(self, measured: Measured) -> None:
        assert measured.executor.facts().name == measured.executor.name

    def test_closing_twice_is_harmless(self, measured: Measured) -> None:
        measured.executor.close()
        measured.executor.close()
        assert measured.executor.boots == 1


class TestReplay(ExecutorContract):
    plan = EVERYTHING

    @classmethod
    def make(cls, plan: Plan, factory: pytest.TempPathFactory) -> Executor:
        return ReplayExecutor(recording(plan), Clock.ICOUNT)


class TestReplayOfSeveralDevices(TestReplay):
    plan = REFERENCE


@pytest.mark.guest
class TestGuest(ExecutorContract):
    plan = replace(LIVE_UPDATES, blocks=LIVE_UPDATES.blocks + REFERENCE.blocks)

    @classmethod
    def make(cls, plan: Plan, factory: pytest.TempPathFactory) -> Executor:
        console = factory.mktemp("guest") / "console.log"
        return GuestExecutor(prepare(plan.blocks, Clock.ICOUNT, console))


@pytest.mark.kernels
class TestUml(ExecutorContract):
    """One block: each has a boot of its own."""

    plan = small_plan(executor="uml", method="iotlb", pages="4k", reps=2)
    clock = Clock.WALL

    @classmethod
    def make(cls, plan: Plan, factory: pytest.TempPathFactory) -> Executor:
        console = factory.mktemp("uml") / "console.log"
        return uml.prepare(plan, console, read_name(uml.bases()[0]))
