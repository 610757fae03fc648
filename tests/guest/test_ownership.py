# SPDX-License-Identifier: GPL-2.0-only
"""The interface that the patches add, on the real kernel: helper/ownership.c asks it."""

import pytest

from bench.model.device import DEVICES
from bench.protocol.messages import Check, read_items
from tests.guest.conftest import Bound

OWNERSHIP = {
    "new-owner-without-owner",  # EINVAL
    "new-owner-not-negotiated",  # EOPNOTSUPP
    "new-owner-self",  # EBUSY
    "vmpin-mapped",
    "reset-owner-by-another",  # EPERM
    "new-owner-low-memlock",  # ENOMEM where pages are pinned
    "low-memlock-moves-nothing",
    "new-owner-twice",  # EBUSY
    "vmpin-new",
    "vmpin-old",
    "memory-unchanged",
    "old-owner-is-out",
    "reset-owner-without-owner",
    "reset-owner",
    "vmpin-after-reset-owner",
    "reset-owner-twice",
    "set-owner-after-reset",
    "new-owner-that-dies",
    "vmpin-while-a-dead-process-owns",
    "new-owner-of-a-dead-owner",
    "vmpin-back",
    "reset-owner-by-the-owner-again",
    "reset-owner-of-a-dead-owner",  # EPERM
    "set-owner-of-a-dead-owner",  # EBUSY
    "kernel-warnings",
}
REMAP = {
    "negotiate-without-persist",
    "restart-new-owner",
    "packet-after-new-owner",
    "kernel-warnings",
}
BAD_REMAPS = {
    "remap-perm",
    "remap-size-0",
    "remap-wrong-size",
    "remap-wrong-start",
    "remap-kernel-address",
    "remap-unknown-iova",
}
EXPECTED = {
    ("ownership", "sim-net-pa"): OWNERSHIP | {"new-owner"},
    ("ownership", "sim-net-va"): OWNERSHIP,
    ("remap", "sim-net-pa"): REMAP | {"remap-not-supported"},
    ("remap", "sim-net-va"): REMAP | BAD_REMAPS | {"remap-unbatched"},
}


@pytest.mark.parametrize(("experiment", "device"), EXPECTED)
def test_interface(bound: Bound, experiment: str, device: str) -> None:
    guest = bound(device)
    pinned = " --pinned" if DEVICES[device].pins else ""
    command = (
        f"bench-helper {experiment} --out 4 --device /dev/vhost-vdpa-0"
        f" --mem {64 << 20} --pages 4k --order exec-only{pinned}"
    )
    checks = [item for item in read_items(guest.lines(command, 60)) if isinstance(item, Check)]
    assert {check.name for check in checks} == EXPECTED[experiment, device]
    assert not [check for check in checks if not check.ok]
