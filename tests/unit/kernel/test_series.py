# SPDX-License-Identifier: GPL-2.0-only
"""Series of patches: which belong to a kernel, and where one that does not apply stumbles."""

from pathlib import Path

import pytest

from bench.errors import CannotJudge, UsageError
from bench.kernel.series import (
    PATCHES,
    apply_patches,
    check_series,
    digest_of,
    files_of,
    patches_of,
    series_label,
)

TEXT = "".join(f"{number}\n" for number in range(1, 21))


def patch(head: str, before: str = "10", after: str = "ten") -> str:
    return f"{head}@@ -9,3 +9,3 @@\n 9\n-{before}\n+{after}\n 11\n"


HEAD = "--- a/some/file\n+++ b/some/file\n"


def series(where: Path, *texts: str) -> list[Path]:
    where.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts, 1):
        (where / f"{number:04}-change.patch").write_text(text)
    return sorted(where.glob("*.patch"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/some").mkdir(parents=True)
    (tmp_path / "tree/some/file").write_text(TEXT)
    return tmp_path / "tree"


@pytest.mark.parametrize(
    ("version", "taken"),
    [((6, 1), "6.12"), ((6, 12), "6.12"), ((7, 2), "6.12"), ((7, 3), "7.3"), ((7, 10), "7.10")],
)
def test_the_newest_that_is_not_newer_than_the_kernel(
    version: tuple[int, int], taken: str, tmp_path: Path
) -> None:
    for name in ("6.12", "7.3", "7.10"):
        series(tmp_path / "mine" / name, patch(HEAD))
    series(tmp_path / "mine/notes", "none of them")
    (found,) = patches_of(str(tmp_path / "mine"), version)
    assert found.parent.name == taken


def test_series_on_top_of_each_other_apply_in_their_order(tmp_path: Path) -> None:
    first = series(tmp_path / "b", patch(HEAD), patch(HEAD, "ten", "zehn"))
    second = series(tmp_path / "a", patch(HEAD, "zehn", "dix"))
    names = f"{tmp_path / 'b'}+{tmp_path / 'a'}"
    assert patches_of(names, (7, 3)) == (*first, *second)
    assert series_label(names) == "b+a"
    assert patches_of("stock", (7, 3)) == ()


def test_each_base_has_its_own_live_update() -> None:
    bases = {patches_of("live-update", version)[0].parent for version in ((6, 12), (7, 3))}
    assert bases == {PATCHES / "live-update/6.12", PATCHES / "live-update/7.3"}


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no series of patches './none'") as caught:
        check_series("live-update+./none")
    assert "live-update" in caught.value.hint and "stock" in caught.value.hint


def test_a_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    one = series(tmp_path / "one", patch(HEAD))
    two = series(tmp_path / "two", patch(HEAD, after="zehn"))
    same = series(tmp_path / "same", patch(HEAD))
    assert digest_of(one) == digest_of(same) != digest_of(two)


def test_in_order_and_from_wherever_they_are(tree: Path, tmp_path: Path) -> None:
    apply_patches(tree, series(tmp_path / "mine", patch(HEAD), patch(HEAD, "ten", "zehn")))
    assert (tree / "some/file").read_text() == TEXT.replace("10", "zehn")
    assert [path.name for path in tree.rglob("*") if path.is_file()] == ["file"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (patch(HEAD, before="X"), "some/file, hunk 1 at line 9"),
        (patch(HEAD).replace(" 9\n", " nine\n"), "some/file, hunk 1 at line 9"),  # patch's fuzz
        (patch(HEAD.replace("file", "none")), "there is no some/none"),
        ("--- /dev/null\n+++ b/some/file\n@@ -0,0 +1 @@\n+x\n", "some/file is there already"),
        ("only words\n", "Only garbage was found in the patch input."),
    ],
)
def test_patch_file_and_hunk_are_named(text: str, why: str, tree: Path, tmp_path: Path) -> None:
    patches = series(tmp_path / "mine", "", text)[1:]
    with pytest.raises(CannotJudge) as caught:
        apply_patches(tree, patches, "7.3")
    assert caught.value.message == f"0002-change.patch does not apply to 7.3: {why}"


def test_one_that_is_applied_already(tree: Path, tmp_path: Path) -> None:
    patches = series(tmp_path / "mine", patch(HEAD))
    apply_patches(tree, patches)
    with pytest.raises(CannotJudge, match="some/file has it already"):
        apply_patches(tree, patches)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (patch(HEAD), {"some/file"}),
        (patch("--- linux.orig/f.c\t2026-01-01\n+++ linux/f.c\t2026-01-02\n"), {"f.c"}),
        ("--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n", {"new"}),
        ("--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n", {"old"}),
        ("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", {"x", "y"}),
        ("diff --git a/d/e b/d/e\nnew file mode 100644\nindex 0..e69de29\n", {"d/e"}),
        (patch(HEAD, before="- a/some/where", after="-- b"), {"some/file"}),
    ],
)
def test_the_files_of_a_patch(text: str, files: set[str], tmp_path: Path) -> None:
    assert files_of(series(tmp_path, text)[0]) == files
