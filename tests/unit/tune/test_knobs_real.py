# SPDX-License-Identifier: GPL-2.0-only
"""--tune on this very machine: set for a moment, and as before though kill -9 came."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from bench.cleanup.journal import Journal, recover
from bench.cleanup.undo import read_value, write_value
from bench.errors import CannotJudge
from bench.paths import ROOT
from bench.tune.knobs import Wishes, tune
from tests.unit.machines import PAGE, POOL, SHMEM

pytestmark = pytest.mark.alone

SETTINGS = [Path("/") / name for name in (SHMEM, f"{POOL}/nr_hugepages")]

TUNED = """
import sys, time
from bench.cleanup.journal import Journal
from bench.tune.knobs import Wishes, tune
with Journal() as journal:
    lines = tune(journal, Wishes({int(sys.argv[1]): int(sys.argv[2])}, True, False, ()))
    print(*lines, sep="|", flush=True)
    time.sleep(1000)
"""


def present() -> dict[Path, str]:
    return {path: read_value(path) for path in SETTINGS if path.exists()}


def writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=True)


@pytest.fixture(autouse=True)
def machine_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a broken `recover` leaves, this test does not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = present()
    yield
    for path, value in before.items():
        if read_value(path) != value:
            write_value(path, value)


def free_pages() -> int:
    free, promised = (
        int(read_value(Path("/") / POOL / name)) for name in ("free_hugepages", "resv_hugepages")
    )
    return free - promised


def test_killed_while_the_machine_is_tuned() -> None:
    """As an ordinary user: refused, with nothing changed."""
    before = present()
    wanted = free_pages() + 2 if (Path("/") / POOL).exists() else 0
    if not all(map(writable, before)):
        refuse(wanted, before)
        return
    with subprocess.Popen(
        [sys.executable, "-c", TUNED, str(PAGE), str(wanted)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as victim:
        assert victim.stdout
        said = victim.stdout.readline()
        during = present()
        assert recover() == []  # it is alive
        victim.kill()
        assert victim.wait(5) == -signal.SIGKILL
    assert present() == during
    for path in before:
        # Short memory may refuse pages, and then no line says that there are more.
        assert (before[path] != during[path]) == (f"{before[path]} -> {during[path]}" in said)
        if path.name == "shmem_enabled":
            assert during[path] == "advise"
    lines = recover()
    assert len(lines) == sum(before[path] != during[path] for path in before)
    assert present() == before
    assert recover() == []


def refuse(wanted: int, before: dict[Path, str]) -> None:
    """What would have to change is named; where all is as wished there is nothing to refuse."""
    changes = [path for path in before if before[path] != "advise" and not writable(path)]
    with Journal() as journal, pytest.raises(CannotJudge) if changes else nullcontext() as caught:
        tune(journal, Wishes({PAGE: wanted}, True, False, ()))
    if caught:
        assert all(str(path) in caught.value.message for path in changes)
    assert present() == before
