# SPDX-License-Identifier: GPL-2.0-only
"""Measure boots one after the other, below one directory."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from bench.commands.outcome import Outcome
from bench.plan.boots import Boot
from bench.report.table.section import Section
from bench.results.series import BOOTS


@dataclass(frozen=True)
class Turns:
    """What came of boots, up to the first that complains: so would the next."""

    code: int
    shown: tuple[tuple[Section, ...], ...]  # by each
    runs: tuple[Path, ...]  # those that were begun
    place: str  # of the last boot
    last: Outcome

    @property
    def sections(self) -> tuple[Section, ...]:
        """Return all that they show."""
        return (*chain.from_iterable(self.shown),)

    def ended(self, parent: Path) -> Outcome:
        """Return the outcome of the last boot as that of all, which can be gone on with."""
        return replace(self.last, code=self.code, hint=go_on(parent), runs=self.runs)


def in_turn(parent: Path, boots: Iterable[Boot], measure: Callable[[int, Boot], Outcome]) -> Turns:
    """Have each of some boots measured, by its number from 1; there is one at least."""
    code, shown, runs = 0, [], []
    for number, boot in enumerate(boots, 1):
        last = measure(number, boot)
        code = last.code or code
        shown.append(last.sections)
        place = parent / boot.place
        runs += [place] * (place / "run.json").exists()
        if last.complaint:
            break
    return Turns(code, (*shown,), (*runs,), boot.place, last)


def go_on(parent: Path) -> str:
    """Say how to go on with boots; where none was begun, remove their directory instead."""
    if any(parent.glob("*/*/run.json")):
        return f"what was measured is below {parent}; go on: bench run --resume {parent}"
    with suppress(OSError):
        (parent / BOOTS).unlink()
        for kernel in parent.iterdir():
            kernel.rmdir()
        parent.rmdir()
    return ""
