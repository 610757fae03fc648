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


def call(*words: str | Path, cwd: Path, code: int = 0) -> str:
    """Run a program, without what this environment says about Python; returns what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Installed:
    wheel: Path
    bench: Path
    package: Path
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


def built(kind: str, source: Path, out: Path) -> Path:
    """Build as pip does, with the setuptools that is here: the network is not asked."""
    done = call(sys.executable, "-c", BACKEND.format(kind, str(out)), cwd=source)
    return out / done.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("install")
    revision = committed_copy(place / "source")
    sdist = built("sdist", place / "source", place)
    with tarfile.open(sdist) as packed:
        packed.extractall(place, filter="data")
    wheel = built("wheel", place / sdist.name.removesuffix(".tar.gz"), place)
    call(sys.executable, "-m", "venv", "--without-pip", place / "venv", cwd=place)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    python = place / "venv/bin/python"
    call(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=place)
    # Libraries as they are here: what is tried is bench itself.
    (site,) = (place / "venv").glob("lib/*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return Installed(wheel, place / "venv/bin/bench", site / "bench", revision)


def files_of(package: Path) -> dict[Path, int]:
    """When each file of a package was changed last."""
    return {path: path.stat().st_mtime_ns for path in package.rglob("*")}


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
    before = files_of(installed.package)
    assert f"revision  {installed.revision}\n" in call(bench, "--version", cwd=tmp_path)
    assert "live-update" in call(bench, "list", cwd=tmp_path)
    ways = json.loads(call(bench, "doctor", "--json", cwd=tmp_path))["ways"]
    assert any(way["usable"] for way in ways)
    assert "no-change" in call(bench, "gate", RUN, RUN, "--force", cwd=tmp_path)
    size = ("--mem", "64M", "--method", "new-owner", "--device", "sim-net-pa", "--reps", "2")
    call(bench, "run", "smoke", *size, "--clock", "icount", cwd=tmp_path)
    (run,) = (tmp_path / "reports").iterdir()
    assert json.loads((run / "run.json").read_text())["sessions"][0]["revision"] == (
        installed.revision
    )
    page = ("report", run, "--format", "page", "--out")
    call(bench, *page, tmp_path / "page.html", cwd=tmp_path)
    call(sys.executable, "-m", "bench", *page, tmp_path / "here.html", cwd=ROOT)
    assert (tmp_path / "page.html").read_bytes() == (tmp_path / "here.html").read_bytes()
    assert files_of(installed.package) == before
