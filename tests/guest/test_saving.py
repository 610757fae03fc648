# SPDX-License-Identifier: GPL-2.0-only
"""Guests that are saved while the disk fills, a process is killed, or another wants the same."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bench.executors.guest_setup import GuestSetup
from bench.paths import cache_path
from bench.results.writer import load
from tests.unit.children import eventually

pytestmark = pytest.mark.guest

SMALL = ("run", "smoke", "--mem", "64M", "--reps", "1", "--clock", "icount")
SHARED = ("kernels", "packages", "helper", "initramfs", "kvm-probe.json")


@pytest.fixture
def place(setup: GuestSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of saved guests of its own; all else is that of the cache."""
    own = tmp_path / "cache" / "bench"
    (own / "snapshots").mkdir(parents=True)
    for name in SHARED:
        if (cache_path() / name).exists():
            (own / name).symlink_to(cache_path() / name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(own.parent))
    return own / "snapshots"


Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Start ``bench`` with some words, behind a prefix, into a run directory of this name."""

    def started(name: str, prefix: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        words = [*prefix, sys.executable, "-m", "bench", *SMALL, "--out", str(tmp_path / name)]
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path.cwd()
        )

    return started


def bench(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def qemus(run: Path) -> list[int]:
    """Processes of QEMU that write the console of a run."""
    found = psutil.process_iter(["name", "cmdline"])
    return [
        each.pid
        for each in found
        if "qemu" in (each.info["name"] or "") and str(run) in " ".join(each.info["cmdline"] or [])
    ]


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if not path.name.startswith("."))


def test_two_that_want_the_same_one(place: Path, begin: Begin, tmp_path: Path) -> None:
    """One saves it, the other waits and says so; both measure the same."""
    runs = [begin(name) for name in "ab"]
    ends = [(run.communicate(timeout=900)[1], run.returncode) for run in runs]
    assert [code for _, code in ends] == [0, 0], ends
    waited = "another process saves the same guest: waiting for it"
    assert sorted(text.count(waited) for text, _ in ends) == [0, 1]
    assert len(names(place)) == 1
    a, b = ([each.pause for each in load(tmp_path / name).samples] for name in "ab")
    assert a == b


@pytest.mark.parametrize("moment", ["saving", "measuring"])
def test_killed_at_any_moment(moment: str, place: Path, begin: Begin, tmp_path: Path) -> None:
    """The next command ends QEMU and removes what is half written; the run goes on.

    A guest that measures has no more to do than its script, and may have ended by itself.
    """
    run = begin("killed")
    wanted = "*.tmp/state" if moment == "saving" else "*[0-9a-f]/about.json"
    assert eventually(lambda: bool([*place.glob(wanted)]), 600)
    assert eventually(lambda: bool(qemus(tmp_path / "killed")) or run.poll() is not None, 600)
    kill(run)
    said = bench("doctor").stderr
    assert not qemus(tmp_path / "killed"), said
    assert moment == "measuring" or f"left behind by process {run.pid}" in said
    assert not [*place.glob("*.tmp")]
    assert len(names(place)) == (0 if moment == "saving" else 1)
    resumed = bench("run", "--resume", str(tmp_path / "killed"))
    assert resumed.returncode == 0 and "damaged" not in resumed.stderr, resumed.stderr
    assert len(names(place)) == 1
    assert bench("kernel", "prune").returncode == 0
    assert not [*place.iterdir()]


def test_a_disk_that_fills_while_a_guest_is_saved(
    place: Path, begin: Begin, tmp_path: Path
) -> None:
    """There is room when it begins to boot, and none when its state is written."""
    fill = f"until [ -d {place}/*.tmp ]; do sleep .1; done; cat /dev/zero >{place}/full"
    mount = f"mount -t tmpfs -o size=600m none {place} || exit; ({fill}) >/dev/null 2>&1 & "
    after = f'"$@"; code=$?; ls -A {place} >{tmp_path}/left; exit $code'
    run = begin("full", ("unshare", "--mount", "--map-root-user", "sh", "-c", mount + after, "sh"))
    out, text = run.communicate(timeout=900)
    assert run.returncode == 0, text
    (line,) = [line for line in text.splitlines() if "cannot be saved" in line]
    assert line.startswith("this guest cannot be saved and boots for every block: ")
    assert f"{place}: " in line and "0 MiB are free" in line
    assert not [sample for sample in load(tmp_path / "full").samples if sample.boot != 1]
    left = [name for name in (tmp_path / "left").read_text().split() if name[0] != "."]
    assert left == ["full"]
    assert "of reset-owner's pause" in out
