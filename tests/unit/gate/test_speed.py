# SPDX-License-Identifier: GPL-2.0-only
"""A million samples compared and gated; tests/quality/speed.py says how long that takes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.commands.gate import Files, compare, gate
from bench.gate.compare import GateOptions, Sides
from bench.model.cell import Clock
from bench.model.units import GIB
from bench.sides import CellValues, Key, Side
from tests.unit.runs import NEW

SAMPLES = 1_000_000


def side(clock: Clock, cells: int, boots: int, scale: float) -> Side:
    """Half of the samples; counts that vary by 5 in a million, times by 1 %."""
    rng = np.random.default_rng(round(scale * 1000))
    each = SAMPLES // 2 // cells
    spread = 5e-6 if clock is Clock.ICOUNT else 0.01
    numbers = np.sort(np.arange(each) % boots) + 1
    series: dict[Key, CellValues] = {
        replace(NEW, mem=number * GIB, file=number * GIB): CellValues(
            numbers, np.rint(1e7 * scale * rng.normal(1, spread, each)).astype(np.int64)
        )
        for number in range(1, cells + 1)
    }
    return Side(f"x {scale}", {"clock": clock.value, "unit": clock.unit}, series, {})


@pytest.mark.slow
@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize(("cells", "boots"), [(1, 10), (50, 20), (250, 10)])
def test_a_million_samples(
    clock: Clock, cells: int, boots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, new = (side(clock, cells, boots, scale) for scale in (1.0, 1.05))
    assert sum(len(each.values) for one in (base, new) for each in one.cells.values()) == SAMPLES
    monkeypatch.setattr("bench.commands.gate.read_sides", lambda _: Sides(base, new, (), (), True))
    question = GateOptions(tmp_path / "base", tmp_path / "new", max_pause="")
    files = Files(*(tmp_path / name for name in ("junit", "markdown", "json")))
    compared = compare(question)
    gated = gate(question, files, confirm=False, annotate=True, say=lambda _: None)
    assert (compared.code, gated.code) == (0, 1)
    assert f"{cells} regression" in gated.report
