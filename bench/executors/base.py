# SPDX-License-Identifier: GPL-2.0-only
"""Define what the loop asks of a place where cells run."""

from collections.abc import Iterator
from typing import Protocol

from bench.model.cell import Block, Clock, Rep, Unavailable
from bench.model.facts import ExecutorFacts


class Executor(Protocol):
    """A place that measures one block after the other.

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
        """Return the number of the last boot, from 1."""
        ...

    def facts(self) -> ExecutorFacts:
        """Return what run.json says of this executor."""
        ...

    def measure(self, block: Block) -> Iterator[Rep | Unavailable]:
        """Measure a block: yield the methods that cannot be had, then the reps as they come.

        The reps are in the block's order, without those methods. CellSkipped when the block
        needs what is not here, CellFailed when something in it was not proven.
        """
        ...

    def close(self) -> None:
        """Give up what is held for further blocks."""
        ...
