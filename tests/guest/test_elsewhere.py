# SPDX-License-Identifier: GPL-2.0-only
"""Real workers of real engines: the same counts as here, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from bench.results.writer import Run, load
from bench.worker.block import MARK

pytestmark = [pytest.mark.guest, pytest.mark.slow]

WORDS = ("run", "smoke", "--mem", "32M,64M", "--clock", "icount", "--reps", "3")
BENCH = (sys.executable, "-m", "bench")
OURS = "BENCH_TESTED_IN"  # in the environment of all that a test starts: its directory
PRECISION = 2e-5  # of a median, between guests of one saved state


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BENCH, *words], capture_output=True, text=True, timeout=900)


@contextmanager
def started(words: Sequence[str], log: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            words, cwd=log.parent, env={**os.environ, **env}, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Dask:
    """A scheduler and its workers, each with a directory and a cache of its own."""

    def __init__(self, place: Path, stack: ExitStack, host: str = "127.0.0.1") -> None:
        self._place, self._stack, self._port = place, stack, free_port()
        self._address = f"tcp://{host}:{self._port}"
        self.name = f"dask:tcp://127.0.0.1:{self._port}"
        self.workers: list[subprocess.Popen[bytes]] = []
        words = ["--host", self._address, "--no-dashboard"]
        self.scheduler = self._start("dask_scheduler", words, place)
        self._wait_for("Scheduler at:", place / "log")

    def add_worker(
        self,
        prefix: Sequence[str] = (),
        at: str = "127.0.0.1",
        options: Sequence[str] = (),
        **env: str,
    ) -> Path:
        """Start a worker behind a prefix, which finds the scheduler at this address."""
        place = self._place / f"worker-{len(self.workers)}"
        place.mkdir()
        words = [f"tcp://{at}:{self._port}", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        words += options
        env = {"BENCH_WORKER_CACHE": str(place / "cache"), **env}
        self.workers.append(self._start("dask_worker", words, place, prefix, **env))
        self._wait_for("Registered to:", place / "log")
        return place

    def _start(
        self, name: str, words: Sequence[str], place: Path, prefix: Sequence[str] = (), **env: str
    ) -> "subprocess.Popen[bytes]":
        # A worker has no bench, whatever directory it is in (-P), and however it is installed for
        # the tests: in place, by a .pth file, which -S does not read.
        env = {"PYTHONPATH": sysconfig.get_path("purelib"), **env}
        program = [*prefix, sys.executable, "-P", "-S", "-m", f"distributed.cli.{name}", *words]
        return self._stack.enter_context(started(program, place / "log", **env))

    @staticmethod
    def _wait_for(text: str, log: Path) -> None:
        for _ in range(3000):
            if text in log.read_text(errors="replace"):
                return
            time.sleep(0.1)
        pytest.fail(log.read_text(errors="replace"))


@pytest.fixture(autouse=True)
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OURS, str(tmp_path))


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    with ExitStack() as stack:
        yield Dask(tmp_path, stack)


def measured_here(factory: pytest.TempPathFactory, words: Sequence[str]) -> Run:
    """Measure by one call, without any engine: what all others are held against."""
    out = factory.mktemp("here") / "run"
    done = bench(*words, "--out", str(out))
    assert done.returncode == 0, done.stderr
    return load(out)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return measured_here(tmp_path_factory, WORDS)


def require_same(run: Run, other: Run) -> None:
    """Check that all cells of the other run are in this one, with the same figures."""
    assert [cell for cell in run.cells if cell in other.cells] == [*other.cells]
    for cell in other.cells:
        pauses = [each.by_cell[cell].measured.pause for each in (run, other)]
        assert len({len(each) for each in pauses}) == 1  # of none, where a kernel has it not
        one, two = (np.median(each) if len(each) else 0 for each in pauses)
        assert abs(one - two) <= PRECISION * two
        assert list(run.by_cell[cell].boot) == list(other.by_cell[cell].boot)


def guests() -> list[psutil.Process]:
    """Guests that workers of this test have started: others run beside it."""
    found = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if "qemu" in process.info["name"]:
                variables = process.environ()
                if MARK in variables and variables.get(OURS) == os.environ[OURS]:
                    found.append(process)
    return found


def worker_at_work() -> psutil.Process | None:
    """The worker of some guest; a guest may end while this looks."""
    for guest in guests():
        with suppress(psutil.Error):
            return guest.parent()
    return None


def wait_until(true: Callable[[], object], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_processes_of_this_machine(here: Run, tmp_path: Path) -> None:
    done = bench(*WORDS, "--on", "local:2", "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    run = load(tmp_path / "run")
    require_same(run, here)
    assert sorted(n for worker in run.facts.executor.workers for n in worker.blocks) == [0, 1]
    wait_until(lambda: not guests())


def test_workers_of_dask_have_no_bench_and_the_same_counts(
    here: Run, dask: Dask, tmp_path: Path
) -> None:
    places = [dask.add_worker() for _ in range(2)]
    done = bench(*WORDS, "--on", dask.name, "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    run = load(tmp_path / "run")
    require_same(run, here)
    assert run.facts.executor.engine == dask.name
    kept = [{path.name for path in (place / "cache").iterdir()} for place in places]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 3 + len(("lock",))


def test_a_worker_that_dies_costs_its_block_alone(here: Run, dask: Dask, tmp_path: Path) -> None:
    dask.add_worker()
    dask.add_worker()
    out = str(tmp_path / "run")
    words = (*BENCH, *WORDS, "--on", dask.name, "--out", out)
    with started(words, tmp_path / "bench.log") as process:
        worker = None
        while worker is None and process.poll() is None:
            worker = worker_at_work()
        assert worker is not None, (tmp_path / "bench.log").read_text()
        worker.kill()
        assert process.wait(timeout=900) == 0, (tmp_path / "bench.log").read_text()
    require_same(load(tmp_path / "run"), here)
    wait_until(lambda: not guests())


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_an_interrupt_ends_all_guests(engine: str, dask: Dask, tmp_path: Path) -> None:
    dask.add_worker()
    dask.add_worker()
    name = dask.name if engine == "dask" else "local:2"
    long = ("run", "smoke", "--mem", "256M,512M", "--clock", "icount", "--reps", "200")
    words = (*BENCH, *long, "--on", name, "--out", str(tmp_path / "run"))
    with started(words, tmp_path / "bench.log") as process:
        wait_until(lambda: guests() or process.poll() is not None)
        process.send_signal(signal.SIGTERM)  # SIGINT is ignored below a shell's &
        assert process.wait(timeout=600) == 130
    wait_until(lambda: not guests())
    go_on = f"go on: bench run --resume {tmp_path / 'run'} --on {name}\n"
    assert go_on in (tmp_path / "bench.log").read_text()


def test_a_worker_with_another_qemu_is_left_out(here: Run, dask: Dask, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "qemu-system-x86_64").write_text("#!/bin/sh\necho QEMU emulator version 1.0\n")
    (other / "qemu-system-x86_64").chmod(0o755)
    dask.add_worker(PATH=f"{other}:{os.environ['PATH']}")
    out = tmp_path / "run"
    alone = bench(*WORDS, "--on", dask.name, "--out", str(out))
    assert alone.returncode == 125
    assert "no worker can be used" in alone.stderr
    assert "its QEMU is QEMU emulator version 1.0, here it is " in alone.stderr
    dask.add_worker()
    done = bench(*WORDS, "--on", dask.name, "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "is left out" in done.stderr
    require_same(load(out), here)


def test_a_scheduler_that_dies_leaves_a_run_to_go_on_with(
    here: Run, dask: Dask, tmp_path: Path
) -> None:
    dask.add_worker()
    out, log = tmp_path / "run", tmp_path / "bench.log"
    # Blocks enough that some are left, however late it is seen that one is done.
    many = [word.replace("32M,64M", "32M,40M,48M,56M,64M") for word in WORDS]
    with started((*BENCH, *many, "--on", dask.name, "--out", str(out)), log) as process:
        wait_until(lambda: "done" in log.read_text())
        dask.scheduler.kill()
        assert process.wait(timeout=900) == 125, log.read_text()
    assert "--resume" in log.read_text()
    assert load(out).samples
    done = bench("run", "--resume", str(out))
    assert done.returncode == 0, done.stderr
    require_same(load(out), here)
