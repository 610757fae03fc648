# SPDX-License-Identifier: GPL-2.0-only
"""Runs that a page has to show whatever is in them, made without files."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.model.cell import Backing, Cell, Clock, Pages, Sample
from bench.model.method import Method, Phase
from bench.model.units import GIB
from bench.profile.profile import Spent
from bench.report.page.page import page
from bench.results.writer import Run
from tests.unit.profiled import pause_of, profile_of_lines, reset_lines, with_profiles
from tests.unit.profiles import hostile as hostile_profile
from tests.unit.runs import (
    CELL,
    FAILED,
    NEW,
    RESET,
    SKIPPED,
    facts,
    made_run,
    measured,
    on_a_line,
    pages_of,
    sample,
    sized,
    straight,
    without,
)

Make = Callable[[], Run]
METHODS = (Method.RESET_OWNER, Method.REOPEN, Method.NEW_OWNER, Method.EXEC_ONLY)
SCRIPT = "<script>alert(1)</script>"
# As long as a path gets that somebody named after its PCI address, and then some.
LONG = f"/dev/{'/'.join(['a-directory'] * 14)}/{SCRIPT}&amp;\"'"


def mixed(**changed: Any) -> Run:
    """Counts of five methods' kinds: measured, extrapolated, failed, skipped, missing; damaged."""
    cells = [sized(CELL, gib, method=m) for gib in (1, 2, 4, 16) for m in METHODS]
    large = [sized(CELL, 64, method=m) for m in METHODS]
    huge = replace(CELL, pages=Pages.HUGETLB_2M)
    small = replace(CELL, pages=Pages.SMALL)
    samples = [
        *_unlike(straight(cells)),
        *(without(cell) for cell in large),
        without(huge, FAILED),
        without(small, SKIPPED),
    ]
    missing = {replace(huge, method=Method.NEW_OWNER): "not measured: the run was interrupted"}
    damage = ("samples.jsonl:7: not a sample: crc",)
    return made_run(Path("a/mixed"), facts(Clock.ICOUNT, **changed), samples, damage, missing)


def _unlike(samples: Sequence[Sample]) -> list[Sample]:
    """Methods of different length: as they stand, all of a size are alike."""
    scale = {Method.RESET_OWNER: 8, Method.REOPEN: 9, Method.NEW_OWNER: 2, Method.EXEC_ONLY: 1}
    return [_times(each, scale[each.cell.method]) for each in samples]


def _times(each: Sample, factor: int) -> Sample:
    phases = {phase: ticks * factor for phase, ticks in each.phases.items()}
    return replace(each, pause=(each.pause or 0) * factor, phases=phases)


def hostile() -> Run:
    """Names that are markup, that are long, and that turn the direction of what follows."""
    turned = f"\u202eevil\x07\x00 {SCRIPT}"
    cells = [replace(sized(CELL, gib), device=LONG) for gib in (1, 2, 4, 16)]
    cells += [replace(cell, method=Method.NEW_OWNER) for cell in cells]
    failed = replace(CELL, device=LONG, pages=Pages.HUGETLB_2M)
    samples = [*_unlike(straight(cells)), without(failed, f"failed: {turned} {'x' * 200}")]
    changed = facts(
        Clock.ICOUNT,
        command=f"bench run --device {LONG}",
        scenario={"name": SCRIPT, "question": f"{SCRIPT} {LONG}?"},
        machine={"cpu": turned, "untrustworthy": [SCRIPT]},
        executor={"kernel": LONG, "note": SCRIPT, "reason": LONG},
    )
    damage = (f"{SCRIPT} {LONG}",)
    return made_run(Path(f"{SCRIPT}/{'deep/' * 40}r\udcffn"), changed, samples, damage)


def lonely() -> Run:
    """One method, one size, two reps: next to nothing to draw or to compare."""
    cell = Cell("sim-net-pa", Method.NEW_OWNER, GIB, Pages.THP, Backing.REAL, GIB)
    samples = [sample(cell, Clock.WALL, 1, rep, 5_000_000 + rep) for rep in (1, 2)]
    return made_run(Path("lonely"), facts(), samples)


def pinned() -> Run:
    """A pin loop in seconds: other phases, no method that is held against another."""
    cells = [
        Cell("none", method, gib * GIB, Pages.THP, Backing.REAL, gib * GIB)
        for gib in (1, 2, 4)
        for method in (Method.IO_URING, Method.MLOCK, Method.POPULATE)
    ]
    samples = [_pin(cell, rep) for cell in cells for rep in range(1, 8)]
    return made_run(Path("pinned"), facts(), samples)


def _pin(cell: Cell, rep: int) -> Sample:
    ticks = on_a_line(cell) + 1000 * rep
    phases = {Phase.PIN: ticks - ticks // 5, Phase.UNPIN: ticks // 5}
    return Sample(cell, Clock.WALL, 1, "ok", rep, ticks, phases, cell.mem, 1)


def far_apart() -> Run:
    """Ratios of every size: 0.73x, 1.6x, 1605x and three billion."""
    shortest = {0.73: 73_000_000, 1.6: 100_000, 1605.0: 1000, 3e9: 1}
    pauses = {
        replace(sized(CELL, gib), device=f"sim-{times:g}", method=method): gib * pause
        for gib in (1, 2, 4, 16)
        for times, new in shortest.items()
        for method, pause in {
            Method.RESET_OWNER: round(times * new),
            Method.NEW_OWNER: new,
        }.items()
    }
    reps = [
        Sample(cell, Clock.ICOUNT, 1, "ok", rep, pause, {Phase.EXEC: pause}, cell.mem, 1)
        for cell, pause in pauses.items()
        for rep in range(1, 9)
    ]
    return made_run(Path("far-apart"), facts(Clock.ICOUNT), reps)


def many(reps: int) -> Run:
    """Reps of two cells in five boots: a run too large to be embedded whole."""
    cells = [replace(CELL, method=method) for method in (Method.RESET_OWNER, Method.NEW_OWNER)]
    phases = dict.fromkeys(CELL.method.experiment.phases, 1000)
    return made_run(
        Path("many"),
        facts(),
        tuple(
            Sample(cell, Clock.WALL, boot, "ok", rep, 9000 + rep % 97 + boot, phases, cell.mem, 1)
            for cell in cells
            for boot in range(1, 6)
            for rep in range(1, reps // 10 + 1)
        ),
    )


def profiled(more: int = 0) -> Run:
    """Two methods with profiles, one of them with names that no page may take for its own."""
    reset = {**reset_lines(pages_of(RESET), more), "start": {"start [virtio_net]": 100}}
    names = hostile_profile()
    spans = {**names.spans, "suspend": Spent(1700, np.array([0]), np.array([[1700]]))}
    new = replace(names, cell=NEW, spans=spans)
    samples = [*measured(RESET, [pause_of(reset)] * 5), *measured(NEW, [30_000] * 5)]
    run = made_run(Path(f"profiled-{more}"), facts(Clock.ICOUNT), samples)
    return with_profiles(run, profile_of_lines(RESET, reset, notes=(SCRIPT,)), new)


@cache
def html_of(make: Make) -> str:
    """Write the page of a run once, for all tests that look at it."""
    return page([make()])
