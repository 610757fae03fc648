# SPDX-License-Identifier: GPL-2.0-only
"""Tabulate what the kernel had in use in a soak, from its first checkpoint to its last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.model.cell import Block
from bench.model.units import KIB
from bench.report.table.section import Column, Entry, Section, figures_under, make_table
from bench.results.columns import ABSENT
from bench.results.columns import Column as Counts
from bench.results.plan_record import Planned
from bench.results.writer import Run
from bench.stats.leak import BOUND, LEAST_CHECKPOINTS, Growth, growth

_DONE, _UNDER_WAY, _SLAB = "handovers", "requests-under-way", "slab:"
_ACQUIRED, _RELEASED = "nr_foll_pin_acquired", "nr_foll_pin_released"
_PAGE = 4 * KIB
_MOST_CACHES = 5  # that grow, though they do not leak

# Memory is in KiB, as /proc/meminfo and /proc/PID/status have it; all else is counted.
_FREE = ("MemFree", "MemAvailable")
_USED = (
    *("Slab", "SUnreclaim", "KernelStack", "PageTables", "VmallocUsed", "Percpu"),
    *("VmPin", "VmLck"),
)
# The process's own files: those of all that any process has are objects of the cache filp.
_COUNTED = {"open-files": "files", "tasks": "tasks"}
_OTHERS = (_DONE, _UNDER_WAY, _ACQUIRED, _RELEASED)


def is_footprint(name: str) -> bool:
    """Tell whether a counter says what the kernel has in use, and counts nothing of a rep."""
    return name.startswith(_SLAB) or name in (*_FREE, *_USED, *_COUNTED, *_OTHERS)


@dataclass(frozen=True)
class InUse:
    """One counter over a soak, in bytes for each unit; 0 for what takes no memory of its own."""

    name: str
    unit: str  # "objects", "files", ...; "" for memory
    bytes_each: int
    growth: Growth

    @property
    def bytes_a_handover(self) -> float:
        return self.growth.slope * (self.bytes_each or 1)

    def amount(self, value: float) -> str:
        """Spell how much was in use: memory as /proc/meminfo has it, or a count."""
        return f"{value:.0f}" if self.unit else f"{value:.0f} kB"

    @property
    def each(self) -> str:
        """Spell the growth a handover: ``64 B (1 objects)``, ``0.5 files``."""
        count = f"{self.growth.slope:.3g} {self.unit}"
        if not self.bytes_each:
            return count
        size = f"{self.bytes_a_handover:.3g} B"
        return f"{size} ({count})" if self.unit else size


@dataclass(frozen=True)
class Soak:
    """A block of many handovers, and all that was counted at its checkpoints."""

    label: str
    wanted: int  # handovers
    done: int
    under_way: int  # handovers with a request under way
    checkpoints: int
    uses: tuple[InUse, ...]

    @property
    def leaks(self) -> tuple[InUse, ...]:
        return tuple(use for use in self.uses if use.growth.leaks)

    @property
    def decided(self) -> bool:
        """True where there are checkpoints enough to tell."""
        return self.checkpoints >= LEAST_CHECKPOINTS


def soaks(run: Run) -> list[Soak]:
    """Collect the soaks of a run, each from the checkpoints that it came to."""
    blocks = Planned.read(run.facts).blocks
    found = (_soak(run, block) for block in blocks if block.any_cell.soak)
    return [soak for soak in found if soak]


def _soak(run: Run, block: Block) -> Soak | None:
    table = _checkpoints(run, block)
    if not len(table.get(_DONE, ())):  # none, or the warm-up alone
        return None
    done = table[_DONE]
    uses = sorted(_uses(table), key=lambda use: not use.growth.leaks)
    return Soak(
        block.label,
        block.any_cell.handovers,
        int(done[-1]),
        int(table[_UNDER_WAY][-1]),
        len(done),
        tuple(uses),
    )


def _checkpoints(run: Run, block: Block) -> dict[str, Counts]:
    """Return each counter of the block's samples, in their order; ABSENT where it has none."""
    parts = [run.by_cell[cell] for cell in block.cells if cell in run.by_cell]
    parts = [part.take(np.flatnonzero(part.ok)) for part in parts]
    names = {name for part in parts for name in part.counters if is_footprint(name)}
    order = np.argsort(np.concatenate([np.zeros(0, np.int64), *(part.rep for part in parts)]))
    return {
        name: np.concatenate(
            [part.counters.get(name, np.full(len(part), ABSENT)) for part in parts]
        )[order]
        for name in names
    }


def _uses(table: Mapping[str, Counts]) -> Iterator[InUse]:
    done = table[_DONE]
    for name in (*_FREE, *_USED):
        if name in table:
            used = -table[name] if name in _FREE else table[name]
            yield InUse(name, "", KIB, growth(done, used, _PAGE / KIB))
    if _ACQUIRED in table:
        pinned = table[_ACQUIRED] - table[_RELEASED]
        yield InUse("pinned pages", "pages", 0, growth(done, pinned))
    for name, unit in _COUNTED.items():
        yield InUse(name, unit, 0, growth(done, table[name]))
    yield from _caches(table)


def _caches(table: Mapping[str, Counts]) -> list[InUse]:
    """Return the caches that leak, and of the others those that grow most."""
    found = []
    for key in table:
        if key.startswith(_SLAB):
            _, name, size = key.rsplit(":", 2)
            objects = np.maximum(table[key], 0)  # one without an object is not written
            found.append(InUse(name, "objects", int(size), growth(table[_DONE], objects)))
    growing = sorted(
        (use for use in found if use.growth.slope > 0), key=lambda use: -use.bytes_a_handover
    )
    leaking = [use for use in growing if use.growth.leaks]
    return leaking + [use for use in growing if not use.growth.leaks][:_MOST_CACHES]


def soak_verdicts(found: Sequence[Soak]) -> Section:
    """Say in a line for each soak whether anything leaks; several are named."""
    if len(found) > 1:
        return Section(lines=tuple(f"{soak.label}: {_verdict(soak)}" for soak in found))
    return Section(lines=tuple(map(_verdict, found)))


def _verdict(soak: Soak) -> str:
    ended = "" if soak.done >= soak.wanted else f" of {soak.wanted}"
    head = f"{soak.done}{ended} handovers, {soak.under_way} with a request under way"
    if not soak.decided:
        return f"{head}: undecided, {soak.checkpoints} checkpoints of {LEAST_CHECKPOINTS} at least"
    if not soak.leaks:
        return f"{head}: nothing leaks"
    grown = ", ".join(f"{use.name} grows by {use.each} a handover" for use in soak.leaks)
    return f"{head}: leak: {grown}"


def soak_table(found: Sequence[Soak], here: bool) -> Section:
    """Tabulate what was in use; ``here``: on a machine that others use, too."""
    several = len(found) > 1
    names = (Column("" if several else "in use", right=False, names=True),)
    heads = (*figures_under("first", "last", "a handover"), Column("verdict", right=False))
    tables = tuple(
        make_table((*names, *heads), map(_row, soak.uses), soak.label if several else "")
        for soak in found
    )
    notes = [
        "leak: above 1 unit (object, file, page) in "
        f"{1 / BOUND:.0f} handovers, and steady from checkpoint to checkpoint",
        "of the slab caches those that grow most; memory free counts down",
    ]
    if here:
        notes.append("other programs of this machine ran beside it: what they use is in here")
    return Section("What the kernel has in use after a handover", tuple(notes), tables)


def _row(use: InUse) -> tuple[Entry, ...]:
    sign = -1 if use.name in _FREE else 1
    ends = (Entry.figure(use.amount(sign * end)) for end in (use.growth.first, use.growth.last))
    verdict = {True: "leak", False: "steady", None: "undecided"}[use.growth.leaks]
    return (Entry(use.name), *ends, Entry.figure(use.each), Entry.reason(verdict))
