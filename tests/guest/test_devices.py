# SPDX-License-Identifier: GPL-2.0-only
"""Every vDPA device: proven handovers, and sequences that are wrong on purpose and must fail."""

from contextlib import closing
from pathlib import Path

import pytest

from bench.errors import CellSkipped
from bench.executors.guest import GuestExecutor, helper_command, page_steps
from bench.executors.guest_setup import GuestSetup, prepare
from bench.guest.boot import Guest
from bench.model.cell import Block, Clock, Rep
from bench.model.device import DEVICES
from bench.model.method import Method
from bench.model.units import MIB
from bench.protocol.messages import read_reps
from tests.guest.conftest import REAL, Bound, fails, plan_of


@pytest.mark.parametrize("handover", ["exec", "transfer"])
@pytest.mark.parametrize("device", REAL)
def test_device(everything: GuestExecutor, device: str, handover: str) -> None:
    methods = "new-owner,reset-owner,reopen"
    plan = plan_of(device=device, handover=handover, method=methods, regions="1,7", reps=1)
    for block in plan.blocks:
        reps = [rep for rep in everything.measure(block) if isinstance(rep, Rep)]
        assert [rep.method for rep in reps] == [*block.order]
        assert {rep.pinned for rep in reps} == {64 * MIB if DEVICES[device].pins else 0}
    assert everything.boots == 1


def test_a_device_of_a_later_kernel_is_skipped_with_its_need(everything: GuestExecutor) -> None:
    (block,) = plan_of(device="vduse-suspend", method="new-owner", reps=1).blocks
    with pytest.raises(CellSkipped, match="cannot have vduse-suspend") as skipped:
        list(everything.measure(block))
    assert "7.3" in skipped.value.hint


BROKEN = [
    # break, device, method, what notices
    ("new-owner-skips-remap", "sim-net-va", Method.NEW_OWNER, "did not answer"),
    ("wrong-address", "sim-net-va", Method.NEW_OWNER, "did not answer"),
    ("wrong-address", "sim-net-va", Method.RESET_OWNER, "did not answer"),
    ("wrong-address", "sim-net-pa", Method.RESET_OWNER, "did not answer"),
    ("wrong-address", "vp-vdpa", Method.RESET_OWNER, "did not answer"),
    ("wrong-address", "vduse-blk", Method.RESET_OWNER, "did not answer"),
    ("drop-mapping", "sim-net-pa", Method.NEW_OWNER, "VmPin is 0 kB"),
    ("drop-mapping", "sim-net-pa-nobatch", Method.RESET_OWNER, "VmPin is 0 kB"),
    ("drop-mapping", "sim-net-va", Method.NEW_OWNER, "did not answer"),
    ("drop-mapping", "sim-blk-pa", Method.NEW_OWNER, "VmPin is 0 kB"),
    ("drop-mapping", "vduse-blk", Method.NEW_OWNER, "did not answer"),
]
# One region of seven is lost, and not the one that the rings are in.
BROKEN_OF_SEVEN = [
    ("drop-mapping", "sim-net-va", Method.NEW_OWNER, r"VmPin|io: "),
    ("drop-mapping", "sim-net-va", Method.RESET_OWNER, r"VmPin|io: "),
    ("drop-mapping", "sim-blk-pa", Method.NEW_OWNER, r"VmPin|io: "),
]
CASES = [*((1, *case) for case in BROKEN), *((7, *case) for case in BROKEN_OF_SEVEN)]


@pytest.fixture(scope="module")
def fresh(everything: GuestExecutor, tmp_path_factory: pytest.TempPathFactory) -> GuestSetup:
    console: Path = tmp_path_factory.mktemp("broken") / "console.log"
    blocks = plan_of(device="vp-vdpa,vduse-blk").blocks
    return prepare(blocks, Clock.ICOUNT, console)


@pytest.mark.parametrize(("regions", "fault", "device", "method", "reason"), CASES)
def test_proof_catches(
    fresh: GuestSetup, regions: int, fault: str, device: str, method: Method, reason: str
) -> None:
    words = {"device": device, "method": method, "regions": str(regions), "break": fault}
    with closing(GuestExecutor(fresh)) as executor:
        fails(executor, reason, **words, reps=1)


def test_faults_that_do_not_concern_a_device_pass(everything: GuestExecutor) -> None:
    """Physical addresses need no REMAP: to skip it is no fault there."""
    (block,) = plan_of(method="new-owner", reps=1, **{"break": "new-owner-skips-remap"}).blocks
    assert len([*everything.measure(block)]) == 2


def pins(guest: Guest) -> dict[str, int]:
    """Pages that pin_user_pages() took and gave back since boot: the kernel's own count."""
    command = 'while read -r k v; do case $k in nr_foll_pin_*) echo "$k $v" >&4; esac; done'
    guest.run("echo 1 >/proc/sys/vm/stat_refresh")  # counts are kept per CPU until then
    lines = [*guest.lines(f"{command} </proc/vmstat", 60)][:-1]
    return {name: int(value) for name, value in (line.split() for line in lines)}


@pytest.mark.parametrize("pages", ["4k", "4k-fragmented", "thp", "hugetlb-2m"])
def test_pins_by_an_independent_count(bound: Bound, pages: str) -> None:
    """Once before the first rep and again in every reset-owner; never in new-owner."""
    block: Block
    (block,) = plan_of(device="sim-net-pa", pages=pages, reps=2).blocks
    guest = bound("sim-net-pa")
    for step in page_steps(block.any_cell):
        step.take(guest)
    before = pins(guest)
    reps = [*read_reps(guest.lines(helper_command(block), 60), block)]
    after = pins(guest)
    methods = [rep.method for rep in reps if isinstance(rep, Rep)]
    expected = (1 + methods.count(Method.RESET_OWNER)) * block.any_cell.mem // 4096
    assert {name: after[name] - before[name] for name in after} == {
        "nr_foll_pin_acquired": expected,
        "nr_foll_pin_released": expected,
    }
