# SPDX-License-Identifier: GPL-2.0-only
"""A bench that begins at once, runs to be judged, and workspaces with an origin."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.paths import ROOT
from tests.ci import warm_bench
from tests.ci.jobs import REFERENCE, Workspace, planted
from tests.unit.children import eventually
from tests.unit.kernel.programs import program


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`bench` of this tree; and as `quick`, without pages, which take longer than all else."""
    place = tmp_path_factory.mktemp("warm")
    script, path = Path(warm_bench.__file__), place / "socket"
    server = subprocess.Popen(
        [sys.executable, script, "serve", path],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    command = f"exec '{sys.executable}' -I -S '{script}' '{path}' \"$@\""
    program(place, "bench", command)
    program(place, "quick", f'case " $* " in *" --format page "*) exit ;; esac; {command}')
    try:
        assert eventually(path.is_socket)
        yield place
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def whole_bench(programs: Path) -> dict[str, str]:
    """The variable of a job that writes pages too."""
    return {"BENCH_CI_BENCH": str(programs / "bench")}


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is as quick as the reference one, and not the same."""
    return planted(tmp_path_factory.mktemp("good") / "run", 1.0001)


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a regression."""
    return planted(tmp_path_factory.mktemp("slow") / "run", 1.05)


@pytest.fixture
def fresh(tmp_path: Path, programs: Path) -> Workspace:
    """A project without the branch, and a workspace with a blank in its name."""
    (tmp_path / "work space").mkdir()
    origin = tmp_path / "group/project.git"
    subprocess.run(["git", "init", "-q", "--bare", origin], check=True)
    variables = {"BENCH_CI_BENCH": str(programs / "quick")}
    return Workspace(tmp_path / "work space", origin, variables)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Path:
    """A project with a baseline on the branch, which is the reference run. To be copied."""
    place = tmp_path_factory.mktemp("kept")
    subprocess.run(["git", "init", "-q", "--bare", place / "group/project.git"], check=True)
    made = Workspace(
        place, place / "group/project.git", {"BENCH_CI_BENCH": str(programs / "quick")}
    )
    assert made.job(REFERENCE).code == 0
    return made.origin


@pytest.fixture
def begun(fresh: Workspace, kept: Path) -> Workspace:
    """A workspace whose project has a baseline."""
    shutil.rmtree(fresh.origin)
    shutil.copytree(kept, fresh.origin)
    return fresh
