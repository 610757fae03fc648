# SPDX-License-Identifier: GPL-2.0-only
"""A block of this machine that has reps enough: its helper ends with it, at whatever it is."""

from contextlib import closing
from pathlib import Path

import psutil
import pytest

from bench.executors.host import prepare
from bench.model.cell import Rep
from tests.unit.streams import small_plan


@pytest.mark.parametrize("reps", [1, 2])
def test_the_helper_ends_with_its_block(reps: int, tmp_path: Path) -> None:
    plan = small_plan(method="populate", device="none", mem="2M", pages="4k", reps="200")
    (block,) = plan.blocks
    executor = prepare(plan, tmp_path / "console.log")
    others = {*psutil.Process().children()}  # that fixtures of other tests have started
    with closing(executor.measure(block)) as items:
        taken = [next(items) for _ in range(reps)]
        (helper,) = {*psutil.Process().children()} - others
    assert all(isinstance(item, Rep) for item in taken)
    assert not helper.is_running()
    assert sum(isinstance(item, Rep) for item in executor.measure(block)) == 201  # the next one
