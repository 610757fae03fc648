# SPDX-License-Identifier: GPL-2.0-only
"""What an interrupt breaks, or what a library makes of it: still 130, one line, no traceback."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from resource import RLIMIT_CPU, setrlimit

import pytest

from bench.model.refusals import LONGER
from bench.paths import ROOT

# A command that is not one: what stands in it decides.
COMMAND = """
import atexit, os, signal, sys, time
import bench.cli
from bench.commands.begin import raise_signals
from bench.commands.outcome import Outcome
from bench.errors import CannotJudge

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

class Destroyed:
    def __del__(self):
        interrupt()

def app(**_):
    raise_signals()
{body}

bench.cli.app = app
from bench.__main__ import main
main()
"""
BODIES = {
    "an error of ours instead": """
    try:
        interrupt()
    except KeyboardInterrupt:
        raise CannotJudge("the tree is gone") from None
""",
    "an error of a library instead": """
    try:
        interrupt()
    except KeyboardInterrupt:
        raise ImportError("multiarray failed to import") from None
""",
    "an outcome instead": """
    try:
        interrupt()
    except KeyboardInterrupt:
        return Outcome(125, complaint="interrupted: nothing was measured")
""",
    "in a destructor": """
    Destroyed()
    time.sleep(30)
    return Outcome(0)
""",
    "twice": """
    try:
        interrupt()
    finally:
        interrupt()
""",
    "in source text": """
    exec("interrupt()", globals())
""",
    "while it is printed": """
    class Report(str):
        def __str__(self):
            interrupt()
    return Outcome(0, Report("x"))
""",
}


def command(
    body: str, place: Path, limit: Callable[[], object] = lambda: None
) -> tuple[int, list[str]]:
    """Run a command with such a body; return the exit code and the lines of stderr."""
    (place / "command.py").write_text(COMMAND.format(body=body))
    done = subprocess.run(
        [sys.executable, "-m", "command", "list"],  # as python -m bench, which ends by other ways
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{place}"},
        preexec_fn=lambda: (signal.signal(signal.SIGINT, signal.SIG_DFL), limit()),
        timeout=60,
    )
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("name", BODIES)
def test_an_interrupt_is_130_whatever_becomes_of_it(name: str, tmp_path: Path) -> None:
    code, said = command(BODIES[name], tmp_path)
    assert code == 130
    assert len(said) == 1 and said[0].startswith("bench: interrupted")


def test_what_comes_when_all_is_said_changes_nothing(tmp_path: Path) -> None:
    """Python takes a while to end, and a signal would kill it there."""
    body = """
    atexit.register(interrupt)
    return Outcome(1, complaint="a regression")
"""
    code, said = command(body, tmp_path)
    assert (code, said) == (1, ["bench: a regression"])


@pytest.mark.parametrize("begun", [True, False])
def test_a_limit_of_time_is_said(begun: bool, tmp_path: Path) -> None:
    """Before a command has begun, and within it."""
    work = f"""
    {"raise_signals()" if begun else "signal.signal(signal.SIGXCPU, early)"}
    os.kill(os.getpid(), signal.SIGXCPU)
"""
    body = f"""
    from bench.__main__ import _out_of_time as early
{work}"""
    code, said = command(body, tmp_path)
    assert code == 125
    assert "CPU time" in said[0] and said[1:] == [f"  {LONGER}"]
    assert "ulimit -t unlimited" in LONGER and "prlimit --pid $$ --cpu" in LONGER


def test_a_hard_limit_of_time_is_said_before_the_kernel_kills(tmp_path: Path) -> None:
    """Which cannot be handled, and is sent at the same moment as the signal that can."""
    body = """
    while True:
        pass
"""
    code, said = command(body, tmp_path, lambda: setrlimit(RLIMIT_CPU, (1, 1)))
    assert code == 125
    assert "CPU time" in said[0] and said[1:] == [f"  {LONGER}"]


def test_time_that_is_not_enough_is_said_before_it_is_spent(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", "pin", "--out", str(tmp_path / "run")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: setrlimit(RLIMIT_CPU, (2, 2)),
    )
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.splitlines()[0] == "bench: ulimit -t is 2, and bench run needs 3"
    assert not (tmp_path / "run").exists()
