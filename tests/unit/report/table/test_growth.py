# SPDX-License-Identifier: GPL-2.0-only
"""The growth of a method's own cost, and the factors in rows, recomputed from the samples."""

import os
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from bench.executors.replay import ReplayExecutor
from bench.measure.loop import run
from bench.model.cell import Batch, Cell, Clock, Handover, Plan, Ptes, Sample
from bench.model.method import Method
from bench.model.units import GIB, format_quantity
from bench.paths import ROOT
from bench.plan.duration import block_seconds, plan_seconds
from bench.results.writer import Run, create, load
from tests.unit.runs import (
    A_PAGE,
    CELL,
    FACTS,
    FIXED,
    measured,
    on_a_line,
    pages_of,
    rows,
    run_of,
    run_text,
    sized,
    straight,
    without,
)
from tests.unit.streams import PAUSES, Silent, small_plan, stream

GOLDEN = ROOT / "tests" / "golden" / "scaling.txt"
TITLE = "Growth of release + claim + map"
CELLS = [sized(CELL, gib) for gib in (1, 2, 4, 16)]
CELL_METHODS = (Method.RESET_OWNER, Method.NEW_OWNER)
PAIR = [sized(CELL, gib, method=method) for method in CELL_METHODS for gib in (1, 2, 4, 16)]
OWN = ("release", "claim", "map")


def growth(run_: Run) -> list[list[str]]:
    """Rows of the section, by column."""
    return rows(run_text(run_), TITLE)


def by_least_squares(xs: list[int], ys: list[float]) -> tuple[float, float, float, float]:
    """Slope, its 95 % interval and the intercept, by the weighted sums of any textbook."""
    x, y = np.array(xs, float), np.array(ys, float)
    w = 1 / y**2
    middle = np.sum(w * x) / np.sum(w)
    spread = np.sum(w * (x - middle) ** 2)
    slope = float(np.sum(w * (x - middle) * y) / spread)
    fixed = float(np.sum(w * y) / np.sum(w) - slope * middle)
    left = float(np.sum(w * (y - fixed - slope * x) ** 2)) / (len(xs) - 2)
    half = float(t.ppf(0.975, len(xs) - 2)) * float(np.sqrt(left / spread))
    return slope, slope - half, slope + half, fixed


def own_cost(sample: Sample) -> int:
    return sum(ticks for phase, ticks in sample.phases.items() if phase.value in OWN)


@pytest.mark.parametrize("method", CELL_METHODS)
def test_the_growth_is_that_of_the_samples(method: Method) -> None:
    samples = straight(PAIR)
    mine = [s for s in samples if s.cell.method is method]
    costs: dict[int, list[int]] = {}
    for each in mine:
        costs.setdefault(pages_of(each.cell), []).append(own_cost(each))
    medians = [median(found) for found in costs.values()]
    slope, low, high, fixed = by_least_squares([*costs], medians)
    (row,) = [row for row in growth(run_of(samples)) if method.value in row]
    assert row == [
        *("sim-net-pa", "thp", "alias", method.value, "4"),
        *(f"{slope:.4g}", f"{low:.4g} to {high:.4g}", format_quantity(fixed, "instructions")),
    ]
    assert slope == pytest.approx(A_PAGE * 0.553, rel=0.01)  # the parts of split_pause
    assert fixed == pytest.approx(FIXED * 0.553, rel=0.01)


def test_two_sizes_have_no_growth() -> None:
    assert growth(run_of(straight(CELLS[:2]))) == []


def test_a_control_has_no_growth() -> None:
    control = [sized(CELL, gib, method=Method.EXEC_ONLY) for gib in (1, 2, 4, 16)]
    rows = growth(run_of(straight([*CELLS, *control])))
    assert [row[3] for row in rows] == ["reset-owner"]


def test_a_skipped_size_is_not_in_the_growth() -> None:
    assert growth(run_of([*straight(CELLS), without(sized(CELL, 64))])) == growth(
        run_of(straight(CELLS))
    )


def curve(cost: Callable[[int], int]) -> Run:
    cells = [sized(CELL, gib) for gib in (1, 4, 16, 64)]
    return run_of(s for c in cells for s in measured(c, [cost(c.mem // GIB) + n for n in range(3)]))


def test_growth_that_is_no_line_is_said() -> None:
    (row,) = growth(curve(lambda gib: 100_000_000 * gib * gib))
    assert row[5] == "no line"
    assert row[6].endswith("does not grow like a line")


@pytest.mark.parametrize("pause", [1_000_000, 0])
def test_a_cost_that_never_changes_grows_by_nothing(pause: int) -> None:
    """As new-owner's does when instructions are counted: all reps are equal."""
    cells = [sized(CELL, gib) for gib in (1, 2, 4, 16)]
    (row,) = growth(run_of(s for c in cells for s in measured(c, [pause] * 3)))
    assert row[5:7] == ["0", "0 to 0"]


FACTORS: list[tuple[dict[str, Any], str]] = [
    ({"ptes": Ptes.WARM}, "thp warm"),
    ({"handover": Handover.TRANSFER}, "thp transfer"),
    ({"regions": "qemu"}, "thp regions=qemu"),
    ({"regions": "64"}, "thp regions=64"),
    ({"batch": Batch.OFF}, "thp unbatched"),
    (
        {"ptes": Ptes.WARM, "handover": Handover.TRANSFER, "regions": "7", "batch": Batch.OFF},
        "thp warm transfer regions=7 unbatched",
    ),
    ({}, "thp"),
]


@pytest.mark.parametrize(("fields", "shown"), FACTORS, ids=lambda value: str(value))
def test_factors_are_in_every_row(fields: dict[str, Any], shown: str) -> None:
    cells = [sized(CELL, gib, **fields) for gib in (1, 4, 8, 16)]
    samples = [*straight(cells), without(sized(CELL, 64, **fields))]
    text = run_text(run_of([*samples, without(sized(CELL, 2, **fields), "failed: x")]))
    pauses = rows(text, "Pause of a live update")
    assert [row[1] for row in pauses] == [shown] * 5  # one of them extrapolated
    assert f"sim-net-pa {shown} 16 GiB alias 1 GiB  reset-owner" in text
    costs = rows(text, "What the method itself costs")
    assert [row[1] for row in costs] == [shown] * 4
    assert [row[1] for row in growth(run_of(samples))] == [shown]
    assert f"\n  sim-net-pa {shown} 2 GiB alias 1 GiB reset-owner: failed: x" in text


def test_variants_are_compared_with_their_like() -> None:
    """The ratio of an unbatched cell is not of a batched one."""
    cells: list[Cell] = [sized(CELL, 4, method=m) for m in CELL_METHODS]
    slow = [sized(CELL, 4, method=m, batch=Batch.OFF) for m in CELL_METHODS]
    samples = [s for c, pause in zip(cells, (800, 100), strict=True) for s in measured(c, [pause])]
    samples += [s for c, pause in zip(slow, (900, 300), strict=True) for s in measured(c, [pause])]
    pauses = rows(run_text(run_of(samples)), "Pause of a live update")
    ratios = {row[1]: row[-1] for row in pauses if "new-owner" in row}
    assert ratios == {"thp": "8.00x", "thp unbatched": "3.00x"}


def scaling_plan() -> Plan:
    """1 GiB to 1 TiB with a budget that is enough for 64 GiB, whatever a rep is said to take."""
    factors = {"mem": "1G:1T", "backing": "alias", "reps": 3}
    blocks = sorted(small_plan(**factors).blocks, key=block_seconds)
    enough = plan_seconds(tuple(b for b in blocks if b.any_cell.mem <= 64 * GIB))
    return small_plan(**factors, budget=enough + 0.01)


@pytest.fixture(scope="module")
def scaling(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """reset-owner grows with memory, new-owner hardly."""
    store = create(tmp_path_factory.mktemp("scaling") / "run", "scaling")
    store.write_facts(FACTS)
    plan = scaling_plan()
    lines: list[str] = []
    for block in plan.blocks:
        grown = {Method.RESET_OWNER: on_a_line(block.any_cell)}
        grown[Method.NEW_OWNER] = FIXED + pages_of(block.any_cell) // 100
        lines += stream(block, {**PAUSES, **grown})
    run(plan, ReplayExecutor(lines, Clock.ICOUNT), store, Silent())
    return load(store.path)


def test_the_table_of_a_scaling_run_is_the_golden_one(scaling: Run) -> None:
    """BENCH_UPDATE_GOLDEN=1 writes it anew."""
    table = run_text(scaling) + "\n"
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(table)
    assert table == GOLDEN.read_text()
