# SPDX-License-Identifier: GPL-2.0-only
"""The helper on this machine, where no device is needed; both compilers, both sanitizers."""

import subprocess
from pathlib import Path

import pytest

from tests.helper.running import build, run

DEVICE = ["live-update", "--mem", "65536", "--pages", "4k", "--order", "new-owner"]
START = ["vmm-start", "--mem", "65536", "--pages", "4k", "--order", "start-helper"]
PIN = ["pin", "--mem", "65536", "--pages", "4k"]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_builds_without_a_warning(tmp_path: Path, compiler: str) -> None:
    build("all", tmp_path, f"CC={compiler}")
    described = subprocess.run(
        ["file", "-b", tmp_path / "bench-helper"], capture_output=True, text=True, check=False
    )
    assert not described.stdout or "statically linked" in described.stdout


def test_null_experiment(helper: Path) -> None:
    words = ["null", "--mem", "4096", "--pages", "4k", "--order", "exec-only,exec-only"]
    ended = run(helper, *words, "--loops", "1000")
    assert (ended.code, ended.stderr) == (0, "")
    assert [message["t"] for message in ended.messages] == ["hello", "rep", "rep", "end"]


@pytest.mark.parametrize(
    "extra",
    [
        [],
        ["--warm"],
        ["--file", str(1 << 20)],
        ["--regions", "7"],
        ["--handover", "transfer"],
        ["--handover", "fork"],
        ["--handover", "fork", "--warm", "--file", str(1 << 20), "--fault", "wrong-address"],
    ],
)
def test_handover_without_a_device(helper: Path, extra: list[str]) -> None:
    words = ["live-update", "--mem", str(16 << 20), "--pages", "4k"]
    ended = run(helper, *words, "--order", "exec-only,exec-only,exec-only", *extra)
    assert (ended.code, ended.stderr) == (0, "")
    assert len(ended.of("rep")) == 3
    for rep in ended.of("rep"):
        phases = rep["phases"]
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
        [*DEVICE, "--handover", "vfork"],
        ["live-update", "--mem", "4096", "--pages", "4k", "--order", "exec-only,new-owner"],
        ["live-update", "--mem", "4096", "--pages", "4k", "--order", ",".join(["reopen"] * 2000)],
        [*DEVICE[:-1], "populate"],
        [*DEVICE[:-1], "new-owner,mlock"],
        [*START, "--lease", "/tmp/memory"],
        [*START, "--", "true"],
        [*START, "--lease", "/" + "m" * 4096, "--", "true"],
        [*PIN, "--order", "start-vmm"],
        [*PIN, "--order", "new-owner"],
        [*PIN, "--order", "populate,exec-only"],
        [*PIN, "--order", "populate", "--threads", "0"],
        [*PIN, "--order", "populate", "--threads", "-1"],
        [*PIN, "--order", "populate", "--threads", "two"],
        [*PIN, "--order", "populate", "--threads", "17"],
        ["pin", "--mem", "4M", "--pages", "4k", "--order", "populate"],
        ["pin", "--mem", "4194304", "--pages", "4k", "--order", "populate", "--threads", "300"],
        ["pin", "--mem", "4194304", "--pages", "thp", "--order", "populate", "--threads", "3"],
    ],
)
def test_usage_errors(helper: Path, words: list[str]) -> None:
    ended = run(helper, *words)
    assert (ended.code, ended.lines) == (2, [])
    assert ended.stderr.startswith("bench-helper: ")


@pytest.mark.parametrize("handover", ["exec", "transfer", "fork"])
def test_no_device_is_a_skip(helper: Path, handover: str) -> None:
    words = ["live-update", "--mem", "65536", "--pages", "4k", "--order", "new-owner"]
    words += ["--handover", handover]
    ended = run(helper, *words, "--device", "/dev/vhost-vdpa-none")
    assert ended.code == 4
    assert [message["t"] for message in ended.messages] == ["hello", "skip"]
    assert ended.messages[1]["need"]
