# SPDX-License-Identifier: GPL-2.0-only
"""The table of factors, and what a cell says of itself by it."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from bench.model.cell import (
    FACTORS,
    VARIANTS,
    Backing,
    Batch,
    Block,
    Cell,
    Handover,
    Method,
    Pages,
    Ptes,
)
from bench.model.units import GIB

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
    "threads": 4,
}
WORDS = {
    "ptes": "warm",
    "handover": "transfer",
    "regions": "regions=qemu",
    "batch": "unbatched",
    "threads": "threads=4",
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
