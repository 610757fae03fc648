# SPDX-License-Identifier: GPL-2.0-only
"""Kills at random moments: what was finished is kept, nothing stays behind, the run goes on.

BENCH_KILLS is how many there are of each engine (10), BENCH_KILLS_SEED what they follow from (1).
"""

import os
import random
import re
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from bench.results.lock import holder
from bench.results.plan_record import Planned
from bench.results.writer import Run, load
from tests.guest.test_elsewhere import (
    BENCH,
    OURS,
    Dask,
    bench,
    guests,
    measured_here,
    require_same,
    started,
    wait_until,
)

pytestmark = [pytest.mark.guest, pytest.mark.slow, pytest.mark.long]

WORDS = ("run", "smoke", "--mem", "32M,40M,48M,56M,64M", "--clock", "icount", "--reps", "5")
KINDS = {"local": ("worker", "guest"), "dask": ("worker", "guest", "scheduler")}
COUNT = int(os.environ.get("BENCH_KILLS", "10"))
SEED = os.environ.get("BENCH_KILLS_SEED", "1")
_DONE = re.compile(r"^\[(\d+)/\d+\] done", re.MULTILINE)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return measured_here(tmp_path_factory, WORDS)


def ours() -> dict[int, str]:
    """All processes that this test has started, and those that they have."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(OURS) == os.environ[OURS] and process.pid != os.getpid():
                found[process.pid] = " ".join(process.cmdline())
    return found


def victim(kind: str, dask: Dask | None, process: "subprocess.Popen[bytes]") -> int | None:
    """Return a process of this kind, None where there is none now."""
    if kind == "guest":
        return next((guest.pid for guest in guests()), None)
    if dask and kind == "scheduler":
        return dask.scheduler.pid
    if dask:
        return dask.workers[0].pid
    with suppress(psutil.Error):
        for child in psutil.Process(process.pid).children():
            if "spawn_main" in " ".join(child.cmdline()):
                return child.pid
    return None


def kill_one(
    chance: random.Random, kind: str, dask: Dask | None, process: "subprocess.Popen[bytes]"
) -> str:
    """Kill a process of a kind some seconds after guests have begun; say what came of it."""
    wait_until(lambda: guests() or process.poll() is not None)
    time.sleep(chance.uniform(0, 8))
    while process.poll() is None:
        if pid := victim(kind, dask, process):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
                return "killed"
        time.sleep(0.02)
    return "too late"


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize("engine", KINDS)
def test_a_kill(
    engine: str, number: int, here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OURS, str(tmp_path))
    for variable, name in (("TMPDIR", "scratch"), ("BENCH_WORKER_CACHE", "cache")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    chance = random.Random(f"{SEED} {engine} {number}")
    kind = chance.choice(KINDS[engine])
    out, log = tmp_path / "run", tmp_path / "bench.log"
    with ExitStack() as stack:
        dask = Dask(tmp_path, stack) if engine == "dask" else None
        if dask:
            dask.add_worker()
            dask.add_worker()
        words = (*BENCH, *WORDS, "--on", dask.name if dask else "local:2", "--out", str(out))
        with started(words, log) as process:
            came = kill_one(chance, kind, dask, process)
            code = process.wait(timeout=900)
        text = log.read_text()
        tally = f"{engine} {number}: {kind} {came}, {len(_DONE.findall(text))} done, exit {code}\n"
        (tmp_path / "tally").write_text(tally)
        if _DONE.search(text):
            require_kept(out, text)
        wait_until(lambda: not guests(), 60)
    wait_until(lambda: not ours(), 60)
    if "nothing was measured: begin it anew" in text:
        assert (code, out.exists()) == (125, False)
        return
    assert code == 0 or (code == 125 and "bench run --resume" in text), text
    if code:
        done = bench("run", "--resume", str(out))
        assert done.returncode == 0, done.stderr
    require_same(load(out), here)
    require_nothing_left(tmp_path)


def require_kept(out: Path, text: str) -> None:
    """Check that what was said to be done is stored."""
    run = load(out)
    assert not run.damage
    for number in map(int, _DONE.findall(text)):
        for cell in Planned.read(run.facts).blocks[number - 1].cells:
            assert run.by_cell[cell].ok.any()


def require_nothing_left(place: Path) -> None:
    names = {path.name for path in (place / "scratch").iterdir()}
    assert names <= {"dask-scratch-space"}  # which is Dask's own, and stays when it is killed
    assert holder(place / "run") is None
    names = {path.name for cache in place.rglob("cache") for path in cache.iterdir()}
    assert not [name for name in names if len(name) != 64 and name != "lock"]
