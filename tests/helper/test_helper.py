# SPDX-License-Identifier: GPL-2.0-only
"""The helper on this machine, where no device is needed; both compilers, both sanitizers."""

import json
import subprocess
from pathlib import Path

import pytest

from bench.paths import ROOT

SOURCE = ROOT / "bench/helper"
DEVICE = ["live-update", "--mem", "65536", "--pages", "4k", "--order", "new-owner"]


def build(target: str, out: Path, compiler: str) -> None:
    subprocess.run(
        ["make", "-s", "-C", SOURCE, target, f"O={out}", f"CC={compiler}"], check=True, timeout=300
    )


@pytest.fixture(scope="module")
def helper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built to stop at the first address or undefined-behaviour error."""
    out = tmp_path_factory.mktemp("helper")
    build("sanitize", out, "gcc")
    return out / "bench-helper-sanitize"


def run(helper: Path, *words: str) -> tuple[int, list[dict[str, object]], str]:
    command = [str(helper), *words, "--out", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_builds_without_a_warning(tmp_path: Path, compiler: str) -> None:
    build("all", tmp_path, compiler)
    described = subprocess.run(
        ["file", "-b", tmp_path / "bench-helper"], capture_output=True, text=True, check=False
    )
    assert not described.stdout or "statically linked" in described.stdout


def test_null_experiment(helper: Path) -> None:
    words = ["null", "--mem", "4096", "--pages", "4k", "--order", "exec-only,exec-only"]
    code, lines, stderr = run(helper, *words, "--loops", "1000")
    assert (code, stderr) == (0, "")
    assert [line["t"] for line in lines] == ["hello", "rep", "rep", "end"]


@pytest.mark.parametrize(
    "extra", [[], ["--warm"], ["--file", str(1 << 20)], ["--regions", "7"], ["--transfer"]]
)
def test_handover_without_a_device(helper: Path, extra: list[str]) -> None:
    words = ["live-update", "--mem", str(16 << 20), "--pages", "4k"]
    code, lines, stderr = run(helper, *words, "--order", "exec-only,exec-only,exec-only", *extra)
    assert (code, stderr) == (0, "")
    reps = [line for line in lines if line["t"] == "rep"]
    assert len(reps) == 3
    for rep in reps:
        phases = rep["phases"]
        assert isinstance(phases, dict)
        assert sum(phases.values()) == rep["pause"]
        assert (phases["populate"] > 0) == ("--warm" in extra)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["live-update", "--mem", "4096", "--pages", "4k"],
        ["live-update", "--mem", "4096", "--pages", "5k", "--order", "exec-only"],
        ["live-update", "--mem", "4097", "--pages", "4k", "--order", "exec-only"],
        ["live-update", "--mem", "-1", "--pages", "4k", "--order", "exec-only"],
        ["live-update", "--mem", "4096", "--file", "8192", "--pages", "4k", "--order", "exec-only"],
        ["live-update", "--mem", "4096", "--pages", "4k", "--order", "exec-only,other"],
        ["live-update", "--mem", "4096", "--pages", "4k", "--order", "new-owner"],
        [*DEVICE, "--regions", "5+65536@0"],
        [*DEVICE, "--regions", "0+65536@0x"],
        [*DEVICE, "--regions", "0+131072@0"],
        [*DEVICE, "--regions", "0+32768@32768"],
        [*DEVICE, "--regions", "0+32768@0,18446744073709547520+32768@32768"],
        [*DEVICE, "--regions", "17"],
        [*DEVICE, "--fault", "none"],
        ["live-update", "--mem", "4096", "--pages", "4k", "--order", "exec-only,new-owner"],
        ["live-update", "--mem", "4096", "--pages", "4k", "--order", ",".join(["reopen"] * 2000)],
    ],
)
def test_usage_errors(helper: Path, words: list[str]) -> None:
    code, lines, stderr = run(helper, *words)
    assert (code, lines) == (2, [])
    assert stderr.startswith("bench-helper: ")


@pytest.mark.parametrize("extra", [[], ["--transfer"]])
def test_no_device_is_a_skip(helper: Path, extra: list[str]) -> None:
    words = ["live-update", "--mem", "65536", "--pages", "4k", "--order", "new-owner", *extra]
    code, lines, _ = run(helper, *words, "--device", "/dev/vhost-vdpa-none")
    assert code == 4
    assert [line["t"] for line in lines] == ["hello", "skip"]
    assert lines[1]["need"]
