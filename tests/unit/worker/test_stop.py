# SPDX-License-Identifier: GPL-2.0-only
"""Guests of a run are found by what is in their environment, and by nothing that stays behind."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.worker.block import MARK, stop_blocks
from tests.unit.children import assert_dies, is_gone


@contextmanager
def guest(run: str) -> Iterator[int]:
    words, environment = ["sleep", "1000"], {**os.environ, MARK: run}
    with subprocess.Popen(words, env=environment, start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_the_guests_of_one_run_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_WORKER_STOPPED", "")  # which this puts back
    name = f"run-{os.getpid()}"
    with guest(name) as ours, guest(f"{name}0") as other:
        assert stop_blocks(name) == 1
        assert_dies(ours)
        assert not is_gone(other)
    assert stop_blocks(name) == 0
