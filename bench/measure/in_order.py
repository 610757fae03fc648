# SPDX-License-Identifier: GPL-2.0-only
"""Store blocks in the order of the plan, whatever the order in which they end."""

from collections.abc import Mapping, Sequence

from bench.model.cell import Sample
from bench.results.writer import Store


class InOrder:
    """Blocks that have ended, by their places in the plan, on their way to the disk.

    One that ends before a block in front of it waits on the disk too, in a file of its own: a
    run that is interrupted or killed loses the blocks that are being measured, and no other.
    """

    def __init__(self, store: Store, waiting: Mapping[int, Sequence[Sample]]) -> None:
        self._store = store
        self._waiting: dict[int, Sequence[Sample] | Exception] = {**waiting}
        self._due = 0

    def add(self, number: int, found: Sequence[Sample] | Exception) -> None:
        """Store a block now or when it is its turn; an exception is raised then instead."""
        self._waiting[number] = found
        if number != self._due and not isinstance(found, Exception):
            self._store.append_ahead(found)
        self.store_due()

    def store_due(self) -> None:
        """Store the blocks whose turn it is."""
        while self._due in self._waiting:
            found = self._waiting[self._due]
            if isinstance(found, Exception):
                raise found
            self._store.append(found)
            del self._waiting[self._due]
            self._due += 1
        if not self._waiting:
            self._store.replace_ahead(())
