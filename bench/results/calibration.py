# SPDX-License-Identifier: GPL-2.0-only
"""Keep a calibration: the same loops as instructions and as times, of one host and one kernel."""

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from bench.errors import UsageError
from bench.model.cell import Pages, Ptes
from bench.model.facts import MachineFacts
from bench.model.method import Phase
from bench.model.typed import plain, typed
from bench.results.foreign import what_is
from bench.stats.rates import Measured, Rate, prediction_error, rate_of

FORMAT = 1
# What is further off than this foretells nothing, and no report shows it.
TOLERATED = 0.25
KIND = "bench-calibration"


class MeasuredKernel(Struct, frozen=True, kw_only=True):
    """A kernel that loops were measured in."""

    name: str
    digest: str  # of its configuration and patches
    qemu: str = ""  # what it ran in, where it was QEMU
    cpu_model: str = ""  # that QEMU emulated


class Point(Struct, frozen=True, kw_only=True):
    """One loop at one size: as instructions in a guest, and in ns in user-mode Linux."""

    phase: Phase  # MAP: what pins, or RELEASE: what unpins
    ptes: Ptes
    mem: int  # bytes, all distinct
    instructions: tuple[int, ...]  # of each rep
    ns: tuple[tuple[int, ...], ...]  # of each rep of each boot

    @property
    def measured(self) -> Measured:
        return Measured(self.instructions, [*map(min, self.ns)])


class Loop(Struct, frozen=True, kw_only=True):
    """What a loop costs by a calibration, and how well the largest size was foretold."""

    phase: Phase
    ptes: Ptes
    ns_per_instruction: float
    low: float  # of its 95 % interval
    high: float
    predicted_mem: int  # bytes of the size that was foretold from the others
    error: float  # 0.1: foretold 10 % too much

    @property
    def fair(self) -> bool:
        """Tell whether it may foretell anything."""
        return abs(self.error) <= TOLERATED

    @property
    def rate(self) -> Rate:
        return Rate(self.ns_per_instruction, self.low, self.high)


class Calibration(Struct, frozen=True, kw_only=True):
    """All that the file holds; sizes are in bytes."""

    kind: str = KIND
    format: int = FORMAT
    bench: str
    began: str  # UTC, ISO 8601
    command: str
    device: str
    pages: Pages
    boots: int  # of user-mode Linux, for each size
    host: MachineFacts
    counted: MeasuredKernel
    timed: MeasuredKernel
    points: tuple[Point, ...]

    @property
    def loops(self) -> list[Loop]:
        """Compute each loop from all sizes but the largest, and hold that one against it."""
        keys = dict.fromkeys((point.phase, point.ptes) for point in self.points)
        return [_loop(phase, ptes, self.sizes(phase, ptes)) for phase, ptes in keys]

    def sizes(self, phase: Phase, ptes: Ptes) -> list[Point]:
        """List the points of a loop, the smallest first."""
        found = [point for point in self.points if (point.phase, point.ptes) == (phase, ptes)]
        return sorted(found, key=lambda point: point.mem)


def _loop(phase: Phase, ptes: Ptes, points: Sequence[Point]) -> Loop:
    *known, largest = points
    rate = rate_of([point.measured for point in known])
    return Loop(
        phase=phase,
        ptes=ptes,
        ns_per_instruction=rate.value,
        low=rate.low,
        high=rate.high,
        predicted_mem=largest.mem,
        error=prediction_error(rate, largest.measured),
    )


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration, and what follows from its points for who reads it; UsageError."""
    loops = [plain(loop) for loop in calibration.loops]
    try:
        path.write_text(json.dumps(plain(calibration) | {"loops": loops}, indent=1) + "\n")
    except OSError as error:
        raise UsageError(f"--out: {path}: {error.strerror}", "name a writable place") from None


def read_calibration(path: Path) -> Calibration:
    """Read a calibration; UsageError for what is none, or of a version that is not known."""
    try:
        table = json.loads(path.read_text())
        if not isinstance(table, dict) or table.get("kind") != KIND:
            raise ValueError("it is no calibration")
        if table.get("format") != FORMAT:
            raise ValueError(f"its format is {table.get('format')}, this version reads {FORMAT}")
        calibration = typed(table, Calibration)
        _ = calibration.loops  # which have to be there
    except OSError as error:
        raise UsageError(f"--seconds: {path}: {error.strerror}", _MAKE_ONE) from None
    except (ValueError, RecursionError, ZeroDivisionError) as error:
        found = what_is(path)
        why = f"it is no calibration but {found.what}" if found else error
        raise UsageError(f"--seconds: {path}: {why}", _MAKE_ONE) from None
    return calibration


_MAKE_ONE = "bench calibrate --out FILE makes one"
