# SPDX-License-Identifier: GPL-2.0-only
"""Tests that run alone do, and those of a directory have its mark."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import MARKED, TESTS, turn
from tests.unit.children import eventually


def is_closed(queue: Path) -> bool:
    """Whether somebody waits for a turn."""
    with queue.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_who_is_to_run_alone_waits_for_the_others_and_is_not_overtaken(tmp_path: Path) -> None:
    queue = tmp_path / "conftest.py"
    queue.touch()
    (tmp_path / "__init__.py").touch()
    order: list[str] = []

    def take(name: str, alone: bool) -> None:
        with turn(tmp_path, alone):
            order.append(name)

    with ThreadPoolExecutor(2) as pool:
        with turn(tmp_path, alone=False), turn(tmp_path, alone=False):  # side by side
            waiting = pool.submit(take, "alone", True)
            assert eventually(lambda: is_closed(queue))
            later = pool.submit(take, "beside others", False)
            assert order == []
        waiting.result()
        later.result()
    assert order == ["alone", "beside others"]


@pytest.mark.parametrize("directory", MARKED)
def test_marks_are_directories(directory: str) -> None:
    assert [*(TESTS / directory).glob("test_*.py")]
