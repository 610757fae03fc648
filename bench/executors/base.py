# SPDX-License-Identifier: GPL-2.0-only
"""Define what the loop asks of a place where cells run."""

from collections.abc import Generator
from typing import NamedTuple, Protocol

from bench.model.cell import Block, Clock, Rep, Unavailable
from bench.model.facts import ExecutorFacts


class Room(NamedTuple):
    """How many blocks an executor can measure at once."""

    usual: int  # without --jobs
    most: int
    limit: str  # what sets it, for people
    harmful: bool = False  # more would spoil figures, not only gain nothing


class Executor(Protocol):
    """A place that measures blocks: one after the other, or some of them at once.

    Whether a block ended or raised, the executor takes the next one, until `close`.
    """

    @property
    def name(self) -> str:
        """Return what --executor calls it."""
        ...

    @property
    def clock(self) -> Clock:
        """Return what its reps are measured by."""
        ...

    @property
    def boots(self) -> int:
        """Return the number of the last boot, from 1; 0 before the first."""
        ...

    @property
    def saved_state(self) -> str:
        """Return the check sum of the state that every block starts from; "" where there is none.

        Known once `begin` has returned.
        """
        ...

    def room(self) -> Room:
        """Return how many blocks can be measured at once."""
        ...

    def begin(self) -> None:
        """Do once what every block needs, before the first is measured."""
        ...

    def boot_of(self, number: int) -> int:
        """Return the boot that the block of this number (from 0) ran in, once it has."""
        ...

    def facts(self) -> ExecutorFacts:
        """Return what run.json says of this executor."""
        ...

    def measure(self, block: Block) -> Generator[Rep | Unavailable]:
        """Measure a block: yield the methods that cannot be had, then the reps as they come.

        The reps are in the block's order, without those methods. CellSkipped when the block
        needs what is not here, CellFailed when something in it was not proven. Called in the
        order of the plan; where there is room for several, each may be read by a thread.
        Closing the generator ends what measures the block.
        """
        ...

    def close(self) -> None:
        """Give up what is held for further blocks."""
        ...
