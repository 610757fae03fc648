# SPDX-License-Identifier: GPL-2.0-only
"""Rows for cells that were left out: marked, and only where a line says what they would be."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.model.cell import Backing, Batch, Cell, Handover, Pages, Ptes, Sample
from bench.model.method import Method
from bench.model.units import format_quantity, format_size
from tests.unit.runs import (
    CELL,
    measured,
    on_a_line,
    rows,
    run_of,
    run_text,
    section,
    sized,
    straight,
    without,
)

SMALLER = [sized(CELL, gib) for gib in (1, 2, 4, 16)]
WANTED = sized(CELL, 64)
OTHER_KINDS: list[dict[str, Any]] = [
    {"device": "sim-net-va"},
    {"pages": Pages.HUGETLB_2M},
    {"method": Method.REOPEN},
    {"backing": Backing.REAL},
    {"ptes": Ptes.WARM},
    {"handover": Handover.TRANSFER},
    {"regions": "qemu"},
    {"batch": Batch.OFF},
]


def row_of(text: str, cell: Cell) -> list[str] | None:
    found = [
        row
        for row in rows(text, "Pause of a live update")
        if format_size(cell.mem) in row and cell.method in row
    ]
    return found[0] if found else None


def unmeasured(text: str) -> str:
    return "\n".join(section(text, "Without a figure"))


def assert_no_estimate(samples: list[Sample], cell: Cell = WANTED) -> None:
    text = run_text(run_of(samples))
    assert "~" not in text
    assert "extrapolated" not in text.replace("not extrapolated: ", "")
    assert f"{cell.mem >> 30} GiB" in unmeasured(text)


def test_a_cell_on_a_line_is_extrapolated_and_marked() -> None:
    text = run_text(run_of([*straight(SMALLER), without(WANTED)]))
    row = row_of(text, WANTED)
    assert row
    *_, middle, low, high, count, mark = row
    assert (count, mark) == ("0", "extrapolated")
    assert all(value.startswith("~") for value in (middle, low, high))
    assert middle == f"~{format_quantity(on_a_line(WANTED), 'instructions')}"
    assert float(low[1:-2]) <= float(middle[1:-2]) <= float(high[1:-2])
    assert unmeasured(text) == ""


def test_the_verdict_is_of_what_was_measured() -> None:
    new = [sized(CELL, gib, method=Method.NEW_OWNER) for gib in (1, 2, 4, 16)]
    samples = straight([*SMALLER, *new])
    skipped = [without(WANTED), without(sized(CELL, 64, method=Method.NEW_OWNER))]
    verdict = run_text(run_of(samples)).splitlines()[0]
    assert run_text(run_of([*samples, *skipped])).splitlines()[0] == verdict


def test_any_reason_to_skip_is_extrapolated() -> None:
    skipped = without(WANTED, "skipped: the guest cannot set 64 pages aside (needs: memory)")
    assert row_of(run_text(run_of([*straight(SMALLER), skipped])), WANTED)


LARGER = [sized(CELL, gib) for gib in (4, 16, 256)]
NEVER: dict[str, tuple[list[Sample], Cell]] = {
    "failed": ([*straight(SMALLER), without(WANTED, "failed: VmPin is 0 kB")], WANTED),
    "two smaller": ([*straight(SMALLER[:2]), without(WANTED)], WANTED),
    "two smaller, one larger": ([*straight(LARGER), without(WANTED)], WANTED),
    "all larger": ([*straight([*LARGER, WANTED]), without(SMALLER[0])], SMALLER[0]),
    "three smaller": ([*straight(SMALLER[:3]), without(WANTED)], WANTED),
    "one of four failed": (
        [*straight(SMALLER[:3]), without(SMALLER[3], "failed: x"), without(WANTED)],
        WANTED,
    ),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_is_not_extrapolated(name: str) -> None:
    assert_no_estimate(*NEVER[name])


def test_it_is_said_why_there_is_no_estimate() -> None:
    """From three smaller sizes on: of fewer none is to be expected."""
    said = {
        count: unmeasured(run_text(run_of([*straight(SMALLER[:count]), without(WANTED)])))
        for count in (2, 3)
    }
    assert said[3].endswith("; not extrapolated: 3 sizes were measured, to see a line bend takes 4")
    assert "extrapolated" not in said[2]


@pytest.mark.parametrize("fields", OTHER_KINDS, ids=lambda fields: next(iter(fields)))
def test_a_size_of_another_kind_does_not_count(fields: dict[str, Any]) -> None:
    other = sized(CELL, 16, **fields)
    assert_no_estimate([*straight([*SMALLER[:3], other]), without(WANTED)])


@pytest.mark.parametrize("fields", OTHER_KINDS, ids=lambda fields: next(iter(fields)))
def test_every_kind_has_its_own_line(fields: dict[str, Any]) -> None:
    others = [sized(CELL, gib, **fields) for gib in (1, 2, 4, 16)]
    assert_no_estimate([*straight(others), without(WANTED)])
    text = run_text(run_of([*straight([*SMALLER, *others]), without(WANTED)]))
    assert text.count("extrapolated") == 1


CURVES: dict[str, Callable[[int], int]] = {
    "quadratic": lambda gib: 1_000_000 * gib * gib,
    "a step": lambda gib: 1_000_000 if gib < 16 else 900_000_000,
    "a saw": lambda gib: 1_000_000 * (1 + gib % 3),
}


@pytest.mark.parametrize("curve", CURVES)
def test_what_is_no_line_is_not_extrapolated(curve: str) -> None:
    sizes = (1, 2, 4, 9, 16)
    samples = [
        sample
        for gib in sizes
        for sample in measured(sized(CELL, gib), [CURVES[curve](gib) + n for n in range(3)])
    ]
    assert_no_estimate([*samples, without(WANTED)])
