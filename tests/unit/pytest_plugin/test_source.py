# SPDX-License-Identifier: GPL-2.0-only
"""What a scenario is measured with, where it is measured for pytest."""

from pathlib import Path

import pytest

from bench.commands.outcome import Outcome, Say
from bench.commands.run import RunOptions
from bench.errors import CannotJudge
from bench.pytest_plugin.source import planned


def test_defaults_of_a_user_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('device = "none"\nmethod = "mlock"\nmem = "64M"\npages = "4k"\n')
    asked: list[RunOptions] = []

    def run_command(options: RunOptions, _say: Say) -> Outcome:
        asked.append(options)
        return Outcome(125, complaint="no guest here")

    monkeypatch.setattr("bench.pytest_plugin.source.run_command", run_command)
    monkeypatch.setenv("BENCH_REPS", "7")
    monkeypatch.setenv("BENCH_JOBS", "3")
    with pytest.raises(CannotJudge, match="no guest here"):
        planned(str(own), tmp_path / "run", ticks=True).side()
    assert (asked[0].jobs, asked[0].overrides["reps"]) == ("3", "7")
