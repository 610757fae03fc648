# SPDX-License-Identifier: GPL-2.0-only
"""A child that takes the device over while its parent exists, and what the parent keeps."""

from statistics import median

import pytest

from bench.executors.guest import GuestExecutor, helper_command, page_steps
from bench.model.cell import Block, Handover, Pages, Rep
from bench.model.method import Method, Phase
from bench.model.units import MIB
from bench.protocol.messages import read_reps
from tests.guest.conftest import Bound, fails, plan_of

pytestmark = pytest.mark.guest

METHODS = "new-owner,reset-owner,reopen,exec-only"
STEPS = {
    # Phases that do anything; exec is fork, own pages and the mapping of guest memory.
    Method.NEW_OWNER: {Phase.SUSPEND, Phase.RESET, Phase.EXEC, Phase.CLAIM, Phase.VRINGS},
    Method.RESET_OWNER: {Phase.RELEASE, Phase.EXEC, Phase.CLAIM, Phase.VRINGS, Phase.MAP},
    Method.REOPEN: {Phase.RELEASE, Phase.EXEC, Phase.CLAIM, Phase.VRINGS, Phase.MAP},
    Method.EXEC_ONLY: {Phase.EXEC},
}
NOTHING = 300  # instructions: two readings of the clock


def measured(executor: GuestExecutor, block: Block) -> dict[Method, list[Rep]]:
    reps = [rep for rep in executor.measure(block) if isinstance(rep, Rep)][block.warmup :]
    return {m: [rep for rep in reps if rep.method is m] for m in dict.fromkeys(block.order)}


@pytest.mark.parametrize("pages", [Pages.SMALL, Pages.THP, Pages.HUGETLB_2M])
def test_a_child_takes_over(executor: GuestExecutor, pages: Pages) -> None:
    """The helper has checked that nothing is charged to the parent, which still exists."""
    seen = set()
    for block in plan_of(handover="fork", pages=pages, method=METHODS, reps=3).blocks:
        for method, reps in measured(executor, block).items():
            seen.add(method)
            assert {rep.pinned for rep in reps} == {0 if method is Method.EXEC_ONLY else 64 * MIB}
            for rep in reps:
                assert sum(rep.phases.values()) == rep.pause
                assert rep.phases[Phase.POPULATE] == 0
                assert all(rep.phases[phase] > NOTHING for phase in STEPS[method])
    assert seen == {*STEPS}


def test_page_tables_of_a_child_are_cold(executor: GuestExecutor) -> None:
    """What fills them counts as much as in a process that was started, and never had any.

    After execve() it counts more: no other process has the pages mapped then.
    """
    filled: dict[tuple[Handover, Method], float] = {}
    for block in plan_of(handover="transfer,fork", pages="4k", ptes="warm", reps=3).blocks:
        for method, reps in measured(executor, block).items():
            key = (block.any_cell.handover, method)
            filled[key] = median(rep.phases[Phase.POPULATE] for rep in reps)
    assert len(filled) == 4
    for (_, method), count in filled.items():
        assert count == pytest.approx(filled[Handover.TRANSFER, method], rel=0.02)
        assert count > 64 * MIB // Pages.SMALL.size * 100  # instructions for each page


@pytest.mark.parametrize(
    ("fault", "device", "method", "reason"),
    [
        ("new-owner-skips-remap", "sim-net-va", Method.NEW_OWNER, "did not answer"),
        ("wrong-address", "sim-net-va", Method.NEW_OWNER, "did not answer"),
        ("wrong-address", "sim-net-pa", Method.RESET_OWNER, "did not answer"),
        ("drop-mapping", "sim-net-pa", Method.NEW_OWNER, "VmPin is 0 kB"),
    ],
)
def test_proof_catches(
    executor: GuestExecutor, fault: str, device: str, method: Method, reason: str
) -> None:
    factors = {"device": device, "method": method, "handover": "fork", "break": fault}
    fails(executor, reason, **factors, reps=1)


def test_a_chain_inherits_no_more_than_it_hands_over(bound: Bound) -> None:
    """Thirty generations, each with eventfds of its own, where there is room for those of six."""
    guest = bound("sim-net-pa")
    (block,) = plan_of(method="new-owner", handover="fork", reps=30).blocks
    for step in page_steps(block.any_cell):
        step.take(guest)
    lines = guest.lines("ulimit -n 32; " + helper_command(block), 60)
    assert len([*read_reps(lines, block)]) == len(block.order)
