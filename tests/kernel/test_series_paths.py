# SPDX-License-Identifier: GPL-2.0-only
"""Series of patches that are named by a path: wherever one stands, whatever it is called."""

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.kernel.build import apply_patches
from bench.kernel.config import load_config

PATCH = """\
--- a/file
+++ b/file
@@ -1 +1 @@
-before
+after
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A series ``mine``, beside which the tests stand."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/0001-change.patch").write_text(PATCH)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine"


def test_a_relative_one_applies(mine: Path, tmp_path: Path) -> None:
    """patch runs in the tree, where ./mine is nothing."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_text("before\n")
    apply_patches(tree, load_config("./mine"))
    assert (tree / "file").read_text() == "after\n"


@pytest.mark.parametrize("path", ["./mine", "mine/", "{}", "./mine/../mine"])
def test_every_way_to_write_it_is_the_same_kernel(mine: Path, path: str) -> None:
    config = load_config(f"live-update+{path.format(mine)}")
    assert config.label == "live-update+mine"
    assert config.digest == load_config(f"live-update+{mine}").digest


def test_one_in_which_one_stands_has_a_name(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine)
    assert load_config("./").label == "mine"


@pytest.mark.parametrize("series", ["./empty", "./nothere", "live-update+"])
def test_one_without_patches_is_none(mine: Path, series: str) -> None:
    """It would be compared with itself, and found to be as quick."""
    (mine.parent / "empty").mkdir()
    with pytest.raises(UsageError, match="no series of patches"):
        load_config(series)
