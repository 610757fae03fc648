# SPDX-License-Identifier: GPL-2.0-only
"""`git bisect run bench gate BASE --kernel-from-tree .`: no script, one commit that is slower."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.commands.bisect import name_of
from bench.kernel.tree import Tree
from tests.guest.gate_runs import (
    CELL,
    CELLS,
    THRESHOLD,
    Environment,
    bench,
    git,
    with_bench,
)
from tests.kernels.conftest import NAME
from tests.kernels.history import (
    COMMITS,
    PLANTED,
    breaks,
    change,
    commit_all,
    counts_each_unpin,
)


@pytest.fixture(scope="module")
def env() -> Environment:
    return with_bench(os.environ)


@pytest.fixture(scope="module")
def base(env: Environment, plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Debian's own source measures: that of the first commit."""
    out = tmp_path_factory.mktemp("base") / "run"
    done = bench(env, "run", *CELLS, "--kernel", NAME, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def repository(
    env: Environment, plain: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("tree") / "linux"
    commit_all(Tree("7.3"), place, env)
    yield place
    bench(env, "kernel", "prune", name_of(place))


def gate(repository: Path, env: Environment, base: Path, *words: str) -> tuple[int, str]:
    """The exit code of a step, and all that it said."""
    step: list[str | Path] = ["bench", "gate", base, "--kernel-from-tree", ".", *THRESHOLD, *words]
    done = subprocess.run(
        step, cwd=repository, env=dict(env), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_it_lands_on_the_commit_that_is_slower(
    env: Environment, repository: Path, base: Path
) -> None:
    git(repository, env, "bisect", "start", "history", f"history~{len(COMMITS)}")
    step = ("bench", "gate", str(base), "--kernel-from-tree", ".", *THRESHOLD)
    said = git(repository, env, "bisect", "run", *step)
    found = git(repository, env, "rev-parse", "refs/bisect/bad")
    git(repository, env, "bisect", "reset")
    planted = git(repository, env, "rev-parse", f"history~{len(COMMITS) - 1 - PLANTED}")
    assert found == planted, said
    assert f"{planted} is the first bad commit" in said
    where = said.partition("Where the difference comes from")[2]
    first = next(line for line in where.splitlines() if line.startswith(f"{CELL} reset-owner"))
    assert first.split()[4] == "release", said


def test_a_tree_that_was_built_is_not_built_again(
    env: Environment, repository: Path, base: Path
) -> None:
    assert gate(repository, env, base)[0] in (0, 1)
    code, said = gate(repository, env, base)
    assert code == 1 and "building the kernel" not in said, said


def test_functions_that_cost_more_are_named(env: Environment, repository: Path, base: Path) -> None:
    """Two instructions a page in vhost-vdpa's loop, as committed, and two in what it calls."""
    change(repository, "mm/gup.c", counts_each_unpin)
    code, said = gate(repository, env, base, "--explain")
    git(repository, env, "checkout", "-q", ".")
    assert code == 1, said
    named = said.partition("release +")[2].partition("\n")[0]
    assert "unpin_user_page() +2 a page" in named, said
    assert "vhost_vdpa_pa_unmap() +2 a page" in named, said


def test_a_commit_that_does_not_build_is_skipped(
    env: Environment, repository: Path, base: Path
) -> None:
    change(repository, "drivers/vhost/iotlb.c", breaks)
    code, said = gate(repository, env, base)
    git(repository, env, "checkout", "-q", ".")
    assert code == 125, said
    assert "iotlb.c" in said and "here_is_nothing" in said


def test_a_commit_to_which_the_series_does_not_apply_is_skipped(
    env: Environment, repository: Path, base: Path
) -> None:
    change(repository, "include/uapi/linux/vhost_types.h", lambda text: "/* gone */\n")
    code, said = gate(repository, env, base)
    git(repository, env, "checkout", "-q", ".")
    assert code == 125, said
    assert "does not apply" in said


def test_a_commit_that_does_not_boot_is_skipped(
    env: Environment, repository: Path, base: Path
) -> None:
    begins = "\tinit_userspace_fs();\n"
    change(repository, "init/main.c", lambda text: text.replace(begins, f"{begins}\tBUG();\n", 1))
    code, said = gate(repository, env, base)
    git(repository, env, "checkout", "-q", ".")
    assert code == 125, said
    assert "the guest's kernel panicked" in said and "Fatal exception" in said
