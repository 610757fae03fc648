# SPDX-License-Identifier: GPL-2.0-only
"""One run at a time in a directory."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.measure.resume import open_again
from bench.paths import ROOT
from bench.results.writer import create, load
from tests.unit.runs import FACTS
from tests.unit.stored_runs import cut, stored

OTHER = """
import sys
from pathlib import Path
from bench.measure.resume import open_again
held = open_again(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """That measures into a directory."""
    command = [sys.executable, "-c", OTHER, str(path)]
    pipes = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipes, stdout=pipes, text=True) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        yield other
        if other.stdin:
            other.stdin.close()


def test_two_runs_at_once_name_each_other(path: Path) -> None:
    cut(path, stored(path)[:2000])
    with another_process(path) as other:
        with pytest.raises(UsageError, match=f"process {other.pid} measures into it$"):
            open_again(path)
        found = load(path)  # a report of it works
        assert f"not measured yet: process {other.pid} is at it" in found.missing.values()
    assert not open_again(path).finished


def test_a_process_that_is_killed_holds_nothing(path: Path) -> None:
    with another_process(path) as other:
        other.kill()
        other.wait()
        assert open_again(path).finished


def test_a_new_run_is_locked(tmp_path: Path) -> None:
    store = create(tmp_path / "run", "small")
    store.write_facts(FACTS)
    with pytest.raises(UsageError, match=f"process {os.getpid()} measures into it"):
        open_again(store.path)
    assert not load(store.path).damage
    assert {path.name for path in store.path.iterdir()} == {"run.json", "samples.jsonl"}
