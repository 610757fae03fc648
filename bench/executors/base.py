# SPDX-License-Identifier: GPL-2.0-only
"""What the loop asks of a place where cells run."""

from collections.abc import Iterator
from typing import Any, Protocol

from bench.model.cell import Block, Clock, Rep, Unavailable


class Executor(Protocol):
    """`measure` yields the reps of a block in its order, as they come.

    What comes before them says which methods cannot be had, and are not in the order. It
    raises CellSkipped when the block needs what is not here, and CellFailed when something
    was not proven; either way the executor takes the next block.
    """

    @property
    def name(self) -> str: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def boots(self) -> int:
        """How many kernels were started so far; the last one's number, from 1."""
        ...

    def facts(self) -> dict[str, Any]:
        """What a reader has to know of it, for run.json."""
        ...

    def measure(self, block: Block) -> Iterator[Rep | Unavailable]: ...

    def close(self) -> None: ...
