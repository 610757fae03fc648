# SPDX-License-Identifier: GPL-2.0-only
"""The series for 7.3: clean, and building patch by patch."""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from bench.cleanup.scratch import discard
from bench.kernel.series import patches_of
from bench.kernel.tree import Tree
from bench.kernel.whole import build_environment, make_command
from tests.kernel.complaints import ALL_WARNINGS, assert_checkpatch_is_clean, built
from tests.kernel.series import BEST_BASELINE
from tests.kernels.conftest import bench, measured

PATCHES = patches_of(BEST_BASELINE, (7, 3))
DIRECTORIES = ("drivers/vhost/", "drivers/vdpa/")


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem[:24])
def test_checkpatch_of_that_kernel_is_clean(patch: Path, plain: Path) -> None:
    assert_checkpatch_is_clean(Tree("7.3").source, patch)


def complaints(tree: Tree, files: str) -> Counter[str]:
    """Build what the patches touch; return what gcc and sparse say of it.

    With ``C=1`` for files sparse looks at what is built anew, with ``C=2`` at all.
    """
    command = [*make_command(tree, tree.out("plain")), *ALL_WARNINGS, files, *DIRECTORIES]
    return built(command, {**os.environ, **build_environment(tree)})


def test_every_patch_builds_and_adds_no_warning(plain: Path) -> None:
    """A series that breaks in the middle cannot be bisected."""
    tree = Tree("7.3")
    with tree.locked():
        tree.patched_with((), "7.3")
        before = complaints(tree, "C=2")
        for count in range(1, len(PATCHES) + 1):
            tree.patched_with(PATCHES[:count], "7.3")
            assert complaints(tree, "C=1") <= before, PATCHES[count - 1].name


# How many patches make a part of the interface, and what can be measured with it.
PARTS = {8: "reopen,reset-owner", 9: "reopen,reset-owner,new-owner"}


@pytest.mark.parametrize("count", PARTS)
@pytest.mark.parametrize("base", ["", "7.3:"])
def test_smoke_passes_where_the_interface_is_there(
    base: str, count: int, plain: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    version = (7, 3) if base else (6, 12)
    series = tmp_path / f"of-{count}"
    series.mkdir()
    for patch in patches_of("live-update", version)[:count]:
        shutil.copy(patch, series)
    kernel = bench("kernel", "build", f"{base}{series}")
    assert kernel.code == 0, kernel.err
    request.addfinalizer(lambda: discard(Path(kernel.out.splitlines()[-1])))
    out = tmp_path / "run"
    words = ["--kernel", f"{base}{series}", "--method", PARTS[count], "--fresh"]
    ended = bench("run", "smoke", *words, "--out", out)
    assert ended.code == 0, ended.err
    methods = {row["method"] for row in measured(out)}
    assert methods == {*PARTS[count].split(",")}
