# SPDX-License-Identifier: GPL-2.0-only
"""A kernel without our patches: what it can do is measured, the rest is said."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.executors.guest import GuestExecutor
from bench.executors.guest_setup import GuestSetup
from bench.guest.initramfs import ensure_initramfs
from bench.kernel.config import load_config
from bench.kernel.modules import ensure_kernel
from bench.model.cell import Rep, Unavailable
from bench.model.method import Method
from tests.guest.conftest import plan_of


@pytest.fixture(scope="module")
def stock(setup: GuestSetup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestExecutor]:
    kernel = ensure_kernel(load_config("stock"))
    console = tmp_path_factory.mktemp("stock") / "console.log"
    initramfs = ensure_initramfs(kernel)
    executor = GuestExecutor(replace(setup, kernel=kernel, initramfs=initramfs, console=console))
    yield executor
    executor.close()


def test_reopen_is_measured_and_the_others_are_skipped_with_their_need(
    stock: GuestExecutor, tmp_path: Path
) -> None:
    """Also where the warm-up was to be by a method that is not to be had."""
    block = plan_of(method="new-owner,reset-owner,reopen").blocks[0]
    assert block.order[0] is Method.NEW_OWNER
    items = [*stock.measure(block)]
    missing = {item.method: item.need for item in items if isinstance(item, Unavailable)}
    assert missing == {
        Method.NEW_OWNER: "a kernel and a driver with VHOST_NEW_OWNER",
        Method.RESET_OWNER: "a kernel with VHOST_RESET_OWNER for vhost-vdpa",
    }
    reps = [item for item in items if isinstance(item, Rep)]
    assert {rep.method for rep in reps} == {Method.REOPEN}
    assert len(reps) == 1 + block.order[1:].count(Method.REOPEN)
    assert {rep.pinned for rep in reps} == {block.any_cell.mem}
