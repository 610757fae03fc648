# SPDX-License-Identifier: GPL-2.0-only
"""`bench calibrate`: the same loops as instructions and as times, for `bench report --seconds`."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import __version__
from bench.cleanup.scratch import temporary
from bench.commands.outcome import Outcome, Say
from bench.commands.run import RunOptions, run_command
from bench.commands.stored import EXIT_GOOD
from bench.errors import CannotJudge, UsageError
from bench.executors import uml
from bench.kernel.config import source_bases
from bench.kernel.name import read_name
from bench.machine.facts import machine_facts
from bench.model.cell import Backing, Cell, Clock, Pages, Ptes
from bench.model.facts import ExecutorFacts
from bench.model.method import Method, Phase
from bench.model.units import parse_sizes
from bench.paths import cache_dir
from bench.report.table.seconds import calibration_section
from bench.results.calibration import (
    Calibration,
    MeasuredKernel,
    Point,
    write_calibration,
)
from bench.results.series import all_runs_below
from bench.results.writer import Run, load

SIZES = "256M,512M,1G"
DEVICE = "sim-net-pa"
_LEAST_SIZES = 2
_REPS = "11"  # of each size in each boot, by the clock: the fastest counts
_LEAST_BOOTS = 6  # of all sizes but the largest: an interval takes so many
_COUNTED = "3"  # reps that are counted: they repeat
# What a turn of the pin loop is in a live update by reset-owner.
_PHASES = {Phase.MAP: Phase.PIN, Phase.RELEASE: Phase.UNPIN}


@dataclass(frozen=True)
class CalibrateOptions:
    """What `bench calibrate` was asked for."""

    out: Path
    arguments: Sequence[str]  # the command line
    kernel: str = ""  # [BASE:]SERIES of the kernel that counts are of; none: the usual one
    mem: str = SIZES
    boots: int = 3


def calibrate(options: CalibrateOptions, say: Say) -> Outcome:
    """Measure both, write the file, and say how well the largest size was foretold.

    UsageError for what cannot be calibrated; otherwise as `run_command`.
    """
    timed = uml.bases()[0]
    counted = source_bases()[timed].tree
    name = read_name(options.kernel or f"{counted}:")
    if name.base != counted:
        raise UsageError(
            f"--kernel: {name.label} cannot be calibrated: user-mode Linux is built of {counted}",
            f"--kernel {counted}:SERIES",
        )
    _check(options)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    with temporary(cache_dir()) as scratch:
        kernels = {"uml": f"{timed}:{name.series}", "guest": f"{counted}:{name.series}"}
        found: dict[str, list[Run]] = {}
        for executor, kernel in kernels.items():
            outcome = _measure(options, executor, kernel, scratch / executor, say)
            if outcome.code != EXIT_GOOD:
                return replace(outcome, hint=outcome.hint or "nothing is calibrated")
            found[executor] = [load(run) for run in all_runs_below(scratch / executor)]
    calibration = _calibration(options, began, found["guest"], found["uml"])
    write_calibration(options.out, calibration)
    return Outcome(EXIT_GOOD, sections=(calibration_section(calibration, options.out),))


def _check(options: CalibrateOptions) -> None:
    """Refuse too few sizes, and a file that is there: a calibration is never overwritten."""
    try:
        sizes = parse_sizes(options.mem)
    except ValueError as error:
        raise UsageError(f"--mem: {error}") from None
    if len(sizes) <= _LEAST_SIZES:
        raise UsageError(
            f"--mem: {options.mem}: it takes {_LEAST_SIZES} sizes, and a larger one to foretell",
            f"as in --mem {SIZES}",
        )
    if (len(sizes) - 1) * options.boots < _LEAST_BOOTS:
        raise UsageError(
            f"--boots: {options.boots}: an interval takes {_LEAST_BOOTS} boots of the sizes that"
            " foretell",
            f"--boots {-(-_LEAST_BOOTS // (len(sizes) - 1))}",
        )
    if options.out.exists():
        raise UsageError(f"--out: {options.out} exists", "name a new file")


def _measure(options: CalibrateOptions, executor: str, kernel: str, out: Path, say: Say) -> Outcome:
    counts = executor == "guest"
    overrides: dict[str, Any] = {
        "executor": executor,
        "kernel": kernel,
        "device": DEVICE,
        "method": Method.IOTLB.value,
        "pages": Pages.SMALL.value,
        "ptes": ",".join(Ptes),
        "mem": options.mem,
        "backing": Backing.REAL.value,
        "reps": _COUNTED if counts else _REPS,
        "boots": 1 if counts else options.boots,
    }
    clock = Clock.ICOUNT.value if counts else None
    return run_command(RunOptions("pin", overrides, options.arguments, clock, out), say)


def _calibration(
    options: CalibrateOptions, began: str, counts: Sequence[Run], times: Sequence[Run]
) -> Calibration:
    cells = sorted(counts[0].by_cell, key=lambda cell: (cell.ptes, cell.mem))
    points = [_point(phase, cell, counts, times) for phase in _PHASES for cell in cells]
    return Calibration(
        bench=__version__,
        began=began,
        command=shlex.join(["bench", *options.arguments]),
        device=DEVICE,
        pages=Pages.SMALL,
        boots=len(times),
        host=machine_facts(),
        counted=_kernel(counts[0].facts.executor),
        timed=_kernel(times[0].facts.executor),
        points=tuple(points),
    )


def _point(phase: Phase, cell: Cell, counts: Sequence[Run], times: Sequence[Run]) -> Point:
    return Point(
        phase=phase,
        ptes=cell.ptes,
        mem=cell.mem,
        instructions=_ticks(counts[0], cell, phase),
        ns=tuple(_ticks(run, cell, phase) for run in times),
    )


def _ticks(run: Run, cell: Cell, phase: Phase) -> tuple[int, ...]:
    """Return the ticks of the loop that a phase is, of all reps of a boot."""
    ticks = run.by_cell[cell].measured.phases.get(_PHASES[phase])
    if ticks is None or not len(ticks):
        raise CannotJudge(f"{cell.label}: nothing was measured", "see what the run said")
    return tuple(ticks.tolist())


def _kernel(facts: ExecutorFacts) -> MeasuredKernel:
    return MeasuredKernel(
        name=facts.kernel, digest=facts.kernel_digest, qemu=facts.qemu, cpu_model=facts.cpu_model
    )
