# SPDX-License-Identifier: GPL-2.0-only
"""A limit that is hit is named, with what was needed and what to set."""

import pytest

from bench.errors import CellFailed, CellSkipped
from bench.executors.guest import GuestExecutor, helper_command, page_steps
from bench.guest.boot import Guest
from bench.protocol.messages import read_reps
from tests.guest.conftest import Bound, plan_of


def reason(guest: Guest, before: str = "", **factors: str) -> str:
    (block,) = plan_of(method="new-owner", reps=1, **factors).blocks
    for step in page_steps(block.any_cell):
        step.take(guest)
    command = helper_command(block).partition("; ")[2]
    lines = guest.lines(before + command, 60)
    with pytest.raises(CellFailed) as caught:
        [*read_reps(lines, block)]
    assert len([*lines]) == 1  # the exit of the helper
    return caught.value.message


def test_limits_are_named(bound: Bound) -> None:
    guest = bound("sim-net-pa")
    low = reason(guest, "ulimit -l 1024; ")
    assert "memlock limit is 1024 kB, 65536 kB are needed: ulimit -l unlimited" in low
    for command in ("vdpa dev del vdpa0", "rmmod vdpa_sim_net", "rmmod vdpa_sim"):
        guest.run(command)
    guest.run("insmod /modules/vdpa_sim.ko use_va=0 max_iotlb_entries=100")
    guest.run("insmod /modules/vdpa_sim_net.ko")
    guest.run("vdpa dev add name vdpa0 mgmtdev vdpasim_net")
    guest.run("rmmod vhost_vdpa")
    guest.run("insmod /modules/vhost_vdpa.ko max_iotlb_entries=100")
    many = reason(guest, "ulimit -l unlimited; ", pages="4k-fragmented")
    assert "max_iotlb_entries of vhost_vdpa is 100, 16385 are needed: load it with more" in many


def test_a_pool_that_cannot_be_filled_is_a_skip(executor: GuestExecutor) -> None:
    (block,) = plan_of(pages="hugetlb-2m", mem="64G", backing="real", reps=1).blocks
    with pytest.raises(CellSkipped, match="cannot set 32768 hugetlb-2m pages aside"):
        [*executor.measure(block)]
