# SPDX-License-Identifier: GPL-2.0-only
"""Store blocks in the order of the plan, whatever the order in which they end."""

from collections.abc import Mapping, Sequence

from bench.model.cell import Sample
from bench.results.writer import Store, rows


class InOrder:
    """Blocks that have ended, by their places in the plan, on their way to the disk.

    One that ends before a block in front of it waits on the disk too, in a file of its own: a
    run that is interrupted or killed loses the blocks that are being measured, and no other.
    """

    def __init__(self, store: Store, waiting: Mapping[int, Sequence[Sample]]) -> None:
        self._store = store
        # Lines rather than samples: they are less memory, and made once.
        self._waiting: dict[int, bytes | Exception] = {n: rows(each) for n, each in waiting.items()}
        self._due = 0

    def add(self, number: int, found: Sequence[Sample] | Exception) -> None:
        """Store a block now or when it is its turn; an exception is raised then instead."""
        lines = found if isinstance(found, Exception) else rows(found)
        self._waiting[number] = lines
        if number != self._due and not isinstance(lines, Exception):
            self._store.append_ahead(lines)
        self.store_due()

    def store_due(self) -> None:
        """Store the blocks whose turn it is, those that waited for one another at once."""
        due: list[bytes] = []
        while isinstance(lines := self._waiting.get(self._due + len(due)), bytes):
            due.append(lines)
        if due:
            self._store.append_rows(b"".join(due))
        for _ in due:
            del self._waiting[self._due]
            self._due += 1
        if isinstance(lines, Exception):
            raise lines
        if not self._waiting:
            self._store.replace_ahead(())
