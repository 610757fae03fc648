# SPDX-License-Identifier: GPL-2.0-only
"""Ctrl-C at any moment of a command's first seconds: one line, a documented code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.errors import EXIT_INTERRUPTED
from bench.paths import ROOT

# What the console script does; a byte says that the first line of ours has run. What an interrupt
# does before that, while Python itself starts, is not ours to say.
STARTED = """
import os, sys
class Told:
    def find_spec(self, name, path=None, target=None):
        if name == "bench.cli":
            os.write(1, b".")
sys.meta_path.insert(0, Told())
from bench.__main__ import main
main()
"""
STEPS = [*range(0, 301, 10), 1500]  # milliseconds


def signalled(
    milliseconds: int, number: int, *words: str, before: signal.Handlers = signal.SIG_DFL
) -> tuple[int, str]:
    """The exit code and stderr of a command that gets a signal so long after its start."""
    running = subprocess.Popen(
        [sys.executable, "-c", STARTED, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(number, before),
    )
    assert running.stdout
    assert running.stdout.read(1) == b"."
    time.sleep(milliseconds / 1000)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    return running.returncode, err.decode()


@pytest.mark.parametrize("after", STEPS)
def test_an_interrupt_at_the_start_is_no_traceback(after: int, tmp_path: Path) -> None:
    """Until then the run imports modules, or waits for a recording that nobody writes."""
    os.mkfifo(tmp_path / "recording")
    words = ["run", "smoke", "--executor", f"replay:{tmp_path / 'recording'}"]
    words += ["--out", str(tmp_path / "out")]
    code, err = signalled(after, signal.SIGINT, *words)
    assert "Traceback" not in err and "KeyboardInterrupt" not in err
    assert code == EXIT_INTERRUPTED
    assert err.splitlines()[-1].startswith("bench: interrupted")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_the_same_way(number: int) -> None:
    code, err = signalled(100, number, "run", "smoke")
    assert (code, err) == (EXIT_INTERRUPTED, "bench: interrupted\n")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As under nohup."""
    code, err = signalled(0, signal.SIGHUP, "list", "--schema", before=signal.SIG_IGN)
    assert (code, err) == (0, "")


def test_boots_of_which_none_was_begun_leave_no_directory(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "recording")
    words = ["run", "smoke", "--executor", f"replay:{tmp_path / 'recording'}", "--boots", "2"]
    code, err = signalled(2500, signal.SIGINT, *words, "--out", str(tmp_path / "out"))
    assert code == EXIT_INTERRUPTED
    assert "--resume" not in err
    assert not (tmp_path / "out").exists()
