# SPDX-License-Identifier: GPL-2.0-only
"""User-mode Linux for real: built of the tree of 7.3, pin loops by the clock, a calibration."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.guest.uml import MEMORY
from bench.kernel.kernel import built_kernels
from bench.kernel.tree import Tree
from bench.model.units import KIB
from tests.kernels import refusing
from tests.kernels.conftest import BENCH, Ended, bench, measured

NAME = "7.3-uml"
PIN = ("run", "pin", "--executor", "uml", "--method", "iotlb")
MEM = 64 << 20


@pytest.fixture(scope="module", autouse=True)
def kernel() -> Path:
    ended = bench("kernel", "build", NAME)
    assert ended.code == 0, ended.err
    return Path(ended.out.splitlines()[-1])


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Neither processes nor memory nor directories."""
    before = {path.name for path in MEMORY.iterdir()}
    yield
    assert processes() == []
    assert {path.name for path in MEMORY.iterdir()} <= before


def processes() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"/linux") and b"7.3-uml" in words[0]:
            found.append(os.fsdecode(words[0]))
    return found


def test_it_is_of_the_tree_of_another_base(kernel: Path) -> None:
    facts = json.loads((kernel / "kernel.json").read_text())
    assert facts["name"] == "7.3.4-uml+live-update"
    assert {"vhost_vdpa", "vdpa_sim", "vdpa_sim_net", "vdpa_sim_blk"} <= {*facts["builtin"]}
    origin = Tree("7.3").origin()
    assert origin and facts["from"] == origin.described
    assert kernel in [each.path for each in built_kernels()]
    assert kernel.name in bench("kernel", "list").out


def test_its_atomic_operations_are_locked(kernel: Path) -> None:
    words = ["objdump", "-d", "--disassemble=unpin_user_page", str(kernel / "linux")]
    code = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "unpin_user_page" in code and "lock " in code


@pytest.mark.alone
@pytest.mark.slow
def test_a_pin_loop_is_timed(tmp_path: Path) -> None:
    ended = bench(*PIN, "--mem", "64M", "--reps", "7", "--out", tmp_path / "run")
    assert ended.code == 0, ended.err
    rows = measured(tmp_path / "run")
    assert {(row["clock"], row["unit"], row["ptes"]) for row in rows} == {
        ("wall", "ns", "cold"),
        ("wall", "ns", "warm"),
    }
    assert all(row["pinned"] == MEM for row in rows)
    # The loops themselves, and not system calls of the machine in them: it was 500 ns with two
    # CPUs. Ten times as much as here is still none.
    warm = [row["phases"] for row in rows if row["ptes"] == "warm"]
    best = {name: min(phases[name] for phases in warm) / (MEM / 4 / KIB) for name in warm[0]}
    assert all(1 < each < 250 for each in best.values()), best
    table = ended.out.partition("Pin and unpin of each 4 KiB page, ns")[2]
    assert len([line for line in table.splitlines() if line.startswith("4k ")]) == 2


def test_where_ptrace_and_seccomp_are_refused(tmp_path: Path) -> None:
    wrapped = [sys.executable, refusing.__file__, *BENCH, *PIN, "--mem", "64M"]
    done = subprocess.run(
        [*wrapped, "--out", str(tmp_path / "run")], capture_output=True, text=True, check=False
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    assert ended.code == 125 and ended.out == ""
    (complaint,) = [line for line in ended.err.splitlines() if line.startswith("bench: ")]
    assert "user-mode Linux does not boot here: Checking" in complaint
    assert "ptrace" in complaint and "seccomp" in ended.err
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_killed_leaves_nothing_and_goes_on(tmp_path: Path) -> None:
    words = [*BENCH, *PIN, "--mem", "512M", "--reps", "7", "--out", str(tmp_path / "run")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as popen:
        end = time.monotonic() + 60
        while not processes() and time.monotonic() < end:
            time.sleep(0.1)
        assert processes()
        popen.kill()
    end = time.monotonic() + 10
    while processes() and time.monotonic() < end:
        time.sleep(0.1)
    ended = bench("run", "--resume", tmp_path / "run")
    assert ended.code == 0, ended.err
    assert len(measured(tmp_path / "run")) == 14


def test_a_calibration_and_the_seconds_that_follow(tmp_path: Path) -> None:
    path, run = tmp_path / "c.json", tmp_path / "run"
    ended = bench("calibrate", "--mem", "16M,32M,64M", "--out", path)
    assert ended.code == 0, ended.err
    loops = {(each["phase"], each["ptes"]): each for each in json.loads(path.read_text())["loops"]}
    assert len(loops) == 4
    assert all(0.01 < each["ns_per_instruction"] < 10 for each in loops.values()), loops
    cell = ("--mem", "64M", "--pages", "4k", "--device", "sim-net-pa", "--reps", "1")
    words = ("run", "smoke", *cell, "--kernel", "7.3", "--clock", "icount", "--out", run)
    assert bench(*words).code == 0
    shown = bench("report", run, "--seconds", path)
    assert shown.code == 0, shown.err
    assert "Estimated, not measured: seconds on" in shown.out
    assert "they make no pause" in shown.out
