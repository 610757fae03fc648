# SPDX-License-Identifier: GPL-2.0-only
"""Builders of cells, samples and runs: in memory, on disk, and as one side of a gate."""

import json
import random
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import ArrayLike

from bench.gate.judge import CellPair, Judgement, Limits, judge
from bench.model.cell import Backing, Cell, Clock, Pages, Sample
from bench.model.facts import RunFacts, read_run_facts
from bench.model.method import Method, Phase
from bench.model.units import GIB, KIB
from bench.report.table.contents import contents as report_of
from bench.report.text.text import sections_text
from bench.results.columns import ABSENT, PLAIN, CellColumns, Column
from bench.results.series import Series
from bench.results.writer import Run, Store, create, create_boots
from bench.sides import Key, Side
from bench.stats.decision import Rule
from bench.stats.samples import Samples, samples_of
from tests.unit.streams import small_block, split_pause

# Cells, and why one has no figure.
RESET = Cell("sim-net-pa", Method.RESET_OWNER, GIB, Pages.THP, Backing.REAL, GIB)
NEW = replace(RESET, method=Method.NEW_OWNER)
LARGE = replace(NEW, mem=64 * GIB, backing=Backing.ALIAS)
CELL = replace(RESET, backing=Backing.ALIAS)
RESET_NAME = "sim-net-pa thp 1GiB reset-owner"
WARMUP = "warmup: took over from the process that made the memory"
SKIPPED = "skipped: left out by --budget 10 min: it would take 1.0 h (needs: a larger --budget)"
FAILED = "failed: VmPin is 0 kB, not 1048576 kB"

LIVE = (Method.RESET_OWNER, Method.REOPEN, Method.NEW_OWNER)
SIX = ("sim-net-pa", "sim-net-va", "sim-net-pa-nobatch", "sim-blk-pa", "vp-vdpa", "vduse-blk")


def sized(cell: Cell, gib: int, **fields: Any) -> Cell:
    return replace(cell, mem=gib * GIB, **fields)


def cells(
    devices: Iterable[str] = ("sim-net-pa",),
    methods: Sequence[Method] = LIVE,
    sizes: Sequence[int] = (1, 2, 4),
    pages: Iterable[Pages] = (Pages.THP,),
) -> list[Cell]:
    """Every combination, with as much real memory as each has; sizes in GiB."""
    return [
        Cell(device, method, gib * GIB, kind, Backing.REAL, gib * GIB)
        for device in devices
        for kind in pages
        for gib in sizes
        for method in methods
    ]


def pages_of(cell: Cell) -> int:
    return cell.mem // (4 * KIB)


# Samples.
FIXED, A_PAGE = 1_000_000, 300


def sample(cell: Cell, clock: Clock, boot: int, rep: int, pause: int, status: str = "ok") -> Sample:
    phases = {Phase(name): ticks for name, ticks in split_pause(pause, cell.method).items()}
    return Sample(cell, clock, boot, status, rep, pause, phases, cell.mem, 2)


def measured(cell: Cell, pauses: Sequence[int]) -> list[Sample]:
    """A rep for each pause; nothing is known of their memory."""
    reps = (sample(cell, Clock.ICOUNT, 1, rep, pause) for rep, pause in enumerate(pauses, 1))
    return [replace(rep, pinned=0, extents=0) for rep in reps]


def without(cell: Cell, status: str = SKIPPED) -> Sample:
    return Sample(cell, Clock.ICOUNT, 1, status)


def on_a_line(cell: Cell) -> int:
    return FIXED + A_PAGE * pages_of(cell)


def straight(cells: Iterable[Cell]) -> list[Sample]:
    """Three reps of each cell, a little off the line."""
    steps = (-2000, 0, 3000)
    return [s for c in cells for s in measured(c, [on_a_line(c) + step for step in steps])]


def level(cell: Cell) -> int:
    return 1_000_000 + 1_000_000 * [*Method].index(cell.method) * cell.mem // GIB


def shuffled(
    wanted: Sequence[Cell],
    reps: int = 8,
    boots: int = 1,
    clock: Clock = Clock.WALL,
    value: Callable[[Cell], int] = level,
) -> list[Sample]:
    """Reps in random order within each boot; a warm-up of nothing stands before them."""
    rng = random.Random(1)
    found = []
    for boot in range(1, boots + 1):
        found += [Sample(cell, clock, boot, "warmup: x", 0, 1) for cell in wanted]
        for number in range(1, reps + 1):
            for cell in rng.sample(wanted, len(wanted)):
                pause = round(value(cell) * (1 + 0.01 * rng.random()))
                found.append(sample(cell, clock, boot, number, pause))
    return found


# What the tests of the run directory store: two methods of a block, then a cell that failed.
BLOCK = small_block()


def numbered(number: int, method: Method = Method.NEW_OWNER) -> Sample:
    return sample(BLOCK.cell_of(method), Clock.ICOUNT, 1, number, 1000 + number)


SAMPLES = (numbered(0), numbered(1, Method.RESET_OWNER), numbered(2))
DIED = Sample(BLOCK.any_cell, Clock.ICOUNT, 1, "failed: it \u201cdied\u201d\u2028 of \U0001f9ea")


# Runs in memory.
FACTS = read_run_facts(
    {"scenario": {"name": "small"}, "seed": 1, "clock": "icount", "executor": {"name": "guest"}}
)


def facts(clock: Clock = Clock.WALL, **changed: Any) -> RunFacts:
    """Facts of a run; ``changed`` are keys of its tables, as in ``executor={...}``."""
    tables: dict[str, Any] = {
        "bench": "0.1.0",
        "command": "bench run small",
        "scenario": {"name": "small", "broken": None},
        "seed": 1,
        "machine": {"cpu": "A CPU", "cpus": 2, "arch": "x86_64", "kernel": "6.1"},
        "executor": {
            "name": "guest",
            "accelerator": "kvm" if clock is Clock.WALL else "tcg",
            "qemu": "QEMU 7.2",
            "memory": 1 << 30,
            "kernel": "6.12+live-update",
            "kernel_digest": "0123456789ab",
            "cmdline": "quiet",
        },
        "sessions": [{"began": "2026-01-01T00:00:00+00:00", "boot_id": "b1", "helper": "h1"}],
    }
    for name, value in changed.items():
        table = tables[name]
        tables[name] = {**table, **value} if isinstance(table, dict) else value
    return read_run_facts({**tables, "clock": clock.value})


def made_run(
    path: Path,
    facts: RunFacts,
    samples: Iterable[Sample],
    damage: tuple[str, ...] = (),
    missing: Mapping[Cell, str] | None = None,
) -> Run:
    """A run without files; phases that a rep lacks take 0 ticks."""
    groups: dict[Cell, list[tuple[int, Sample]]] = {}
    for line, each in enumerate(samples):
        groups.setdefault(each.cell, []).append((line, each))
    by_cell = {cell: _columns(cell, group) for cell, group in groups.items()}
    return Run(path, facts, by_cell, damage, missing or {})


def run_of(samples: Iterable[Sample], name: str = "run") -> Run:
    """A run by the clock of its samples, of which little else is known."""
    found = [*samples]
    clock = found[0].clock if found else Clock.WALL
    return made_run(Path(name), structs.replace(FACTS, clock=clock), found)


def _columns(cell: Cell, lines: Sequence[tuple[int, Sample]]) -> CellColumns:
    """What is loaded of a cell with these lines."""
    found = [each for _, each in lines]

    def column(values: Iterable[int | None]) -> Column:
        return np.array([ABSENT if value is None else value for value in values], np.int64)

    def ticks(phase: Phase) -> Column:
        return column(each.phases.get(phase, 0 if each.phases else None) for each in found)

    def field(name: str) -> Column:
        return column(getattr(each, name) for each in found)

    counters = dict.fromkeys(name for each in found for name in each.counters)
    return CellColumns(
        line=column(line for line, _ in lines),
        **{name: field(name) for name in PLAIN[1:]},
        phases={phase: ticks(phase) for phase in cell.method.experiment.phases},
        counters={name: column(each.counters.get(name) for each in found) for name in counters},
        statuses={place: each.status for place, each in enumerate(found) if not each.ok},
    )


# Runs on disk.
Values = Mapping[Cell, Mapping[int, Sequence[int]]]  # pauses by cell and boot
VALUES: Values = {RESET: {1: [5_200_001, 5_201_007, 5_199_003]}, NEW: {1: [1_300_001, 1_302_000]}}
LEVELS = {RESET: 5_200_000, NEW: 1_300_000}
STEP = 20  # by which reps of an instruction count differ here: 4 and 15 in a million


def write_run(
    path: Path,
    values: Values = VALUES,
    clock: Clock = Clock.WALL,
    without: Mapping[Cell, str] | None = None,
    **changed: Any,
) -> Path:
    """Each boot of a cell begins with a warm-up, which is twice its first value.

    The second in which it began, and of counts the seed, are its path's, so that it is no copy.
    """
    own = zlib.crc32("/".join(path.parts[-3:]).encode())
    seed = own if clock is Clock.ICOUNT else 1
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=own % 10_000_000)
    session = {"began": began.isoformat(), "boot_id": "b1", "helper": "h1"}
    store = create(path, "small")
    store.write_facts(facts(clock, **{"seed": seed, "sessions": [session], **changed}))
    reps = [
        sample(cell, clock, boot, rep, pause, "ok" if rep else WARMUP)
        for cell, boots in values.items()
        for boot, pauses in boots.items()
        for rep, pause in enumerate([2 * pauses[0], *pauses])
    ]
    store.append([*reps, *(Sample(cell, clock, 1, why) for cell, why in (without or {}).items())])
    store.close()
    return path


def noisy(seed: int, scale: float = 1.0, boots: int = 5, reps: int = 10) -> Values:
    """Values that spread by 0.2 % around LEVELS, times ``scale``."""
    rng = random.Random(seed)
    return {
        cell: {
            boot: [round(level * scale * rng.gauss(1, 0.002)) for _ in range(reps)]
            for boot in range(1, boots + 1)
        }
        for cell, level in LEVELS.items()
    }


def counts(
    scale: float = 1.0, reps: int = 5, step: int = STEP, scales: Mapping[Cell, float] | None = None
) -> Values:
    """Of one boot; ``scales`` replaces ``scale`` where cells are to differ in it."""
    factors = {cell: (scales or {}).get(cell, scale) for cell in LEVELS}
    return {
        cell: {1: [round(level * factors[cell]) + step * rep for rep in range(reps)]}
        for cell, level in LEVELS.items()
    }


def counted(path: Path, scale: float = 1.0, reps: int = 5, step: int = STEP) -> Path:
    """A run by instruction counts, of the same seed as any other such run."""
    return write_run(path, counts(scale, reps, step), Clock.ICOUNT, seed=1)


def write_series(
    parent: Path, scales: Mapping[str, float], boots: int = 10, clock: Clock = Clock.WALL
) -> Path:
    """A series: of each kernel a directory, in it a run for each boot with noise of its own."""
    create_boots(parent, Series(scenario="small", boots=()))
    for place, (label, scale) in enumerate(scales.items()):
        for boot in range(1, boots + 1):
            values = noisy(1000 * place + boot, scale, boots=1, reps=4)
            write_run(parent / label / f"{boot:02}", values, clock)
    return parent


# What is made of them.
def contents(side: Side) -> dict[Key, dict[int, list[Any]]]:
    """All values of a side as plain numbers."""
    return {key: each.lists() for key, each in side.cells.items()}


def stored_rows(store: Store) -> list[dict[str, Any]]:
    text = (store.path / "samples.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def from_boots(boots: Sequence[ArrayLike]) -> Samples:
    """Make a side of the values of each boot, in the order in which the boots ran."""
    arrays = [np.atleast_1d(np.asarray(boot, dtype=np.float64)) for boot in boots]
    ids = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
    return samples_of(ids, np.concatenate(arrays) if arrays else np.empty(0))


def few(*values: float) -> Samples:
    """Of one boot."""
    return from_boots([values])


def judged(
    pairs: list[CellPair], clock: Clock = Clock.ICOUNT, budget: float | None = None, **rule: float
) -> Judgement:
    return judge(pairs, Limits(Rule(clock, **rule), budget))  # type: ignore[arg-type]


def run_text(run: Run) -> str:
    """Write the report of a run as plain text, without the end of its last line."""
    return sections_text(report_of(run))


def section(text: str, title: str) -> list[str]:
    """The lines of a section after its title, empty without it."""
    found = [part for part in text.split("\n\n") if part.startswith(title)]
    return found[0].splitlines()[1:] if found else []


def rows(text: str, title: str) -> list[list[str]]:
    """A section's table without its heads, by column; blank ones are not there."""
    lines = section(text, title)
    heads = (number for number, line in enumerate(lines, 1) if line.startswith("device "))
    return [re.split(r" {2,}", line.strip()) for line in lines[next(heads, len(lines)) :]]
