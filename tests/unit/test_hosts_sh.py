# SPDX-License-Identifier: GPL-2.0-only
"""Roots of fresh systems: what they need, and that none stays behind when making one is stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.model.settings import MIRROR
from bench.paths import ROOT
from tests.unit.children import eventually
from tests.unit.kernel.programs import program

SCRIPT = str(ROOT / "tests/hosts/run")


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    (tmp_path / "bin").mkdir()
    return {
        **os.environ,
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path),
        "LOGS": str(tmp_path / "logs"),
        MIRROR: "http://mirror.example/debian",
    }


def run(env: Mapping[str, str], *words: str) -> tuple[int, str]:
    done = subprocess.run([SCRIPT, *words], env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_what_a_fresh_root_needs(tmp_path: Path, env: Mapping[str, str]) -> None:
    assert run(env) == (125, "test-hosts: name a release of Debian, as trixie\n")
    program(tmp_path / "bin", "id", "echo 1000")
    hint = "test-hosts: making a root needs root: sudo make test-hosts\n"
    assert run(env, "trixie") == (125, hint)
    assert not [*tmp_path.glob("bench-hosts.*")]


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of mounts are root's to make")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_root_that_is_stopped_is_gone(
    number: signal.Signals, tmp_path: Path, env: Mapping[str, str]
) -> None:
    """With what was mounted on it: the directory below the mount keeps its file."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    script = 'for root; do case $root in */trixie) break;; esac; done; mkdir -p "$root/dev"\n'
    script += f'mount --bind {kept} "$root/dev"; touch {tmp_path}/mounted; sleep 60'
    program(tmp_path / "bin", "debootstrap", script)
    # A shell cannot trap what was ignored where it began, as in the background of another.
    command = ["env", "--default-signal=INT,HUP", SCRIPT, "trixie"]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as popen:
        assert eventually((tmp_path / "mounted").exists)
        popen.send_signal(number)
        assert popen.wait(20) == 130
    assert not [*tmp_path.glob("bench-hosts.*")]
    assert (kept / "file").exists()
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of mounts are root's to make")
def test_a_root_that_cannot_be_made_is_a_failure(tmp_path: Path, env: Mapping[str, str]) -> None:
    program(tmp_path / "bin", "debootstrap", "echo no such release; exit 1")
    code, said = run(env, "trixie")
    assert (code, said) == (1, "test-hosts: failed: trixie; see the logs\n")
    assert "no such release" in (tmp_path / "logs/trixie.log").read_text()
    assert not [*tmp_path.glob("bench-hosts.*")]
