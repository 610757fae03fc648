# SPDX-License-Identifier: GPL-2.0-only
"""Blocks that wait for their turn are stored with it, at once."""

from pathlib import Path

import pytest

from bench.measure.in_order import InOrder
from bench.results.reader import AHEAD
from bench.results.writer import Store, create, rows
from tests.unit.runs import numbered


class Syncing(Store):
    """Counts the writes that have to be on the disk before the next block."""

    syncs = 0

    def append_rows(self, lines: bytes) -> None:
        self.syncs += 1
        super().append_rows(lines)


def test_what_waited_for_a_block_is_stored_with_it_in_one_write(tmp_path: Path) -> None:
    store = Syncing(create(tmp_path / "run", "small").path)
    shelf = InOrder(store, {3: [numbered(3)]})
    for number in (2, 1, 0):
        shelf.add(number, [numbered(number)])
    assert store.syncs == 1
    assert (store.path / "samples.jsonl").read_bytes() == rows(map(numbered, range(4)))
    assert not (store.path / AHEAD).exists()


def test_an_error_is_raised_when_what_was_before_it_is_stored(tmp_path: Path) -> None:
    store = Syncing(create(tmp_path / "run", "small").path)
    shelf = InOrder(store, {})
    shelf.add(1, OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        shelf.add(0, [numbered(0)])
    assert (store.path / "samples.jsonl").read_bytes() == rows([numbered(0)])
