# SPDX-License-Identifier: GPL-2.0-only
"""A tree of the cache: series are applied and taken back, whatever happened meanwhile."""

import errno
import fcntl
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.errors import CannotJudge, NoSpace
from bench.kernel import series
from bench.kernel.tree import Origin, Tree, kept_trees, laid_trees, stated_version
from bench.model.steps import Step
from bench.process import ProcessFailed
from tests.unit.kernel.sources import MAKEFILE, lay, state
from tests.unit.streams import Notes

ORIGIN = Origin("directory", "/linux", "1", "linux")
VDPA = "drivers/vhost/vdpa.c"
CHANGE = f"--- a/{VDPA}\n+++ b/{VDPA}\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n"
AGAIN = CHANGE.replace("-two", "-zwei").replace("+zwei", "+deux")
NEW = "--- /dev/null\n+++ b/drivers/new/file.c\n@@ -0,0 +1 @@\n+new\n"
REMOVED = f"--- a/{VDPA}\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-one\n-two\n-three\n"
WRONG = CHANGE.replace("-two", "-2").replace("+zwei", "+3")


@pytest.fixture
def kept(cache: Path) -> Tree:
    made = Tree("mine")
    with made.locked(), made.laying(ORIGIN):
        lay(made.source)
    return made


def patches(where: Path, *texts: str) -> tuple[Path, ...]:
    where.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (where / f"{number:04}.patch").write_text(text)
    return tuple(sorted(where.glob("*.patch")))


def texts(kept: Tree) -> dict[str, bytes]:
    return {name: text for name, (text, _) in state(kept.source).items()}


def test_a_copy_knows_its_version_and_interface(kept: Tree) -> None:
    origin = kept.origin()
    assert origin and (origin.version, origin.series, origin.interface) == ("7.3.4", (7, 3), False)
    assert kept.is_copy_of(ORIGIN)
    assert not kept.is_copy_of(Origin("directory", "/linux", "2", "linux"))
    header = kept.source / "include/uapi/linux/vhost.h"
    with kept.laying(ORIGIN):
        header.write_text("#define VHOST_NEW_OWNER _IO(VHOST_VIRTIO, 0x27)\n")
    origin = kept.origin()
    assert origin and origin.interface
    assert kept.is_copy_of(ORIGIN)


def test_a_copy_that_was_interrupted_is_none(kept: Tree) -> None:
    with pytest.raises(KeyboardInterrupt), kept.laying(ORIGIN):
        raise KeyboardInterrupt
    assert kept.origin() is None
    assert kept_trees() == []
    assert laid_trees() == [kept]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "git"}'])
def test_a_record_that_is_damaged_is_none(text: str, kept: Tree) -> None:
    (kept.path / "origin.json").write_text(text)
    assert kept.origin() is None


def test_series_are_applied_switched_and_taken_back(kept: Tree, tmp_path: Path) -> None:
    before = texts(kept)
    first = patches(tmp_path / "first", CHANGE, NEW)
    second = patches(tmp_path / "second", CHANGE, AGAIN)
    third = patches(tmp_path / "third", REMOVED)
    kept.patched_with(first, "7.3")
    assert texts(kept)[VDPA] == b"one\nzwei\nthree\n"
    assert texts(kept)["drivers/new/file.c"] == b"new\n"
    kept.patched_with(second, "7.3")
    assert texts(kept) == {**before, VDPA: b"one\ndeux\nthree\n"}
    kept.patched_with(third, "7.3")
    assert VDPA not in texts(kept)
    kept.patched_with((), "7.3")
    assert texts(kept) == before


def test_the_same_series_touches_nothing(kept: Tree, tmp_path: Path) -> None:
    kept.patched_with(patches(tmp_path / "first", CHANGE, NEW), "7.3")
    before = state(kept.source)
    kept.patched_with(patches(tmp_path / "first", CHANGE, NEW), "7.3")
    assert state(kept.source) == before


def test_another_series_touches_only_its_files(kept: Tree, tmp_path: Path) -> None:
    before = state(kept.source)
    kept.patched_with(patches(tmp_path / "first", CHANGE), "7.3")
    after = state(kept.source)
    assert {name for name in after if after[name] != before[name]} == {VDPA}


def test_names_in_a_patch_may_begin_with_anything(kept: Tree, tmp_path: Path) -> None:
    """As patch itself has it; else what it changed would never be taken back."""
    before = texts(kept)
    quilt = CHANGE.replace("--- a/", "--- linux.orig/").replace("+++ b/", "+++ linux/")
    kept.patched_with(patches(tmp_path / "first", quilt), "7.3")
    assert texts(kept) != before
    kept.patched_with((), "7.3")
    assert texts(kept) == before


def test_one_that_does_not_apply_leaves_nothing(kept: Tree, tmp_path: Path) -> None:
    before = texts(kept)
    wrong = patches(tmp_path / "wrong", CHANGE, NEW, WRONG)
    with pytest.raises(CannotJudge) as caught:
        kept.patched_with(wrong, "linux (7.3.4)")
    why = f"0002.patch does not apply to linux (7.3.4): {VDPA}, hunk 1 at line 1"
    assert caught.value.message == why
    assert texts(kept) == before


CONTEXT = f"""*** a/{VDPA}
--- b/{VDPA}
***************
*** 1,3 ****
  one
! two
  three
--- 1,3 ----
  one
! zwei
  three
"""
SPACED = CHANGE.replace(VDPA, f"{VDPA} 2026-01-01 00:00:00")


@pytest.mark.parametrize("text", [CONTEXT, NEW + CONTEXT, SPACED])
def test_one_that_could_not_be_taken_back_is_refused(text: str, kept: Tree, tmp_path: Path) -> None:
    before = texts(kept)
    why = f"^0000.patch changes {VDPA} in a form that bench does not read$"
    with pytest.raises(CannotJudge, match=why):
        kept.patched_with(patches(tmp_path / "foreign", text), "linux")
    assert texts(kept) == before


@pytest.mark.parametrize("name", ["../origin.json", "/etc/passwd"])
def test_one_that_leaves_the_tree_is_refused(name: str, kept: Tree, tmp_path: Path) -> None:
    text = CHANGE.replace(VDPA, name)
    with pytest.raises(CannotJudge, match=f"^0000.patch changes {name}, which is not in the tree$"):
        kept.patched_with(patches(tmp_path / "foreign", text), "linux")
    assert kept.origin()


def test_lines_may_end_as_windows_has_them(kept: Tree, tmp_path: Path) -> None:
    before = texts(kept)
    where = patches(tmp_path / "windows", "")
    where[0].write_bytes(CHANGE.replace("\n", "\r\n").encode())
    kept.patched_with(where, "linux")
    assert texts(kept)[VDPA] == b"one\nzwei\nthree\n"
    kept.patched_with((), "linux")
    assert texts(kept) == before


def test_modes_are_taken_back_too(kept: Tree, tmp_path: Path) -> None:
    """Scripts of a kernel are run as programs."""
    (kept.source / VDPA).chmod(0o755)
    kept.patched_with(patches(tmp_path / "first", REMOVED), "7.3")
    kept.patched_with((), "7.3")
    assert (kept.source / VDPA).stat().st_mode & 0o777 == 0o755


class Killed(BaseException):
    """Ends a function as kill -9 would, at the moment when it is raised."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def half(_: Path, to: Path) -> None:
    to.write_text("on")
    raise Killed


@pytest.mark.parametrize("at", ["keep", "names", "apply", "restore"])
def test_what_was_interrupted_is_restored_the_next_time(
    at: str, kept: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = texts(kept)
    first = patches(tmp_path / "first", CHANGE, NEW)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        if at == "keep":  # half of a file is kept
            patched.setattr(shutil, "copy", half)
        elif at == "names":
            patched.setattr(Path, "rename", killed)
        elif at == "apply":  # one patch of two is there
            kept.patched_with(first[:1], "7.3")
            (kept.path / "applied").unlink()
            raise Killed
        else:
            kept.patched_with(first, "7.3")
            patched.setattr(shutil, "rmtree", killed)
        kept.patched_with(first if at != "restore" else (), "7.3")
    kept.patched_with(patches(tmp_path / "second", CHANGE, AGAIN), "7.3")
    assert texts(kept) == {**before, VDPA: b"one\ndeux\nthree\n"}
    kept.patched_with((), "7.3")
    assert texts(kept) == before


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_a_line(kept: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(NoSpace) as caught, kept.locked():
        patched.setattr(shutil, "copy", full)
        kept.patched_with(patches(tmp_path / "first", CHANGE), "7.3")
    assert "No space left on device" in caught.value.message and caught.value.hint


def test_so_is_one_that_a_program_of_ours_met(
    kept: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its first words: the last ones of patch or tar say something else."""
    monkeypatch.setattr(series, "find_tool", lambda *_: "/bin/sh")
    monkeypatch.setattr(series, "run", no_room)
    with pytest.raises(NoSpace, match="No space left on device"), kept.locked():
        kept.patched_with(patches(tmp_path / "first", CHANGE), "7.3")


def no_room(*_: object, **__: object) -> str:
    raise ProcessFailed(["patch"], 2, "patch: write error: No space left on device\nbye")


def test_so_is_one_of_which_a_program_says_only_that_it_cannot_write(
    kept: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: FULL)
    with pytest.raises(NoSpace, match="No space left on device"), kept.locked():
        raise ProcessFailed(["git"], 128, "error: unable to write file x")


FULL = SimpleNamespace(free=0)


def test_other_errors_stay_what_they_are(kept: Tree) -> None:
    with pytest.raises(CannotJudge, match=r"^else$") as caught, kept.locked():
        raise CannotJudge("else")
    assert not isinstance(caught.value, NoSpace)
    with pytest.raises(OSError, match="Input/output error"), kept.locked():
        raise OSError(errno.EIO, "Input/output error")


def test_what_is_another_users_is_a_line(kept: Tree) -> None:
    why = "^/cache/x: Permission denied$"
    with pytest.raises(CannotJudge, match=why), kept.locked():
        raise PermissionError(errno.EACCES, "Permission denied", "/cache/x")


def test_whoever_waits_for_another_is_told(kept: Tree) -> None:
    class Waits(Notes):
        """Has the other let go as soon as it is waited for."""

        def step_begins(self, step: Step, total: int, of: str) -> None:
            super().step_begins(step, total, of)
            other.close()

    lock = kept.path.with_name(f".{kept.name}.lock")
    other = lock.open("a")
    fcntl.flock(other, fcntl.LOCK_EX)
    told = Waits()
    for _ in range(2):  # the second time nobody is there
        with kept.locked(told):
            assert told.begun == told.ended == [Step.WAIT]


def test_a_size_can_be_taken_while_files_come_and_go(
    kept: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = kept.size()
    walk = os.walk
    gone = (str(kept.path), [""], ["gone.o"])
    monkeypatch.setattr(os, "walk", lambda path: [*walk(path), gone])
    assert kept.size() == size > 0


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (MAKEFILE, "7.3.4"),
        (MAKEFILE.replace("SUBLEVEL = 4", "SUBLEVEL = 0"), "7.3.0"),
        (MAKEFILE.replace("VERSION = 7", "VERSION = x"), ""),
        (MAKEFILE.replace("SUBLEVEL = 4\n", ""), ""),
        ("all:\n\tgcc main.c\n", ""),
        ("VERSION = 1.2\n", ""),
    ],
)
def test_the_version_of_a_makefile(text: str, version: str) -> None:
    assert stated_version(text) == version
