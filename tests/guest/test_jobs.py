# SPDX-License-Identifier: GPL-2.0-only
"""Guests side by side: the same samples as one after the other, and nothing left of any."""

from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import GuestSetup
from bench.measure.loop import run
from bench.model.cell import Block, Clock, Rep
from bench.model.facts import RunFacts
from bench.results.writer import Store, create, load
from tests.guest.conftest import plan_of, qemus_of
from tests.unit.streams import Silent

pytestmark = pytest.mark.guest

PLAN = plan_of(mem="32M,64M,128M", reps=1)
MEMORY = 768 << 20


def guest_of(setup: GuestSetup, store: Store) -> GuestExecutor:
    return GuestExecutor(replace(setup, console=store.console, memory=MEMORY))


def begun(path: Path) -> Store:
    store = create(path, "smoke")
    store.write_facts(RunFacts(clock=Clock.ICOUNT))
    return store


def guests() -> list[psutil.Process]:
    """The ones that this process has started."""
    return qemus_of(psutil.Process())


class Watcher(Silent):
    """Counts guests at each rep; does something to them at the first one."""

    def __init__(self, kills: bool = False, interrupts: bool = False) -> None:
        self.most, self._kills, self._interrupts = 0, kills, interrupts
        self.failed: list[Block] = []

    def advance(self, block: Block, rep: Rep) -> None:
        running = guests()
        self.most = max(self.most, len(running))
        if self._interrupts:
            raise KeyboardInterrupt
        if self._kills and len(running) > 1:
            self._kills = False
            running[-1].kill()

    def end(self, block: Block, problem: str, details: str, took: float | None = None) -> None:
        if problem:
            self.failed.append(block)


def test_two_jobs_store_what_one_does(setup: GuestSetup, tmp_path: Path) -> None:
    found = []
    for jobs in (1, 2):
        store, watcher = begun(tmp_path / str(jobs)), Watcher()
        run(PLAN, guest_of(setup, store), store, watcher, jobs=jobs)
        found.append((store.path / "samples.jsonl").read_bytes())
        assert watcher.most == jobs
        assert not guests()
        assert not [*store.path.glob("console-*")]
    assert found[0] == found[1]
    assert len(load(tmp_path / "1").samples) == sum(len(block.order) for block in PLAN.blocks)


def test_a_guest_that_is_killed_costs_its_own_block(setup: GuestSetup, tmp_path: Path) -> None:
    store, watcher = begun(tmp_path / "run"), Watcher(kills=True)
    run(PLAN, guest_of(setup, store), store, watcher, jobs=2)
    samples = load(store.path).samples
    assert len(watcher.failed) == 1
    for block in PLAN.blocks:
        lines = [sample for sample in samples if sample.cell in block.cells]
        failed = {sample.status.partition(":")[0] for sample in lines} == {"failed"}
        assert failed == (block in watcher.failed)
        assert failed or len(lines) == len(block.order)


def test_an_interrupt_ends_every_guest(setup: GuestSetup, tmp_path: Path) -> None:
    store = begun(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        run(PLAN, guest_of(setup, store), store, Watcher(interrupts=True), jobs=2)
    assert not guests()
    assert not [*store.path.glob("console-*")]
