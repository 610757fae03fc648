# SPDX-License-Identifier: GPL-2.0-only
"""The command line in this process, and a run directory."""

import shutil
import sys
from pathlib import Path

import pytest

from bench.cli import main
from bench.results.writer import Store, create
from tests.unit.command import MEM, REPS, Bench, Ended
from tests.unit.runs import FACTS, SAMPLES
from tests.unit.stored_runs import measured
from tests.unit.streams import write_lines


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    """Run a command line in this process."""

    def run(*words: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def replay(tmp_path: Path, bench: Bench) -> Bench:
    """Measure the smoke scenario with recorded lines, into ``out``."""

    def run(lines: list[str], *words: str) -> Ended:
        path = write_lines(tmp_path / "recording", lines)
        options = ["--mem", MEM, "--executor", f"replay:{path}", "--out", tmp_path / "out"]
        options += [] if "--reps" in words else ["--reps", REPS]
        return bench("run", "smoke", *options, *words)

    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A run with three samples."""
    made = create(tmp_path / "run", "small")
    made.write_facts(FACTS)
    made.append(SAMPLES)
    return made


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that came to its end. Whoever changes it changes it back."""
    return measured(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """The same run, for one test."""
    return Path(shutil.copytree(whole, tmp_path / "whole"))
