# SPDX-License-Identifier: GPL-2.0-only
"""The short form of kill_runs.py; a hundred runs take some minutes, and are by hand."""

from pathlib import Path

import pytest

from tests.faults.kill_runs import WORDS, kill_runs

# What is left behind is looked for in the whole machine.
pytestmark = pytest.mark.alone


def test_killed_runs_resume_and_leave_nothing_behind(tmp_path: Path) -> None:
    assert len(kill_runs(4, WORDS, seed=1, directory=tmp_path)) == 4


@pytest.mark.guest
def test_killed_guests_resume_and_leave_nothing_behind(tmp_path: Path) -> None:
    words = "run smoke --reps 1 --pages 4k,thp --clock icount"
    assert len(kill_runs(2, words, seed=2, directory=tmp_path)) == 2
