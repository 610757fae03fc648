# SPDX-License-Identifier: GPL-2.0-only
"""The container image, built and used where podman or docker is there."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.paths import ROOT

BASE = "debian:trixie"


def call(*words: str | Path) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def succeeds(words: Sequence[str]) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def engine() -> str:
    """Find podman or docker, with the image that ours begins with; without them, skip."""
    for name in ("podman", "docker"):
        if shutil.which(name) and succeeds([name, "info"]):
            there = ("image", "inspect", BASE), ("pull", BASE)
            if any(succeeds([name, *words]) for words in there):
                return name
            pytest.skip(f"{name} cannot get {BASE}")
    pytest.skip("neither podman nor docker works here")


@pytest.mark.long
def test_the_image_measures_without_a_network(engine: str, tmp_path: Path) -> None:
    tag = f"bench-test-{os.getpid()}"
    file = ROOT / "ci/Containerfile"
    call(engine, "build", "--file", file, "--tag", tag, ROOT)
    try:
        run = (engine, "run", "--rm", "--network=none", f"--volume={tmp_path}:/work", tag)
        assert "live-update" in call(*run, "list")
        call(*run, "run", "smoke", "--reps", "2", "--clock", "icount")
        (path,) = (tmp_path / "reports").iterdir()
        page = call(*run, "report", f"reports/{path.name}", "--format", "page")
        assert "</html>" in page
    finally:
        call(engine, "rmi", "--force", tag)
