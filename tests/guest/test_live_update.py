# SPDX-License-Identifier: GPL-2.0-only
"""Live updates in a guest: what the figures have to obey, and that they repeat."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from bench.errors import CellSkipped
from bench.executors.guest import GuestExecutor, helper_command
from bench.executors.guest_setup import GuestSetup
from bench.model.cell import Block, Handover, Pages, Rep
from bench.model.method import OWN_PHASES, Method, Phase
from bench.model.units import GIB, KIB, MIB
from bench.protocol.messages import read_reps
from tests.guest.conftest import Bound, plan_of


def measured(executor: GuestExecutor, block: Block) -> dict[Method, list[Rep]]:
    reps = [rep for rep in executor.measure(block) if isinstance(rep, Rep)][block.warmup :]
    return {m: [rep for rep in reps if rep.method is m] for m in dict.fromkeys(block.order)}


def test_two_boots_agree(executor: GuestExecutor, setup: GuestSetup, tmp_path: Path) -> None:
    """What differs between boots is not what is measured."""
    (block,) = plan_of(mem="1G", pages="thp", reps=3).blocks
    again = GuestExecutor(replace(setup, console=tmp_path / "again.log", fresh=True))
    first, second = measured(executor, block), measured(again, block)
    for method, tolerance in ((Method.RESET_OWNER, 0.001), (Method.NEW_OWNER, 0.01)):
        pauses = [median(rep.pause for rep in reps[method]) for reps in (first, second)]
        assert pauses[1] == pytest.approx(pauses[0], rel=tolerance)


def test_cost_of_a_method_and_memory(executor: GuestExecutor) -> None:
    """Sixteen times the memory: new-owner costs the same, reset-owner sixteen times as much."""
    own: dict[tuple[Method, int], float] = {}
    for block in plan_of(mem="256M,4G", pages="thp", reps=3).blocks:
        for method, reps in measured(executor, block).items():
            costs = [sum(rep.phases[phase] for phase in OWN_PHASES) for rep in reps]
            own[method, block.any_cell.mem] = median(costs)
    small, large = 256 * MIB, 4 * GIB
    assert own[Method.NEW_OWNER, large] == pytest.approx(own[Method.NEW_OWNER, small], rel=0.05)
    growth = own[Method.RESET_OWNER, large] / own[Method.RESET_OWNER, small]
    assert growth == pytest.approx(16, rel=0.05)


@pytest.mark.parametrize("pages", [Pages.SMALL, Pages.THP, Pages.HUGETLB_2M])
def test_every_method_is_proven(executor: GuestExecutor, pages: Pages) -> None:
    plan = plan_of(pages=pages, method="new-owner,reset-owner,reopen,exec-only", reps=1)
    for block in plan.blocks:
        for method, reps in measured(executor, block).items():
            expected = 0 if method is Method.EXEC_ONLY else 64 * MIB
            assert [rep.pinned for rep in reps] == [expected]


def test_user_addresses_are_remapped_not_pinned(executor: GuestExecutor) -> None:
    """The device works after every handover, and each has the memory at another address."""
    (block,) = plan_of(
        device="sim-net-va", regions="3", backing="alias", mem="2560M", reps=2
    ).blocks
    reps = measured(executor, block)
    assert all(rep.pinned == 0 for group in reps.values() for rep in group)
    remap = median(rep.phases[Phase.MAP] for rep in reps[Method.NEW_OWNER])
    assert remap > 1000  # three messages and a table


def test_warm_page_tables_are_a_phase_of_their_own(executor: GuestExecutor) -> None:
    for block in plan_of(ptes="cold,warm", pages="4k", reps=1).blocks:
        for reps in measured(executor, block).values():
            populate = reps[0].phases[Phase.POPULATE]
            assert (populate > 0) == (block.any_cell.ptes == "warm")


def test_faults_that_are_put_off_are_measured_behind_the_pause(executor: GuestExecutor) -> None:
    """reset-owner takes them in the pause: pinning fills the page tables."""
    (block,) = plan_of(pages="4k").blocks
    reps = measured(executor, block)
    after = {method: median(rep.after_pause for rep in found) for method, found in reps.items()}
    pages = block.any_cell.mem // (4 * KIB)
    assert after[Method.NEW_OWNER] > 100 * pages  # instructions: a fault maps several
    assert after[Method.RESET_OWNER] < 50 * pages


def test_huge_pages_are_had_where_the_setting_forbids_them(bound: Bound) -> None:
    """By MADV_COLLAPSE, which heeds no setting: verified in smaps by the helper."""
    guest = bound("sim-net-pa")
    guest.run("echo never >/sys/kernel/mm/transparent_hugepage/shmem_enabled")
    (block,) = plan_of(method="exec-only", reps=1).blocks
    assert len([*read_reps(guest.lines(helper_command(block), 60), block)]) == len(block.order)


def test_pages_of_another_kind_are_caught(bound: Bound) -> None:
    """What is asked for as thp and got as 4k must not pass for thp."""
    guest = bound("sim-net-pa")
    guest.run("echo deny >/sys/kernel/mm/transparent_hugepage/shmem_enabled")
    (block,) = plan_of(method="exec-only", reps=1).blocks
    with pytest.raises(CellSkipped, match="guest memory gets no huge pages"):
        [*read_reps(guest.lines(helper_command(block), 60), block)]


def test_own_pages_of_a_new_process_are_no_part_of_the_pause(executor: GuestExecutor) -> None:
    """A process that was started before has them by then; one of exec and fork gets them after."""
    found = {
        block.any_cell.handover: measured(executor, block)[Method.EXEC_ONLY]
        for block in plan_of(handover="exec,transfer,fork", method="exec-only", reps=1).blocks
    }
    settled = {handover: reps[0].settle for handover, reps in found.items()}
    assert settled[Handover.TRANSFER] == 0
    for handover in (Handover.EXEC, Handover.FORK):
        assert settled[handover] > 100_000, settled  # instructions, of some 260 pages
    # Less than locking its pages alone takes: they are not in there a second time.
    pauses = {handover: reps[0].pause for handover, reps in found.items()}
    assert pauses[Handover.FORK] < settled[Handover.FORK], (pauses, settled)
