# SPDX-License-Identifier: GPL-2.0-only
"""Runs to report on, made cell by cell without a plan, and what their tables say."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.model.cell import (
    Backing,
    Block,
    Cell,
    Clock,
    Method,
    Pages,
    Phase,
    Rep,
    Sample,
    Unavailable,
)
from bench.model.facts import ExecutorFacts, RunFacts
from bench.model.units import GIB, KIB
from bench.report.table.contents import contents
from bench.report.text.text import sections_text
from bench.results.writer import Run
from tests.unit.samples import made_run
from tests.unit.streams import split_pause

FIXED, A_PAGE = 1_000_000, 300
CELL = Cell("sim-net-pa", Method.RESET_OWNER, GIB, Pages.THP, Backing.ALIAS, GIB)
LEFT_OUT = "skipped: left out by --budget 10 min: it would take 1.0 h (needs: a larger --budget)"
FACTS = RunFacts(seed=1, clock=Clock.ICOUNT, executor=ExecutorFacts(name="guest"))


class Silent:
    """A progress that shows nothing."""

    def begin(self, block: Block) -> None:
        """Not a word."""

    def advance(self, block: Block, rep: Rep) -> None:
        """Not a word."""

    def without(self, block: Block, item: Unavailable) -> None:
        """Not a word."""

    def end(self, block: Block, problem: str, details: str) -> None:
        """Not a word."""


def sized(cell: Cell, gib: int, **fields: Any) -> Cell:
    return replace(cell, mem=gib * GIB, **fields)


def pages_of(cell: Cell) -> int:
    return cell.mem // (4 * KIB)


def on_a_line(cell: Cell) -> int:
    return FIXED + A_PAGE * pages_of(cell)


def measured(cell: Cell, pauses: Sequence[int]) -> list[Sample]:
    return [
        Sample(
            cell=cell,
            clock=Clock.ICOUNT,
            boot=1,
            status="ok",
            rep=number + 1,
            pause=pause,
            phases={Phase(k): v for k, v in split_pause(pause, cell.method).items()},
        )
        for number, pause in enumerate(pauses)
    ]


def straight(cells: Iterable[Cell]) -> list[Sample]:
    """Three reps of each cell, a little off the line."""
    return [
        sample
        for cell in cells
        for sample in measured(cell, [on_a_line(cell) + step for step in (-2000, 0, 3000)])
    ]


def without(cell: Cell, status: str = LEFT_OUT) -> Sample:
    return Sample(cell, Clock.ICOUNT, 1, status)


def run_of(samples: Iterable[Sample]) -> Run:
    return made_run(Path("run"), FACTS, samples)


def section(text: str, title: str) -> list[str]:
    """The lines of a section after its title, empty without it."""
    found = [part for part in text.split("\n\n") if part.startswith(title)]
    return found[0].splitlines()[1:] if found else []


def table(text: str, title: str) -> list[str]:
    """The lines of a section's table, its heads first; empty without the section."""
    lines = section(text, title)
    heads = (number for number, line in enumerate(lines) if line.startswith("device "))
    return lines[next(heads, len(lines)) :]


def rows(text: str, title: str) -> list[list[str]]:
    """A section's table without its heads, by column; blank ones are not there."""
    return [words(line) for line in table(text, title)[1:]]


def words(line: str) -> list[str]:
    """The columns of a row."""
    return re.split(r" {2,}", line.strip())


def run_text(run: Run) -> str:
    """Write the report of a run as plain text, without the end of its last line."""
    return sections_text(contents(run))
