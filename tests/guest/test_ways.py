# SPDX-License-Identifier: GPL-2.0-only
"""Other ways to hand over: no reset, a new process that fails, several devices, a control queue."""

from collections import defaultdict

import pytest

from bench.errors import CellSkipped
from bench.executors.guest import GuestExecutor
from bench.model.cell import CONTROL_BYTES, Handover, Rep, Unavailable
from bench.model.method import Method, Phase
from bench.model.units import MIB
from tests.guest.conftest import fails, plan_of

pytestmark = pytest.mark.guest

NOTHING = 300  # instructions: two readings of the clock
BACK = (Method.NEW_OWNER_BACK, Method.RESET_OWNER_BACK)
WAYS = "new-owner,reset-owner,resume,new-owner-back,reset-owner-back"


def measured(executor: GuestExecutor, **factors: object) -> dict[Method, list[Rep]]:
    """Return the reps of the only block of a plan, by method; others are in its skips."""
    (block,) = plan_of(**factors).blocks
    found = defaultdict(list)
    for rep in [item for item in executor.measure(block) if isinstance(item, Rep)][block.warmup :]:
        found[rep.method].append(rep)
    return found


@pytest.mark.parametrize("handover", [Handover.TRANSFER, Handover.FORK])
@pytest.mark.parametrize("device", ["sim-net-pa", "sim-net-va", "sim-blk-pa"])
def test_every_way_is_proven_in_turns(
    executor: GuestExecutor, device: str, handover: Handover
) -> None:
    """The helper has sent a packet after each: by the old process where the new one failed."""
    found = measured(executor, device=device, handover=handover, method=WAYS, reps=3)
    pinned = 0 if device == "sim-net-va" else 64 * MIB
    assert {method.value for method in found} == {*WAYS.split(",")}
    assert {rep.pinned for reps in found.values() for rep in reps} == {pinned}
    for rep in found[Method.RESUME]:
        assert rep.phases[Phase.RESET] < NOTHING
        assert rep.phases[Phase.RELEASE] < NOTHING
        assert rep.phases[Phase.VRINGS] > NOTHING  # eventfds
    for method in BACK:  # the old process has its page tables still
        assert all(rep.after_pause < NOTHING * 10 for rep in found[method])
    assert all(rep.phases[Phase.RELEASE] < NOTHING for rep in found[Method.NEW_OWNER_BACK])


def test_a_device_that_is_not_reset_keeps_its_rings(executor: GuestExecutor) -> None:
    found = measured(executor, method="new-owner,resume", reps=3)
    for phase in (Phase.RESET, Phase.VRINGS, Phase.START):
        fewest = min(rep.phases[phase] for rep in found[Method.NEW_OWNER])
        assert all(rep.phases[phase] < fewest for rep in found[Method.RESUME])


def test_execve_leaves_nothing_to_go_back_to(executor: GuestExecutor) -> None:
    (block,) = plan_of(method=f"new-owner,{','.join(BACK)}").blocks
    items = [*executor.measure(block)]
    skipped = [item for item in items if isinstance(item, Unavailable)]
    assert {item.method for item in skipped} == {*BACK}
    assert {item.need for item in skipped} == {"--handover transfer or fork"}
    assert {item.method for item in items if isinstance(item, Rep)} == {Method.NEW_OWNER}


@pytest.mark.parametrize(
    ("factors", "why"),
    [
        ({"device": "vp-vdpa", "method": "resume"}, "does not offer VHOST_BACKEND_F_SUSPEND"),
        ({"device": "vp-vdpa", "cvq": "own-asid"}, "one address space for all queues"),
        ({"device": "vduse-blk", "devices_of_vm": 2}, "a guest has one vduse-blk"),
        ({"device": "sim-blk-pa", "cvq": "own-asid"}, "has no control queue"),
    ],
)
def test_what_a_device_lacks_is_said(
    everything: GuestExecutor, factors: dict[str, object], why: str
) -> None:
    (block,) = plan_of(**factors).blocks
    with pytest.raises(CellSkipped, match=why):
        [*everything.measure(block)]


@pytest.mark.parametrize("device", ["sim-net-pa", "sim-net-va", "sim-blk-pa"])
def test_pages_are_charged_for_each_device(executor: GuestExecutor, device: str) -> None:
    found = measured(executor, device=device, devices_of_vm=3, handover="fork", method=WAYS, reps=2)
    want = 0 if device == "sim-net-va" else 3 * 64 * MIB
    assert {rep.pinned for reps in found.values() for rep in reps} == {want}
    assert len(found) == len(WAYS.split(","))


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("device", ["sim-net-pa", "sim-net-va"])
def test_a_control_queue_is_handed_over(executor: GuestExecutor, device: str, devices: int) -> None:
    """The helper has set the MAC address through it after each handover, and read it back."""
    factors = {"device": device, "cvq": "own-asid", "devices_of_vm": devices}
    found = measured(executor, **factors, handover="transfer", method=WAYS, reps=2)
    want = 0 if device == "sim-net-va" else devices * (64 * MIB + CONTROL_BYTES)
    assert {rep.pinned for reps in found.values() for rep in reps} == {want}
    assert len(found) == len(WAYS.split(","))


@pytest.mark.parametrize(
    ("fault", "method", "device", "reason"),
    [
        ("new-owner-skips-remap", "resume", "sim-net-va", "did not answer"),
        ("wrong-address", "resume", "sim-net-va", "did not answer"),
        ("wrong-address", "new-owner-back", "sim-net-va", "did not answer"),
        ("wrong-address", "reset-owner-back", "sim-net-pa", "did not answer"),
        ("drop-mapping", "new-owner-back", "sim-net-pa", "VmPin is 0 kB"),
        ("drop-mapping", "resume", "sim-net-pa", "VmPin is 0 kB"),
    ],
)
def test_the_proof_catches_what_is_wrong(
    executor: GuestExecutor, fault: str, method: str, device: str, reason: str
) -> None:
    factors = {"device": device, "method": method, "handover": "transfer", "break": fault}
    fails(executor, reason, **factors)
