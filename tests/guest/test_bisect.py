# SPDX-License-Identifier: GPL-2.0-only
"""`git bisect run` on a series of patches that grows commit by commit, one of them slower."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guest.gate_runs import (
    CELLS,
    PLAIN,
    SLOWER,
    Environment,
    bench,
    borrowed_cache,
    git,
    with_bench,
)

HERE = Path(__file__).parent
HARMLESS = sorted((HERE / "patches/harmless").glob("*.patch"))
PLANTED = sorted(SLOWER.glob("*.patch"))
# The good one, two to decide on, and two that nobody has to build.
SERIES = (*HARMLESS[:2], *PLANTED, *HARMLESS[2:])


@pytest.fixture(scope="module")
def env() -> Iterator[Environment]:
    """With a ``bench`` in its PATH that is this one."""
    with borrowed_cache() as borrowed:
        yield with_bench(borrowed)


@pytest.fixture(scope="module")
def repository(env: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A commit for each patch of the series, in their order."""
    place = tmp_path_factory.mktemp("series")
    git(place, env, "init", "-q", "-b", "series")
    (place / "patches").mkdir()
    for number, patch in enumerate(SERIES, 1):
        shutil.copy(patch, place / f"patches/{number:04}{patch.name[4:]}")
        git(place, env, "add", "patches")
        git(place, env, "commit", "-q", "-m", patch.stem)
    return place


@pytest.fixture(scope="module")
def base(env: Environment, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first commit of the series measures."""
    out = tmp_path_factory.mktemp("base") / "run"
    git(repository, env, "checkout", "-q", f"series~{len(SERIES) - 1}")
    kernel = f"{PLAIN}+{repository / 'patches'}"
    done = bench(env, "run", *CELLS, "--kernel", kernel, "--out", out)
    git(repository, env, "checkout", "-q", "series")
    assert done.returncode == 0, done.stderr
    return out


def step(repository: Path, env: Environment, base: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", HERE / "bisect-step.sh", base],
        cwd=repository,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long  # five kernels; tests/unit/commands/test_gate_bisect.py has git's part of it
def test_it_lands_on_the_commit_that_is_slower(
    env: Environment, repository: Path, base: Path
) -> None:
    git(repository, env, "bisect", "start", "series", f"series~{len(SERIES) - 1}")
    said = git(repository, env, "bisect", "run", "sh", str(HERE / "bisect-step.sh"), str(base))
    found = git(repository, env, "rev-parse", "refs/bisect/bad")
    git(repository, env, "bisect", "reset")
    planted = git(repository, env, "rev-parse", f"series~{len(HARMLESS) - 2}")
    assert found == planted, said
    assert f"{planted} is the first bad commit" in said
    assert said.count("1 regression") == said.count("(threshold 0.50%)") - 1 == 1


@pytest.mark.long
def test_a_commit_that_cannot_be_built_is_skipped(
    env: Environment, repository: Path, base: Path
) -> None:
    again = repository / "patches/0006-again.patch"
    shutil.copy(PLANTED[0], again)
    done = step(repository, env, base)
    again.unlink()
    assert done.returncode == 125, done.stderr
    assert "0006-again.patch does not apply" in done.stderr


def test_a_base_that_is_not_there_ends_it(env: Environment, repository: Path) -> None:
    """git takes most codes for a bad commit: that of a wrong command line is none."""
    done = step(repository, env, repository / "nowhere")
    assert done.returncode == 128
    assert "nowhere" in done.stderr
