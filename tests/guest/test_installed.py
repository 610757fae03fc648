# SPDX-License-Identifier: GPL-2.0-only
"""A wheel that was built of the sdist, in a fresh environment, used from another directory."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.paths import ROOT
from tests.test_linters import TRACKED

PACKED = {"bench", "scenarios", "kernel-config", "docs"}
RUN = ROOT / "reports/reference/6.12-more/devices"
BACKEND = "from setuptools import build_meta; print(build_meta.build_{}({!r}))"


def call(*words: str | Path, cwd: Path, path: Path | None = None, code: int = 0) -> str:
    """Run a program, without what this environment says about Python; returns what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(path)} if path else {}
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Installed:
    wheel: Path
    bench: Path
    revision: str


def committed_copy(place: Path) -> str:
    """Copy what is packed into a git tree of its own, so that it has a revision; returns that."""
    for path in TRACKED:
        inside = path.relative_to(ROOT)
        if inside.parts[0] in PACKED or len(inside.parts) == 1:
            (place / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place / inside)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c")
    call(*git, "init", "--quiet", cwd=place)
    call(*git, "add", "--all", cwd=place)
    call(*git, "commit", "--quiet", "--message", "all", cwd=place)
    return call(*git, "describe", "--always", cwd=place).strip()


def built(kind: str, source: Path, out: Path, setuptools: Path) -> Path:
    code = BACKEND.format(kind, str(out))
    return out / call(sys.executable, "-c", code, cwd=source, path=setuptools).splitlines()[-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("install")
    revision = committed_copy(place / "source")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    wanted = "setuptools>=70", "wheel"
    call(*pip, "install", "--target", place / "setuptools", *wanted, cwd=place)
    sdist = built("sdist", place / "source", place, place / "setuptools")
    with tarfile.open(sdist) as packed:
        packed.extractall(place, filter="data")
    unpacked = place / sdist.name.removesuffix(".tar.gz")
    wheel = built("wheel", unpacked, place, place / "setuptools")
    call(sys.executable, "-m", "venv", "--without-pip", place / "venv", cwd=place)
    python = place / "venv/bin/python"
    call(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=place)
    # Libraries as they are here: what is tried is bench itself.
    (site,) = (place / "venv").glob("lib/*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return Installed(wheel, place / "venv/bin/bench", revision)


def check_files(wheel: Path) -> None:
    """Check that a wheel has every file of the package, and its data."""
    names = {*zipfile.ZipFile(wheel).namelist()}
    data = ("scenarios", "kernel-config")
    inside = [path.relative_to(ROOT) for path in TRACKED]
    own = {str(path) for path in inside if path.parts[0] == "bench"}
    own |= {f"bench/data/{path}" for path in inside if path.parts[0] in data}
    assert own - names == set()


def test_it_is_used_from_another_directory(installed: Installed, tmp_path: Path) -> None:
    bench = installed.bench
    check_files(installed.wheel)
    assert f"revision  {installed.revision}\n" in call(bench, "--version", cwd=tmp_path)
    assert "live-update" in call(bench, "list", cwd=tmp_path)
    ways = json.loads(call(bench, "doctor", "--json", cwd=tmp_path))["ways"]
    assert any(way["usable"] for way in ways)
    call(bench, "report", RUN, "--format", "page", "--out", "page.html", cwd=tmp_path)
    assert "</html>" in (tmp_path / "page.html").read_text()
    assert "no-change" in call(bench, "gate", RUN, RUN, "--force", cwd=tmp_path)
    size = ("--mem", "64M", "--method", "new-owner", "--device", "sim-net-pa", "--reps", "2")
    call(bench, "run", "smoke", *size, "--clock", "icount", cwd=tmp_path)
    (run,) = (tmp_path / "reports").iterdir()
    assert json.loads((run / "run.json").read_text())["sessions"][0]["revision"] == (
        installed.revision
    )
