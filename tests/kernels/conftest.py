# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that are built whole: 7.3 in two configurations, and a git tree of it.

They are built in the user's cache, where most of them stay: the second time the lane takes minutes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.kernel.name import read_name
from bench.kernel.series import patches_of
from bench.kernel.tree import Tree

BENCH = [sys.executable, "-m", "bench"]
NAME = "7.3:live-update"
TESTED = "tested"  # the name that the git tree is kept under


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def bench(*words: str | Path, cwd: Path | None = None) -> Ended:
    """Run a command line as a user does."""
    done = subprocess.run([*BENCH, *words], capture_output=True, text=True, cwd=cwd, check=False)
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def measured(run: Path) -> list[dict[str, Any]]:
    """Return what was measured; every row is of a handover that was proven, or a warm-up."""
    rows = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    counted = [row for row in rows if not row["status"].startswith("warmup")]
    assert counted and {row["status"] for row in counted} == {"ok"}
    return counted


@pytest.fixture(scope="session")
def plain() -> Path:
    """7.3 with live-update, in the plain configuration: its directory in the cache."""
    ended = bench("kernel", "build", NAME)
    assert ended.code == 0, ended.err
    return Path(ended.out.splitlines()[-1])


def with_series() -> Path:
    """Return the source of 7.3, brought to the state with live-update and no more."""
    name = read_name(NAME)
    tree = Tree(name.base)
    with tree.locked():
        tree.patched_with(patches_of(name.series, (7, 3)), name.base)
    return tree.source


@dataclass(frozen=True)
class Repository:
    """A git repository of 7.3 with live-update committed; no file is checked out."""

    path: Path

    def git(self, *words: str, **env: str) -> str:
        who = {f"GIT_{role}_{what}": "tests" for role in _ROLES for what in ("NAME", "EMAIL")}
        when = {f"GIT_{role}_DATE": "2026-01-01T00:00:00Z" for role in _ROLES}
        command = ["git", "-C", str(self.path), "-c", "core.compression=0", *words]
        environment = {**os.environ, **who, **when, **env}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stdout.strip()

    def commit(self, branch: str) -> None:
        """Commit what is in the index."""
        tree = self.git("write-tree")
        commit = self.git("commit-tree", tree, "-m", branch)
        self.git("update-ref", f"refs/heads/{branch}", commit)

    def change(self, name: str, text: str) -> None:
        """Append text to a file, in the index."""
        (self.path / "changed").write_text(self.git("show", f":{name}") + f"\n{text}")
        blob = self.git("hash-object", "-w", "changed")
        self.git("update-index", "--cacheinfo", f"100644,{blob},{name}")


_ROLES = ("AUTHOR", "COMMITTER")


@pytest.fixture(scope="session")
def repository(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Two branches: ``series``, and ``broken``, which does not compile."""
    made = Repository(tmp_path_factory.mktemp("git"))
    made.git("init", "--quiet")
    made.git("--work-tree", str(with_series()), "add", "--all", "--force")
    made.commit("series")
    made.change("init/main.c", "int broken(void) { return nothing; }\n")
    made.commit("broken")
    yield made
    bench("kernel", "prune", TESTED)


@pytest.fixture(scope="session")
def checked() -> Path:
    """The same kernel with the checks of ``--config debug``: its directory in the cache."""
    ended = bench("kernel", "build", NAME, "--config", "debug")
    assert ended.code == 0, ended.err
    return Path(ended.out.splitlines()[-1])
