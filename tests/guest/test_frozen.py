# SPDX-License-Identifier: GPL-2.0-only
"""Workers of Dask that are there and do not answer: stopped, swapping, or of a host that hangs."""

import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.results.writer import Run, load
from tests.guest.test_elsewhere import (
    BENCH,
    WORDS,
    Dask,
    bench,
    dask,
    guests,
    measured_here,
    ours,
    require_same,
    started,
    wait_until,
    worker_at_work,
)

__all__ = ["dask", "ours"]  # fixtures

pytestmark = [pytest.mark.guest, pytest.mark.slow]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return measured_here(tmp_path_factory, WORDS)


def test_a_worker_that_is_frozen_from_the_start_is_left_out(
    here: Run, dask: Dask, tmp_path: Path
) -> None:
    dask.add_worker()
    dask.add_worker()
    dask.workers[0].send_signal(signal.SIGSTOP)
    done = bench(*WORDS, "--on", dask.name, "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert "is left out: it does not answer" in done.stderr
    require_same(load(tmp_path / "run"), here)


def test_a_worker_that_freezes_costs_its_block_alone(
    here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask gives it up after five minutes without a sign of it: here after five seconds."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", "5s")
    with ExitStack() as stack:
        dask = Dask(tmp_path, stack)
        dask.add_worker()
        dask.add_worker()
        out, log = tmp_path / "run", tmp_path / "bench.log"
        with started((*BENCH, *WORDS, "--on", dask.name, "--out", str(out)), log) as process:
            wait_until(lambda: worker_at_work() or process.poll() is not None)
            frozen = worker_at_work()
            assert frozen is not None, log.read_text()
            frozen.suspend()
            assert process.wait(timeout=900) == 0, log.read_text()
        require_same(load(out), here)
        frozen.kill()
    wait_until(lambda: not guests())


def test_an_interrupt_does_not_wait_for_a_worker_that_is_frozen(dask: Dask, tmp_path: Path) -> None:
    dask.add_worker()
    log = tmp_path / "bench.log"
    words = (*BENCH, *WORDS, "--on", dask.name, "--out", str(tmp_path / "run"))
    with started(words, log) as process:
        wait_until(lambda: guests() or process.poll() is not None)
        dask.workers[0].send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 130, log.read_text()
    dask.workers[0].kill()
    wait_until(lambda: not guests())
