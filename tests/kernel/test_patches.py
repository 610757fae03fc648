# SPDX-License-Identifier: GPL-2.0-only
"""The patches of kernel-config/: clean, applying, building one by one; and series by a path."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest

from bench.errors import CannotJudge, UsageError
from bench.kernel.config import load_config
from bench.kernel.modules import ensure_kernel, lay_tree, make_commands, make_modules
from bench.kernel.packages import ensure_packages
from bench.kernel.series import apply_patches, patches_of
from bench.paths import ROOT
from tests.kernel.complaints import ALL_WARNINGS, assert_checkpatch_is_clean, built
from tests.kernel.series import BEST_BASELINE

CONFIG = load_config()
# Those that a test of the gate plants in a kernel, too.
PLANTED = sorted((ROOT / "tests/guest/patches").rglob("*.patch"))
SERIES = patches_of(BEST_BASELINE, (6, 12))


@pytest.mark.parametrize("patch", [*SERIES, *PLANTED], ids=lambda path: path.stem[:24])
def test_checkpatch_is_clean(patch: Path) -> None:
    assert_checkpatch_is_clean(ensure_packages(CONFIG).source, patch)


# Every series in each of its versions; those of several patches have a letter.
POSTED = {
    f"{name}-{version[0]}.{version[1]}": patches_of(name, version)
    for name in BEST_BASELINE.split("+")
    for version in ((6, 12), (7, 3))
}
WITH_LETTER = {name: patches for name, patches in POSTED.items() if len(patches) > 1}


def letter_of(patches: tuple[Path, ...]) -> str:
    """Return the cover letter of a series."""
    return (patches[0].parent / "0000-cover-letter.txt").read_text()


@pytest.mark.parametrize("patches", POSTED.values(), ids=POSTED)
def test_messages_are_in_the_form_of_the_list(patches: tuple[Path, ...]) -> None:
    for number, patch in enumerate(patches, start=1):
        head, _, _ = patch.read_text().partition("\n---\n")
        assert "\nSigned-off-by: " in head
        count = str(len(patches))
        of = f" {number:0{len(count)}}/{count}" if len(patches) > 1 else ""
        subject = re.search(rf"^Subject: \[PATCH{of}\] (.*(?:\n .*)?)$", head, re.MULTILINE)
        assert subject and len(subject[1]) <= 75, patch
        assert all(len(line) <= 75 for line in prose(head)), patch


def prose(head: str) -> list[str]:
    """Return the lines of a message that are wrapped: no links, and not what it fixes."""
    lines = head.partition("\n\n")[2].splitlines()
    return [line for line in lines if "://" not in line and not line.startswith("Fixes: ")]


@pytest.mark.parametrize("patches", WITH_LETTER.values(), ids=WITH_LETTER)
def test_the_cover_letter_lists_the_patches(patches: tuple[Path, ...]) -> None:
    subjects = [
        re.sub(r"\s+", " ", re.split(r"\d+/\d+\] ", head, maxsplit=1)[1])
        for patch in patches
        if (head := patch.read_text().partition("Subject: ")[2].partition("\n\n")[0])
    ]
    assert "".join(f"  {subject}\n" for subject in subjects) in letter_of(patches)


@pytest.mark.parametrize("patches", WITH_LETTER.values(), ids=WITH_LETTER)
def test_the_cover_letter_names_what_the_first_patch_is_made_on(patches: tuple[Path, ...]) -> None:
    diffs = re.findall(
        r"^index ([0-9a-f]+)\.\.\S+ \d+\n--- a/(\S+)$", patches[0].read_text(), re.MULTILINE
    )
    assert diffs
    named = {name: blob for blob, name in named_in(letter_of(patches))}
    for blob, name in diffs:
        assert named[name].startswith(blob)


def named_in(letter: str) -> list[tuple[str, str]]:
    """Return the files that a letter names, each behind its name in git."""
    return re.findall(r"^  ([0-9a-f]{16}) (\S+)$", letter, re.MULTILINE)


def test_the_cover_letter_names_the_files_that_the_series_is_made_on() -> None:
    """As git names them, since Debian's source has no commit."""
    source = ensure_packages(CONFIG).source
    named = named_in(letter_of(CONFIG.patch_files))
    changed = {
        name
        for patch in CONFIG.patch_files
        for name in re.findall(r"^\+\+\+ b/(\S+)$", patch.read_text(), re.MULTILINE)
    }
    assert {name for _, name in named} == changed
    for blob, name in named:
        data = (source / name).read_bytes()
        assert hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest().startswith(blob), name


@pytest.mark.parametrize("at_once", [len(SERIES), pytest.param(1, marks=pytest.mark.long)])
def test_patches_build_and_add_no_warning(tmp_path: Path, at_once: int) -> None:
    """A series that breaks in the middle cannot be bisected; on 7.3 each is built in every lane."""
    tree = lay_tree(ensure_packages(CONFIG), CONFIG, tmp_path)
    commands = make_commands(CONFIG, tree).values()

    def complaints() -> Counter[str]:
        # C=1: sparse looks at what is built anew.
        return sum((built([*make, *ALL_WARNINGS, "C=1"]) for make in commands), Counter())

    before = complaints()
    for done in range(0, len(SERIES), at_once):
        apply_patches(tree, SERIES[done : done + at_once])
        assert complaints() <= before, SERIES[done].name
        names = {path.name for path in tree.rglob("*.ko")}
        assert names >= {"vhost_vdpa.ko", "vdpa_sim.ko", "vdpa_sim_net.ko"}


def test_a_broken_driver_names_its_error(tmp_path: Path) -> None:
    packages = ensure_packages(CONFIG)
    tree = lay_tree(packages, CONFIG, tmp_path)
    with (tree / "drivers/vhost/iotlb.c").open("a") as source:
        source.write("int broken(void) { return nothing; }\n")
    with pytest.raises(CannotJudge, match=r"error: .*nothing"):
        make_modules(packages, CONFIG, tree)


def test_second_call_builds_nothing() -> None:
    first = ensure_kernel()
    stamps = [path.stat().st_mtime_ns for path in first.modules]
    again = ensure_kernel()
    assert again == first
    assert [path.stat().st_mtime_ns for path in again.modules] == stamps


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
    apply_patches(tree, load_config("./mine").patch_files)
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
