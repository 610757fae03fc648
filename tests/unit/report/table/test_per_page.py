# SPDX-License-Identifier: GPL-2.0-only
"""Pin loops of user-mode Linux: what each 4 KiB page takes."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.model.cell import Backing, Cell, Pages, Ptes
from bench.model.method import Method
from bench.model.units import KIB, MIB
from tests.unit.command import Bench
from tests.unit.runs import write_run

COLD = Cell("sim-net-pa", Method.IOTLB, 64 * MIB, Pages.SMALL, Backing.REAL, 64 * MIB)
WARM = replace(COLD, ptes=Ptes.WARM)
PAGES = COLD.mem // (4 * KIB)
TITLE = "Pin and unpin of each 4 KiB page, ns"


def stored(path: Path, reps: int, executor: str = "uml") -> Path:
    """Two thirds of a span are pin: 100 ns a page, and of other reps 98 to 102."""
    steps = [-2, -1, -1, 0, 1, 1, 2][:reps]
    values = {cell: {1: [(300 + 3 * step) * PAGES // 2 for step in steps]} for cell in (COLD, WARM)}
    return write_run(path, values, executor={"name": executor, "accelerator": "", "qemu": ""})


def test_a_page_has_its_ns_and_their_interval(bench: Bench, tmp_path: Path) -> None:
    said = bench("report", stored(tmp_path / "run", 7)).out
    lines = said.partition(TITLE)[2].splitlines()[2:4]
    assert ["cold" in line or "warm" in line for line in lines] == [True, True]
    figures = {" ".join(line.split()[-8:]) for line in lines}
    assert figures == {"100 98 to 102 50 49 to 51"}


def test_few_reps_have_no_interval(bench: Bench, tmp_path: Path) -> None:
    said = bench("report", stored(tmp_path / "run", 3)).out
    line = said.partition(TITLE)[2].splitlines()[2]
    assert " to " not in line and "99" in line


@pytest.mark.parametrize("executor", ["guest", "host"])
def test_others_have_no_such_table(executor: str, bench: Bench, tmp_path: Path) -> None:
    assert TITLE not in bench("report", stored(tmp_path / "run", 7, executor)).out
