# SPDX-License-Identifier: GPL-2.0-only
"""Run directories to compare, export and replay: values by cell and boot, as they are given."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.model.cell import Backing, Cell, Clock, Method, Pages, Phase, Sample
from bench.model.facts import RunFacts, read_run_facts
from bench.model.units import GIB
from bench.results.writer import create
from bench.sides import Key, Side
from tests.unit.streams import split_pause

RESET = Cell("sim-net-pa", Method.RESET_OWNER, GIB, Pages.THP, Backing.REAL, GIB)
NEW = replace(RESET, method=Method.NEW_OWNER)
LARGE = replace(NEW, mem=64 * GIB, backing=Backing.ALIAS)
WARMUP = "warmup: took over from the process that made the memory"
SKIPPED = "skipped: left out by --budget 10 min: it would take 1.0 h (needs: a larger --budget)"
FAILED = "failed: VmPin is 0 kB, not 1048576 kB"

Values = Mapping[Cell, Mapping[int, Sequence[int]]]
VALUES: Values = {RESET: {1: [5_200_001, 5_201_007, 5_199_003]}, NEW: {1: [1_300_001, 1_302_000]}}


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


def sample(cell: Cell, clock: Clock, boot: int, rep: int, pause: int, status: str = "ok") -> Sample:
    return Sample(
        cell=cell,
        clock=clock,
        boot=boot,
        status=status,
        rep=rep,
        pause=pause,
        phases={Phase(k): v for k, v in split_pause(pause, cell.method).items()},
        pinned=cell.mem,
        extents=2,
    )


def write_run(
    path: Path,
    values: Values = VALUES,
    clock: Clock = Clock.WALL,
    without: Mapping[Cell, str] | None = None,
    **changed: Any,
) -> Path:
    """Each boot of a cell begins with a warm-up, which is twice its first value."""
    store = create(path, "small")
    store.write_facts(facts(clock, **changed))
    rows = [row for cell, boots in values.items() for row in _rows(cell, clock, boots)]
    store.append([*rows, *(Sample(c, clock, 1, why) for c, why in (without or {}).items())])
    store.close()
    return path


def _rows(cell: Cell, clock: Clock, boots: Mapping[int, Sequence[int]]) -> Iterable[Sample]:
    for boot, pauses in boots.items():
        yield sample(cell, clock, boot, 0, 2 * pauses[0], WARMUP)
        for rep, pause in enumerate(pauses, 1):
            yield sample(cell, clock, boot, rep, pause)


def noisy(seed: int, scale: float = 1.0, boots: int = 5, reps: int = 10) -> Values:
    """Values that spread by 0.2 % around those of VALUES, times ``scale``."""
    rng = random.Random(seed)
    return {
        cell: {
            boot: [round(level * scale * rng.gauss(1, 0.002)) for _ in range(reps)]
            for boot in range(1, boots + 1)
        }
        for cell, level in {RESET: 5_200_000, NEW: 1_300_000}.items()
    }


def contents(side: Side) -> dict[Key, dict[int, list[Any]]]:
    """All values of a side as plain numbers."""
    return {key: each.lists() for key, each in side.cells.items()}
