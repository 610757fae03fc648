# SPDX-License-Identifier: GPL-2.0-only
"""Which cells a plan has, and in which order their reps run."""

import itertools
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.cell import Backing, Block, Cell, Plan
from bench.model.method import Family, Method
from bench.model.units import GIB, MIB
from bench.plan.matrix import ALIAS_FILE, REAL_LIMIT, balanced_order
from tests.unit.streams import LIVE_METHODS, PIN_METHODS, small_block, small_plan

ALL_METHODS = ",".join((*LIVE_METHODS, *PIN_METHODS))

method_lists = st.lists(st.sampled_from(list(Method)), min_size=1, unique=True)


def cells(plan: Plan) -> list[Cell]:
    return [cell for block in plan.blocks for cell in block.cells]


def rounds(methods: list[Method], reps: int, seed: int) -> list[tuple[Method, ...]]:
    order = balanced_order(methods, reps, random.Random(seed))
    return list(zip(*[iter(order)] * len(methods), strict=True))


def test_a_plan_has_every_combination_once() -> None:
    factors = {
        "device": ("sim-net-pa", "sim-net-va"),
        "pages": ("4k", "thp"),
        "mem": ("64M", "128M"),
        "ptes": ("cold", "warm"),
        "regions": ("1", "2"),
        "method": ("reset-owner", "new-owner"),
    }
    plan = small_plan(**{name: ",".join(values) for name, values in factors.items()})
    planned = [
        (cell.device, cell.pages, f"{cell.mem // MIB}M", cell.ptes, str(cell.regions), cell.method)
        for cell in cells(plan)
    ]
    assert sorted(planned) == sorted(itertools.product(*factors.values()))


@pytest.mark.parametrize("more", [{"mem": "64M,128M"}, {"mem": "128M,64M", "pages": "4k,thp"}])
def test_what_stands_beside_a_block_does_not_change_its_order(more: dict[str, str]) -> None:
    (alone,) = small_plan(mem="128M", pages="thp").blocks
    found = [block for block in small_plan(**{"pages": "thp", **more}).blocks if block == alone]
    assert found == [alone]


def test_the_seed_decides_on_the_order_of_a_block() -> None:
    orders = {small_plan(mem="128M", reps=5, seed=seed).blocks[0].order for seed in range(20)}
    assert len(orders) > 4  # of 8 that are balanced


def test_a_value_given_twice_is_one_cell() -> None:
    plan = small_plan(method="new-owner,new-owner", mem="64M,65536K")
    assert len(cells(plan)) == 1


def test_cells_of_a_block_differ_only_in_their_method() -> None:
    plan = small_plan(method=ALL_METHODS, mem="64M,256M", pages="4k,thp", ptes="cold,warm")
    for block in plan.blocks:
        assert len({replace(cell, method=Method.REOPEN) for cell in block.cells}) == 1


def test_exec_only_never_shares_a_block_with_a_device() -> None:
    plan = small_plan(method=ALL_METHODS, mem="64M,256M")
    with_device = {m for m in LIVE_METHODS if m.family is Family.VDPA}
    for block in plan.blocks:
        methods = {cell.method for cell in block.cells}
        assert methods in ({Method.EXEC_ONLY}, with_device, {*PIN_METHODS})


REFERENCE = "reset-owner,new-owner,vfio-remap,vfio-vaddr,exec-only"


def test_devices_of_several_families_share_a_block() -> None:
    devices = "sim-net-pa,vfio-type1,none"
    (block,) = small_plan(device=devices, method=REFERENCE, reps=5).blocks
    assert {(cell.method, cell.device) for cell in block.cells} == {
        (Method.RESET_OWNER, "sim-net-pa"),
        (Method.NEW_OWNER, "sim-net-pa"),
        (Method.VFIO_REMAP, "vfio-type1"),
        (Method.VFIO_VADDR, "vfio-type1"),
        (Method.EXEC_ONLY, "none"),
    }
    assert block.devices == ("sim-net-pa", "vfio-type1", "none")
    order = block.order[1:]
    for method in order:
        assert sorted(i % 5 for i, m in enumerate(order) if m is method) == [0, 1, 2, 3, 4]


def test_two_devices_of_one_family_share_no_block() -> None:
    """The helper has one node of each: whose is a method then?"""
    devices = "sim-net-pa,sim-net-va,vfio-type1"
    plan = small_plan(device=devices, method="new-owner,vfio-vaddr")
    assert sorted(block.devices for block in plan.blocks) == [
        ("sim-net-pa",),
        ("sim-net-va",),
        ("vfio-type1",),
    ]


def test_methods_of_a_block_are_of_one_experiment() -> None:
    plan = small_plan(method=ALL_METHODS, mem="64M,256M")
    for block in plan.blocks:
        assert {cell.method.experiment for cell in block.cells} == {block.experiment}


def test_threads_are_a_factor() -> None:
    plan = small_plan(method="io-uring,mlock", device="none", threads="1,2,32")
    assert sorted(block.any_cell.threads for block in plan.blocks) == [1, 2, 32]
    assert {cell.threads for cell in cells(small_plan())} == {1}


def test_a_block_begins_with_one_warmup_of_its_quickest_method() -> None:
    block = small_block(method="reopen,reset-owner,new-owner", reps=4)
    assert block.warmup == 1
    assert block.order[0] is Method.NEW_OWNER
    assert Counter(block.order[1:]) == {cell.method: 4 for cell in block.cells}


def test_a_warmup_is_of_a_method_of_the_block() -> None:
    block = small_block(method="reopen,reset-owner")
    assert block.order[0] is Method.RESET_OWNER


@pytest.mark.parametrize(
    ("backing", "mem", "decided", "file"),
    [
        ("auto", REAL_LIMIT, Backing.REAL, REAL_LIMIT),
        ("auto", REAL_LIMIT + 2 * MIB, Backing.ALIAS, ALIAS_FILE),
        ("real", 64 * GIB, Backing.REAL, 64 * GIB),
        ("alias", 64 * GIB, Backing.ALIAS, ALIAS_FILE),
        ("alias", 64 * MIB, Backing.ALIAS, 64 * MIB),
    ],
)
def test_the_backing_is_decided(backing: str, mem: int, decided: Backing, file: int) -> None:
    cell = small_block(backing=backing, mem=str(mem)).any_cell
    assert (cell.backing, cell.file) == (decided, file)


def test_a_plan_carries_what_the_scenario_said() -> None:
    plan = small_plan(seed=42)
    assert (plan.scenario, plan.seed) == ("small", 42)


def orders(plan: Plan) -> list[tuple[Method, ...]]:
    return [block.order for block in plan.blocks]


def test_a_seed_gives_one_plan() -> None:
    factors = {"mem": "64M,128M,256M", "method": ALL_METHODS, "reps": 5}
    assert small_plan(**factors, seed=7) == small_plan(**factors, seed=7)


@pytest.mark.parametrize("reps", [1, 3, 5, 19])
def test_more_reps_go_on_with_the_same_order(reps: int) -> None:
    """So figures of a number of reps are those of as many that were enough."""
    exact, open_ended = (small_block(method=ALL_METHODS, reps=text) for text in (reps, f"{reps}+"))
    assert open_ended.least_order == exact.order == exact.least_order
    assert len(open_ended.order) == 1 + 20 * len(open_ended.cells)
    assert (exact.least, open_ended.least) == (None, reps)
    assert open_ended.count == f"{len(exact.order)} to {len(open_ended.order)}"
    assert exact.count == str(len(exact.order))


def test_seeds_give_different_orders_of_the_same_cells() -> None:
    factors = {"mem": "64M,128M,256M", "method": "reopen,reset-owner,new-owner", "reps": 6}
    plans = [small_plan(**factors, seed=seed) for seed in range(5)]
    assert len({tuple(orders(plan)) for plan in plans}) == 5
    assert len({frozenset(cells(plan)) for plan in plans}) == 1


def test_seeds_shuffle_the_blocks() -> None:
    def sequence(seed: int) -> tuple[int, ...]:
        blocks: tuple[Block, ...] = small_plan(mem="64M:64G", seed=seed).blocks
        return tuple(block.any_cell.mem for block in blocks)

    assert len({sequence(seed) for seed in range(10)}) > 1


@given(method_lists, st.integers(1, 40), st.integers(0, 2**32))
def test_each_method_runs_once_a_round(methods: list[Method], reps: int, seed: int) -> None:
    parts = rounds(methods, reps, seed)
    assert len(parts) == reps
    assert all(sorted(part) == sorted(methods) for part in parts)


@given(method_lists, st.integers(1, 5), st.integers(0, 2**32))
def test_each_method_stands_in_each_place_equally_often(
    methods: list[Method], times: int, seed: int
) -> None:
    parts = rounds(methods, times * len(methods), seed)
    for place in zip(*parts, strict=True):
        assert Counter(place) == dict.fromkeys(methods, times)


def test_different_seeds_give_different_orders() -> None:
    found = {tuple(rounds(list(Method), 8, seed)) for seed in range(20)}
    assert len(found) == 20


def test_rounds_do_not_always_follow_each_other_in_one_order() -> None:
    found = {tuple(rounds(list(Method), 4, seed)) for seed in range(200)}
    assert len(found) > 24  # as many orders as the first round can have
