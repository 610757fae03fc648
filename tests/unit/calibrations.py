# SPDX-License-Identifier: GPL-2.0-only
"""A calibration, and counts that it is of."""

from pathlib import Path
from typing import Any

from bench.model.cell import Pages, Ptes
from bench.model.facts import MachineFacts
from bench.model.method import Phase
from bench.model.units import KIB, MIB
from bench.results.calibration import Calibration, MeasuredKernel, Point, write_calibration

DIGEST = "0123456789ab"
SIZES = (64 * MIB, 128 * MIB, 256 * MIB)
# Instructions and ns for each 4 KiB.
COSTS = {Phase.MAP: (1000, 100), Phase.RELEASE: (160, 40)}


def point(phase: Phase, ptes: Ptes, mem: int, slower: float = 1.0) -> Point:
    pages = mem // (4 * KIB)
    instructions, ns = COSTS[phase]
    boots = [round(pages * ns * slower * (1 + step / 100)) for step in (-2, 0, 2)]
    times = tuple((best * 3, best, best + 1) for best in boots)
    return Point(
        phase=phase, ptes=ptes, mem=mem, instructions=(pages * instructions,) * 3, ns=times
    )


def calibration(last: float = 1.0, **changed: Any) -> Calibration:
    """One whose largest size takes ``last`` times as long as the others foretell, to map cold."""
    points = [
        point(phase, ptes, mem, last if (phase, ptes, mem) == _WORST else 1.0)
        for phase in COSTS
        for ptes in Ptes
        for mem in SIZES
    ]
    fields: dict[str, Any] = {
        "bench": "0.1.0",
        "began": "2026-11-26T12:00:00+00:00",
        "command": "bench calibrate --out c.json",
        "device": "sim-net-pa",
        "pages": Pages.SMALL,
        "boots": 3,
        "host": MachineFacts(cpu="A CPU"),
        "counted": MeasuredKernel(name="7.3.4+live-update", digest=DIGEST),
        "timed": MeasuredKernel(name="7.3.4-uml+live-update", digest="ba9876543210"),
        "points": tuple(points),
    }
    return Calibration(**{**fields, **changed})


_WORST = (Phase.MAP, Ptes.COLD, SIZES[-1])


def written(path: Path, **changed: Any) -> Path:
    write_calibration(path, calibration(**changed))
    return path
