# SPDX-License-Identifier: GPL-2.0-only
"""Estimate from a calibration how long counted phases would take on its host: never a result."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.errors import UsageError
from bench.model.cell import Cell, Clock, Ptes
from bench.model.method import Method, Phase
from bench.model.units import KIB, format_quantity, format_size
from bench.report.table.cells import CellTable
from bench.report.table.columns import FACTOR_COLUMNS, factor_entries
from bench.report.table.section import NO_ENTRY, Column, Entry, Section, figures_under, make_table
from bench.results.calibration import TOLERATED, Calibration, Loop
from bench.results.writer import Run
from bench.stats.rates import Rate, predict

PHASES = (Phase.RELEASE, Phase.MAP)
_METHOD = Method.RESET_OWNER
_PLUS = "release + map"
_COVERS = (
    "[ ]: the 95 % interval of the median rate over all boots, and beyond it how far the largest"
    " size was foretold wrong"
)


def calibration_section(calibration: Calibration, path: Path) -> Section:
    """Tabulate what each loop costs, and how far the largest size was foretold wrong."""
    names = (Column("phase", right=False, names=True), Column("PTEs", right=False, names=True))
    figures = figures_under("insn per 4K", "ns per 4K", "ns per insn", "95 % interval", "off")
    rows = [_loop_row(calibration, loop) for loop in calibration.loops]
    table = make_table((*names, *figures, Column("", right=False)), rows)
    sizes = sorted({point.mem for point in calibration.points})
    known = ", ".join(map(format_size, sizes[:-1]))
    notes = (
        f"counted: {calibration.counted.name}, timed: {calibration.timed.name}",
        "ns: the fastest rep of each boot, the median of boots; what else runs only ever adds",
        f"off: {format_size(sizes[-1])} as foretold from {known}, against what it took",
        f"more than {TOLERATED:.0%} off is left out of every report",
    )
    doubts = [f"warning: {line}" for line in calibration.host.untrustworthy]
    title = f"Calibration of {calibration.host.cpu}"
    return Section(title, notes, (table,), (*doubts, f"calibration: {path}"))


def _loop_row(calibration: Calibration, loop: Loop) -> tuple[Entry, ...]:
    largest = calibration.sizes(loop.phase, loop.ptes)[-1]
    pages, measured = largest.mem / (4 * KIB), largest.measured
    texts = (
        f"{measured.count / pages:.4g}",
        f"{measured.time / pages:.3g}",
        f"{loop.ns_per_instruction:.4g}",
        f"{loop.low:.4g} to {loop.high:.4g}",
        f"{loop.error:+.1%}",
    )
    verdict = Entry.reason("" if loop.fair else "left out")
    return (Entry(loop.phase), Entry(loop.ptes), *map(Entry.figure, texts), verdict)


def seconds_section(run: Run, cells: CellTable, calibration: Calibration) -> Section:
    """Tabulate estimates for the cells of a run that the calibration is good for.

    UsageError for a run that is no count, or is of another kernel.
    """
    _check(run, calibration)
    loops = {(loop.phase, loop.ptes): loop for loop in calibration.loops}
    rows = [
        (*factor_entries(cell), *_estimates(cells, cell, loops))
        for cell in cells.measured
        if _within(cell, calibration)
    ]
    columns = (*FACTOR_COLUMNS, *figures_under(*PHASES, _PLUS))
    table = make_table(columns, rows)
    title = f"Estimated, not measured: seconds on {calibration.host.cpu}"
    return Section(
        title, tuple(_notes(run, calibration)), (table,), tuple(_left_out(calibration, cells))
    )


def _check(run: Run, calibration: Calibration) -> None:
    if run.clock is not Clock.ICOUNT:
        raise UsageError(
            f"--seconds: {run.path} is by the wall clock: it has times", "leave it out"
        )
    mine, its = run.facts.executor, calibration.counted
    if mine.kernel_digest != its.digest:
        raise UsageError(
            f"--seconds: the calibration is of {its.name} ({its.digest}), {run.path} of"
            f" {mine.kernel} ({mine.kernel_digest})",
            "bench calibrate with the kernel of the run",
        )


def _alike(cell: Cell, calibration: Calibration) -> bool:
    """Tell whether a cell runs the loops that were calibrated."""
    same = (cell.device, cell.pages) == (calibration.device, calibration.pages)
    usual = cell.variant().keys() <= {"ptes", "handover"}
    return same and usual and cell.method is _METHOD


def _within(cell: Cell, calibration: Calibration) -> bool:
    """Tell whether it is also no larger than what was tried."""
    return _alike(cell, calibration) and cell.mem <= _tried(calibration)


def _tried(calibration: Calibration) -> int:
    return max(point.mem for point in calibration.points)


def _estimates(
    cells: CellTable, cell: Cell, loops: Mapping[tuple[Phase, Ptes], Loop]
) -> tuple[Entry, ...]:
    known = [loops.get((phase, cell.ptes)) for phase in PHASES]
    found = [
        predict(loop.rate, cells.phases(cell, phase).median, loop.error)
        if loop and loop.fair
        else None
        for phase, loop in zip(PHASES, known, strict=True)
    ]
    both = [each for each in found if each]
    whole = _sum(both) if len(both) == len(PHASES) else None
    return tuple(_entry(each) for each in (*found, whole))


def _sum(parts: Sequence[Rate]) -> Rate:
    """Add times and the ends of their intervals: they are off together, if at all."""
    return Rate(
        *(sum(each) for each in zip(*((p.value, p.low, p.high) for p in parts), strict=True))
    )


def _entry(time: Rate | None) -> Entry:
    if time is None:
        return NO_ENTRY
    low, high = (format_quantity(end, "ns") for end in (time.low, time.high))
    made = Entry.estimate(time.value, "ns")
    return Entry(f"{made.text.replace('~', 'about ')} [{low}, {high}]", made.kind)


def _notes(run: Run, calibration: Calibration) -> list[str]:
    notes = [
        f"instructions of this run, times ns per instruction of the same loops in"
        f" {calibration.timed.name}; {calibration.began}",
        f"of {_METHOD} on {calibration.device} with {calibration.pages} pages alone, and never of"
        " exec and claim: they make no pause",
        _COVERS,
    ]
    if run.facts.machine.cpu != calibration.host.cpu:
        notes.append(f"this run was counted on another host: {run.facts.machine.cpu}")
    return notes


def _left_out(calibration: Calibration, cells: CellTable) -> list[str]:
    """Say what there is no estimate of, and why."""
    lines = [
        f"  no estimate of {loop.phase} with {loop.ptes} page tables:"
        f" {format_size(loop.predicted_mem)} was foretold {loop.error:+.0%} off,"
        f" {TOLERATED:.0%} are tolerated"
        for loop in calibration.loops
        if not loop.fair
    ]
    if not any(_alike(cell, calibration) for cell in cells.measured):
        lines.append(
            f"  no cell of this run is {_METHOD} on {calibration.device} with"
            f" {calibration.pages} pages"
        )
    tried = _tried(calibration)
    if any(cell.mem > tried and _alike(cell, calibration) for cell in cells.measured):
        lines.append(
            f"  no estimate above {format_size(tried)}, the largest that was tried:"
            " bench calibrate --mem with larger ones"
        )
    doubts = calibration.host.untrustworthy
    return [*lines, *(f"  warning: when it was calibrated, {line}" for line in doubts)]
