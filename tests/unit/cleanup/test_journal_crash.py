# SPDX-License-Identifier: GPL-2.0-only
"""kill -9 at any moment leaves only what the next call undoes."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.cleanup.journal import recover
from bench.machine.procfs import carries, processes
from bench.paths import ROOT
from tests.unit.children import eventually
from tests.unit.machines import values

# Settings, directories and children that have children, again and again, until it is killed.
VICTIM = """
import shutil, sys
from pathlib import Path
from bench.cleanup.journal import Journal
from bench.process import spawn
from bench.cleanup.scratch import atomic_directory, temporary
from bench.paths import cache_dir
root = Path(sys.argv[1])
cpu = root / "sys/devices/system/cpu"
shutil.rmtree(cache_dir() / "whole", ignore_errors=True)  # which is meant to stay
print(flush=True)
while True:
    with Journal(root) as journal:
        journal.write_setting(cpu / "cpufreq/policy0/scaling_governor", "performance")
        journal.write_setting(cpu / "intel_pstate/no_turbo", "1")
        with temporary(cache_dir()) as scratch:
            (scratch / "part").touch()
            forks = ["sh", "-c", "sleep 1000 & sleep 1000 & wait"]
            log = root / "log"
            with spawn(forks, log=log), spawn(["sleep", "1000"], log=log) as child:
                child.wait(0.02)
        journal.write_setting(cpu / "intel_pstate/no_turbo", "0")
        with atomic_directory(cache_dir() / "whole") as made:
            (made / "part").touch()
        shutil.rmtree(made.with_name("whole"))
"""


@pytest.fixture
def cache(directory: Path) -> Path:
    return directory.parent


def started_below(cache: Path) -> list[int]:
    """Processes that have this test's cache in their environment, but for this one."""
    variable = f"XDG_CACHE_HOME={cache.parent}"
    found = [p.pid for p in processes() if not p.ended and p.pid != os.getpid()]
    return [pid for pid in found if carries(pid, variable)]


def kill_after(seconds: float, root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(root)], cwd=ROOT, stdout=subprocess.PIPE
    ) as victim:
        assert victim.stdout and victim.stdout.readline() == b"\n"
        time.sleep(seconds)
        victim.kill()
        assert victim.wait(5) == -signal.SIGKILL


@pytest.mark.slow
def test_killed_at_random_moments_nothing_stays(cache: Path, root: Path) -> None:
    before = values(root)
    moments = random.Random(4)
    undone: list[str] = []
    try:
        for _ in range(20):
            kill_after(moments.uniform(0, 0.12), root)
            undone += recover(root)
            assert values(root) == before
            assert {path.name for path in cache.iterdir()} <= {"journal", "whole"}
            assert [path.name for path in (cache / "journal").iterdir()] == [".lock"]
            assert all_end(cache)
    finally:
        for pid in started_below(cache):
            os.kill(pid, signal.SIGKILL)
    for what in ("scaling_governor: powersave again", "removed", "ended process"):
        assert any(what in line for line in undone), what


def all_end(cache: Path) -> bool:
    """A child that was not yet let through its gate ends by itself, which takes a moment."""
    return eventually(lambda: not started_below(cache))


@pytest.mark.slow
def test_two_calls_at_once_undo_it_once(cache: Path, root: Path) -> None:
    before = values(root)
    all_said = []
    for _ in range(5):
        kill_after(0.05, root)
        with ThreadPoolExecutor(4) as pool:
            said = [line for lines in pool.map(recover, [root] * 4) for line in lines]
        assert len(said) == len({*said})
        assert not [line for line in said if "left alone" in line or "cannot" in line]
        assert values(root) == before
        assert all_end(cache)
        all_said += said
    assert all_said  # once or twice it may be killed where there was nothing to undo
