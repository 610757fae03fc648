# SPDX-License-Identifier: GPL-2.0-only
"""Parts of a plan: every block is in one of them, they take alike, and all of bench agrees."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.model.cell import Block, Clock
from bench.plan.boots import Boot, boots_of
from bench.plan.duration import whole_seconds
from bench.plan.matrix import make_plan
from bench.plan.shards import Shard, read_shard, share_out
from tests.unit.streams import make_scenario

MEM = "64M,128M,256M,512M,1G,2G,4G"


def boots(**fields: object) -> list[Boot]:
    return boots_of(make_scenario(**{"mem": MEM, **fields}))


def shares(given: list[Boot], count: int, clock: Clock | None) -> list[list[frozenset[Block]]]:
    return [share_out(given, Shard(n, count), clock) for n in range(1, count + 1)]


@settings(deadline=None, max_examples=30)
@given(
    count=st.integers(1, 28), kernels=st.sampled_from(["", "a,b"]), clock=st.sampled_from([*Clock])
)
def test_every_block_of_every_boot_is_in_one_part(count: int, kernels: str, clock: Clock) -> None:
    given = boots(boots=4, **({"kernel": kernels} if kernels else {}))
    found: Counter[tuple[int, Block]] = Counter()
    for share in shares(given, count, clock):
        found.update((place, block) for place, mine in enumerate(share) for block in mine)
    wanted = {
        (place, block)
        for place, boot in enumerate(given)
        for block in make_plan(boot.scenario).blocks
    }
    assert found.keys() == wanted
    assert {*found.values()} == {1}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_parts_take_alike(count: int) -> None:
    """None takes longer than a third over the mean, or than its longest block (Graham, 1969)."""
    given = boots(boots=3)
    loads = [
        sum(whole_seconds(block) for mine in share for block in mine)
        for share in shares(given, count, Clock.ICOUNT)
    ]
    longest = max(whole_seconds(block) for block in make_plan(given[0].scenario).blocks)
    assert max(loads) <= max(4 / 3 * sum(loads) / count, longest)


@pytest.mark.parametrize("clock", [Clock.WALL, None])
def test_times_of_kernels_that_are_compared_stay_together(clock: Clock | None) -> None:
    given = boots(kernel="a,b", boots=3)
    for share in shares(given, 4, clock):
        cells: dict[int, list[frozenset[object]]] = {}
        for boot, mine in zip(given, share, strict=True):
            cells.setdefault(boot.number, []).append(frozenset(block.any_cell for block in mine))
        assert all(len({*of_kernels}) == 1 for of_kernels in cells.values())


def test_counts_of_kernels_may_go_anywhere() -> None:
    given = boots(kernel="a,b", boots=1, mem="64M")
    first, second = shares(given, 2, Clock.ICOUNT)
    assert [len(mine) for mine in first] == [len(mine) for mine in reversed(second)]
    with pytest.raises(UsageError, match="2 parts of a plan that can be cut into 1"):
        share_out(given, Shard(2, 2), Clock.WALL)


def test_more_parts_than_blocks_are_refused() -> None:
    with pytest.raises(UsageError, match="3 parts of a plan that can be cut into 2"):
        share_out(boots(mem="64M,128M"), Shard(3, 3), None)


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2", "1/99999", "\u0661/\u0662"]
)
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--shard: "):
        read_shard(text)


def test_a_part_is_spelled_as_it_is_read() -> None:
    assert str(read_shard("2/8")) == "2/8"
