# SPDX-License-Identifier: GPL-2.0-only
"""Cells by the table of factors, why one has no figure, and the order of a block."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.cell import (
    FACTORS,
    VARIANTS,
    Backing,
    Batch,
    Block,
    Cell,
    Cvq,
    Handover,
    Pages,
    Ptes,
)
from bench.model.cell_state import CellState, state_of
from bench.model.method import Method
from bench.model.units import GIB
from tests.unit.streams import LIVE_METHODS, PIN_METHODS, small_block

CELL = Cell("sim-net-pa", Method.NEW_OWNER, 64 * GIB, Pages.THP, Backing.ALIAS, GIB)
OTHERS: dict[str, Any] = {
    "device": "vp-vdpa",
    "method": Method.REOPEN,
    "mem": GIB,
    "pages": Pages.SMALL,
    "backing": Backing.REAL,
    "file": 2 * GIB,
    "ptes": Ptes.WARM,
    "handover": Handover.TRANSFER,
    "regions": "qemu",
    "batch": Batch.OFF,
    "devices_of_vm": 2,
    "cvq": Cvq.OWN_ASID,
    "threads": 4,
    "handovers": 10_000,
}
WORDS = {
    "ptes": "warm",
    "handover": "transfer",
    "regions": "regions=qemu",
    "batch": "unbatched",
    "devices_of_vm": "devices-of-vm=2",
    "cvq": "cvq=own-asid",
    "threads": "threads=4",
    "handovers": "handovers=10000",
}


def test_the_samples_of_this_test_are_those_of_the_table() -> None:
    assert OTHERS.keys() == FACTORS.keys()
    assert WORDS.keys() == {*VARIANTS}


def test_a_row_has_every_factor_as_plain_text_or_bytes() -> None:
    row = CELL.factors()
    assert [*row] == [*FACTORS]
    assert (row["method"], row["mem"], row["ptes"]) == ("new-owner", 64 * GIB, "cold")
    assert {type(value) for value in row.values()} == {str, int}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_label_says_what_is_not_the_default(name: str) -> None:
    cell = replace(CELL, **{name: OTHERS[name]})
    assert cell.differing() == [WORDS[name]]
    assert cell.variant() == {name: str(OTHERS[name])}
    assert cell.label == f"sim-net-pa thp {WORDS[name]} 64 GiB alias 1 GiB new-owner"


def test_the_default_goes_without_saying() -> None:
    assert CELL.differing() == []
    assert replace(CELL, backing=Backing.REAL).label == "sim-net-pa thp 64 GiB real new-owner"


def test_no_two_cells_have_one_label() -> None:
    """A value at a time and two at a time; ``file`` is said of an alias only, which has one."""
    changes = [(), *((name,) for name in OTHERS), *combinations(OTHERS, 2)]
    cells = {
        replace(CELL, **{name: OTHERS[name] for name in names})
        for names in changes
        if not {"backing", "file"} <= {*names}
    }
    assert len({cell.label for cell in cells}) == len(cells)


@pytest.mark.parametrize("name", FACTORS)
def test_cells_that_differ_in_one_factor_are_equal_without_it(name: str) -> None:
    other = replace(CELL, **{name: OTHERS[name]})
    assert other.without(name) == CELL.without(name)
    assert other.without() != CELL.without()


def test_cells_are_sorted_in_the_order_of_definition() -> None:
    small = replace(CELL, pages=Pages.HUGETLB_1G, batch=Batch.ON)
    assert small.sort_key("mem", "pages") > CELL.sort_key("mem", "pages")
    assert small.sort_key("batch") < replace(small, batch=Batch.OFF).sort_key("batch")


def test_a_block_names_its_devices_and_methods() -> None:
    cells = (CELL, replace(CELL, method=Method.VFIO_VADDR, device="vfio-type1", ptes=Ptes.COLD))
    block = Block(cells, (Method.NEW_OWNER, Method.VFIO_VADDR))
    assert block.label == "sim-net-pa vfio-type1 thp 64 GiB alias 1 GiB (new-owner, vfio-vaddr)"


_WARM_UP = "warmup: took over from the process that made the memory"


@pytest.mark.parametrize(
    ("statuses", "state", "reason"),
    [
        (["ok"], CellState.MEASURED, ""),
        (["ok", _WARM_UP], CellState.MEASURED, ""),
        ([_WARM_UP], CellState.MISSING, "only its warm-up is there"),
        ([], CellState.MISSING, "only its warm-up is there"),
        (["missing: was killed"], CellState.MISSING, "was killed"),
        (["skipped: no device", _WARM_UP], CellState.SKIPPED, "no device"),
        (["skipped: no device", "ok"], CellState.MEASURED, "skipped: no device"),
        (["failed: VmPin", "ok", "skipped: no device"], CellState.FAILED, "VmPin"),
    ],
)
def test_a_cell_has_one_state_in_whatever_order_its_boots_ran(
    statuses: list[str], state: CellState, reason: str
) -> None:
    for order in permutations(statuses):
        assert state_of(order) == (state, reason)


def test_the_first_of_two_failures_is_the_reason() -> None:
    assert state_of(["failed: one", "failed: two"]) == (CellState.FAILED, "one")


def dropped(order: Sequence[Method], method: Method) -> list[Method]:
    """What drop() of helper/order.c makes of an order, step by step as it does."""
    left = list(order)
    warmup_goes = left[0] is method
    kept = 1
    for i in range(1, len(order)):
        if left[i] is not method:
            left[kept] = left[i]
            kept += 1
    if warmup_goes and kept > 1:
        left[0] = left[1]
    return [] if warmup_goes and kept == 1 else left[:kept]


def dropped_all(order: Sequence[Method], methods: Iterable[Method]) -> tuple[Method, ...]:
    for method in methods:
        order = dropped(order, method) if order else order
    return tuple(order)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """Of a plan, or with an order that no plan would make."""
    kind = draw(st.sampled_from([PIN_METHODS, LIVE_METHODS[:3]]))
    methods = draw(st.lists(st.sampled_from(kind), min_size=1, unique=True))
    planned = small_block(method=",".join(methods), reps=draw(st.integers(1, 4)))
    any_order = st.lists(st.sampled_from(methods), min_size=1, max_size=12).map(tuple)
    order = draw(st.just(planned.order) | any_order)
    return Block(planned.cells, order)


@given(blocks(), st.data())
def test_the_helper_leaves_the_same_order(block: Block, data: st.DataObject) -> None:
    methods = data.draw(st.permutations(sorted(set(block.order))))
    missing = methods[: data.draw(st.integers(0, len(methods)))]
    assert block.order_without(missing) == dropped_all(block.order, missing)


@given(blocks())
def test_nothing_is_left_of_nothing(block: Block) -> None:
    assert block.order_without([cell.method for cell in block.cells]) == ()
    assert block.order_without(()) == block.order


@given(blocks(), st.data())
def test_reps_of_the_others_are_all_there(block: Block, data: st.DataObject) -> None:
    """Of what is left one rep warms up, whichever it is of, and no sample is lost."""
    missing = data.draw(st.sets(st.sampled_from(sorted(set(block.order)))))
    left = block.order_without(missing)
    wanted = [method for method in block.order[1:] if method not in missing]
    if left:
        assert list(left[1:]) == wanted
        assert left[0] == (wanted[0] if block.order[0] in missing else block.order[0])
    else:
        assert not wanted
