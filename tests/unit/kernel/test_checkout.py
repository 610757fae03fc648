# SPDX-License-Identifier: GPL-2.0-only
"""Somebody's kernel in the cache: of a git tree, which stays untouched, a tarball, a directory."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from bench.errors import CannotJudge, UsageError
from bench.kernel import checkout
from bench.kernel.checkout import keep_tree
from bench.kernel.tree import Origin, Tree, laid_trees
from bench.model.steps import SILENT
from tests.unit.kernel.programs import program
from tests.unit.kernel.sources import FILES, commit, git, lay, state

VDPA = "drivers/vhost/vdpa.c"


@pytest.fixture(autouse=True)
def room(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "NEEDED", 0)


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    """A git tree with two revisions, of which the first has the tag v1."""
    where = lay(tmp_path / "linux")
    (where / ".gitignore").write_text("*.o\n")
    commit(where, "first")
    git(where, "tag", "v1")
    (where / VDPA).write_text("one\ntwo\nthree\nfour\n")
    (where / "added").write_text("added\n")
    commit(where, "second")
    return where


def kept(path: Path, rev: str = "", name: str = "mine") -> Origin:
    keep_tree(Tree(name), path, rev, (), SILENT)
    origin = Tree(name).origin()
    assert origin
    return origin


def files(name: str = "mine") -> dict[str, str]:
    return {path: text.decode() for path, (text, _) in state(Tree(name).source).items()}


def test_a_revision(linux: Path) -> None:
    origin = kept(linux, "v1")
    assert (origin.kind, origin.where, origin.version) == ("git", str(linux), "7.3.4")
    assert origin.described == git(linux, "rev-parse", "--short=12", "v1")
    assert origin.identity == git(linux, "rev-parse", "v1^{tree}")
    assert files() == {**FILES, ".gitignore": "*.o\n"}


def test_what_lies_there_is_the_last_revision_while_nothing_has_changed(linux: Path) -> None:
    (linux / "built.o").write_text("ignored\n")
    origin = kept(linux)
    assert origin.described == git(linux, "rev-parse", "--short=12", "HEAD")
    assert origin.identity == git(linux, "rev-parse", "HEAD^{tree}")
    assert "built.o" not in files() and files()["added"] == "added\n"


@pytest.mark.parametrize("change", ["tracked", "staged", "untracked", "removed"])
def test_changes_are_kept_and_called_dirty(change: str, linux: Path) -> None:
    clean = kept(linux)
    if change == "removed":
        (linux / "added").unlink()
    elif change == "untracked":
        (linux / "new").write_text("new\n")
    else:
        (linux / VDPA).write_text("changed\n")
        git(linux, *(("add", VDPA) if change == "staged" else ("status",)))
    origin = kept(linux)
    assert origin.described == f"{clean.described} dirty"
    assert origin.identity != clean.identity
    assert files() == {
        path: text.decode() for path, (text, _) in state(linux).items() if ".git/" not in path
    }


def test_a_revision_is_kept_without_the_changes(linux: Path) -> None:
    (linux / VDPA).write_text("changed\n")
    origin = kept(linux, "HEAD")
    assert "dirty" not in origin.described
    assert files()[VDPA] == "one\ntwo\nthree\nfour\n"


def untouched(linux: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file, of objects the content."""
    return {
        path: (data, 0 if ".git/objects/" in path else time)
        for path, (data, time) in state(linux).items()
    }


@pytest.mark.parametrize("rev", ["", "v1"])
def test_the_git_tree_stays_as_it_is(rev: str, linux: Path) -> None:
    """With everything that may write on the way. Git dates objects anew that it comes across."""
    for name in ("splitIndex", "untrackedCache"):
        git(linux, "config", f"core.{name}", "true")
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        (linux / ".git/hooks").mkdir(exist_ok=True)
        (linux / f".git/hooks/{hook}").write_text(f"#!/bin/sh\ntouch {linux}/hooked\n")
        (linux / f".git/hooks/{hook}").chmod(0o755)
    (linux / VDPA).write_text("changed\n")
    (linux / "new").write_text("new\n")
    os.utime(linux / "Makefile")  # the index does not know yet that it is the same
    before = untouched(linux)
    kept(linux, rev)
    kept(linux, rev, "again")
    assert untouched(linux) == before


def test_another_revision_touches_only_what_changed(linux: Path) -> None:
    kept(linux, "v1")
    built = Tree("mine").out("plain")
    built.mkdir()
    before = state(Tree("mine").source)
    kept(linux)
    after = state(Tree("mine").source)
    assert {name for name in before if after[name] != before[name]} == {VDPA}
    assert after.keys() - before.keys() == {"added"}
    kept(linux, "v1")
    assert files().keys() == before.keys()
    assert built.is_dir()


def test_the_same_again_touches_nothing(linux: Path) -> None:
    kept(linux)
    before = state(Tree("mine").path)
    kept(linux)
    after = state(Tree("mine").path)
    assert {name for name in after if after[name] != before.get(name)} <= {"as-it-lies"}


def test_patches_of_ours_are_gone_before_it_is_updated(linux: Path, tmp_path: Path) -> None:
    kept(linux, "v1")
    (tmp_path / "0001.patch").write_text(
        f"--- a/{VDPA}\n+++ b/{VDPA}\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n"
    )
    Tree("mine").patched_with((tmp_path / "0001.patch",), "mine")
    kept(linux)
    assert files()[VDPA] == "one\ntwo\nthree\nfour\n"


def test_a_commit_of_what_was_dirty_is_the_same_source(linux: Path) -> None:
    (linux / VDPA).write_text("changed\n")
    dirty = kept(linux)
    revision = commit(linux, "third")
    clean = kept(linux)
    assert clean.identity == dirty.identity
    assert clean.described == revision


@pytest.mark.parametrize("rev", ["", "HEAD"])
def test_a_linked_tree(rev: str, linux: Path, tmp_path: Path) -> None:
    """It has an index of its own, and the objects of the tree that it belongs to."""
    linked = tmp_path / "linked: to a tree"
    git(linux, "worktree", "add", "--quiet", "--detach", str(linked), "v1")
    (linked / "new").write_text("new\n")
    origin = kept(linked, rev)
    assert origin.described == git(linux, "rev-parse", "--short=12", "v1") + (
        "" if rev else " dirty"
    )
    assert ("new" in files()) == (not rev)


def test_a_clone_that_borrows_its_objects(linux: Path, tmp_path: Path) -> None:
    clone = tmp_path / "cölone: borrowed"
    git(linux, "clone", "--quiet", "--shared", str(linux), str(clone))
    (clone / "new").write_text("new\n")
    assert kept(clone).described.endswith("dirty")
    assert files()["new"] == "new\n"


def test_what_a_killed_git_left_is_in_nobodys_way(linux: Path) -> None:
    kept(linux, "v1")
    for name in ("index.lock", "as-it-lies.lock"):
        (Tree("mine").path / name).touch()
    kept(linux)
    assert files()["added"] == "added\n"


def test_a_copy_that_was_interrupted_begins_anew(linux: Path) -> None:
    kept(linux)
    (Tree("mine").path / "origin.json").unlink()
    (Tree("mine").path / "index").unlink()
    (Tree("mine").source / "leftover").write_text("of another revision\n")
    Tree("mine").out("plain").mkdir()
    kept(linux, "v1")
    assert files() == {**FILES, ".gitignore": "*.o\n"}
    assert not Tree("mine").out("plain").exists()


@pytest.mark.parametrize("rev", ["nowhere", "v1..HEAD", "HEAD:drivers", "--all", "v1 HEAD", "-x"])
def test_a_revision_that_is_not_there(rev: str, linux: Path) -> None:
    with pytest.raises(UsageError) as caught:
        kept(linux, rev)
    assert caught.value.message == f"--rev: {linux} has no revision '{rev}'"
    assert "git log" in caught.value.hint
    assert Tree("mine").origin() is None


def test_a_git_tree_that_is_no_kernel(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/Makefile").write_text("all:\n")
    revision = commit(tmp_path / "other", "first")
    with pytest.raises(UsageError) as caught:
        kept(tmp_path / "other", "HEAD")
    assert caught.value.message == f"--tree: {tmp_path}/other: {revision} is no Linux kernel"
    with pytest.raises(UsageError, match="/other is no Linux kernel: no Makefile with its version"):
        kept(tmp_path / "other")


def test_of_what_is_refused_nothing_is_left(linux: Path, cache: Path) -> None:
    with pytest.raises(UsageError):
        kept(linux, "nowhere")
    assert laid_trees() == []
    kept(linux)
    with pytest.raises(UsageError):
        kept(linux, "nowhere")
    assert files()["added"] == "added\n"  # what was there before stays


def test_a_bare_git_tree_has_revisions_and_no_files(linux: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(linux), "bare.git")
    assert kept(tmp_path / "bare.git", "v1").identity == git(linux, "rev-parse", "v1^{tree}")
    assert files() == {**FILES, ".gitignore": "*.o\n"}
    with pytest.raises(UsageError, match=r"bare\.git is a bare git tree, without files"):
        kept(tmp_path / "bare.git")


def test_a_git_tree_without_a_commit(tmp_path: Path) -> None:
    lay(tmp_path / "linux")
    git(tmp_path, "init", "--quiet", "linux")
    assert kept(tmp_path / "linux").described == "dirty"
    assert files() == FILES


def test_what_git_complains_of_first_is_said(linux: Path) -> None:
    git(linux, "init", "--quiet", "inner")
    with pytest.raises(CannotJudge) as caught:
        kept(linux)
    assert caught.value.message == (
        f"--tree: {linux}: git: 'inner/' does not have a commit checked out"
    )


def test_what_git_advises_is_what_to_do(
    linux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "echo 'fatal: dubious ownership\n\n\tgit config --add safe.directory /x' >&2; exit 128"
    program(tmp_path / "bin", "git", said)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(CannotJudge, match=r"linux: git: dubious ownership$") as caught:
        kept(linux)
    assert caught.value.hint == "git config --add safe.directory /x"


@pytest.mark.parametrize("kind", ["git", "directory"])
def test_a_name_that_is_not_utf_8(kind: str, linux: Path, tmp_path: Path) -> None:
    where = tmp_path / os.fsdecode(b"k\xe9")
    (linux if kind == "git" else lay(tmp_path / "plain")).rename(where)
    with pytest.raises(UsageError, match="its name is not UTF-8"):
        kept(where)


def test_names_of_files_may_be_any(tmp_path: Path) -> None:
    lay(tmp_path / "linux")
    (tmp_path / "linux" / os.fsdecode(b"k\xe9")).touch()
    kept(tmp_path / "linux")
    assert os.fsdecode(b"k\xe9") in files()


def test_a_directory_is_the_same_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path / "linux")
    there = kept(tmp_path / "linux")
    monkeypatch.chdir(tmp_path / "linux")
    assert kept(Path()) == there
    assert there.described == "linux"


def test_one_that_may_not_be_looked_at(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "exists", refused)
    with pytest.raises(UsageError, match=f"^--tree: {linux}: Permission denied$"):
        checkout.keep_tree(Tree("mine"), linux, "", (), SILENT)


def test_a_git_tree_that_git_does_not_take(linux: Path) -> None:
    """It is not copied as a directory, with all that lies in it."""
    (linux / ".git/HEAD").write_text("nothing\n")
    with pytest.raises(CannotJudge, match="not a git repository"):
        kept(linux)


def tarball(where: Path, name: str, directory: str = "linux-7.3.4") -> Path:
    lay(where / directory)
    path = where / name
    subprocess.run(["tar", "-C", str(where), "-caf", str(path), directory], check=True)
    return path


@pytest.mark.parametrize("name", ["linux-7.3.4.tar.xz", "mine.tar.gz", "linux.tar"])
def test_a_tarball(name: str, tmp_path: Path) -> None:
    origin = kept(tarball(tmp_path, name))
    assert (origin.kind, origin.version) == ("tarball", "7.3.4")
    assert origin.described == name.partition(".tar")[0]
    assert files() == FILES


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"words\n", "is no source tarball"), (b"", "is no source tarball")],
)
def test_a_file_that_is_no_tarball(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "linux-7.3.tar.xz").write_bytes(data)
    with pytest.raises(UsageError, match=why):
        kept(tmp_path / "linux-7.3.tar.xz")


def test_a_tarball_that_was_cut_off(tmp_path: Path) -> None:
    path = tarball(tmp_path, "linux-7.3.tar.xz")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CannotJudge, match="Unexpected end of input"):
        kept(path)
    assert Tree("mine").origin() is None


def test_a_tarball_of_which_the_first_bytes_are_there(tmp_path: Path) -> None:
    path = tarball(tmp_path, "linux.tar.gz")
    path.write_bytes(path.read_bytes()[:15])
    with pytest.raises(UsageError, match="is no source tarball"):
        kept(path)


def test_a_tarball_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/file").write_text("x\n")
    subprocess.run(["tar", "-C", str(tmp_path), "-cf", str(tmp_path / "x.tar"), "x"], check=True)
    with pytest.raises(UsageError, match="there is no Linux kernel in it"):
        kept(tmp_path / "x.tar")


def test_a_directory(tmp_path: Path) -> None:
    where = lay(tmp_path / "linux")
    origin = kept(where)
    assert (origin.kind, origin.described, origin.version) == ("directory", "linux", "7.3.4")
    assert files() == FILES
    (where / VDPA).write_text("changed\n")
    assert kept(where).identity != origin.identity
    assert files()[VDPA] == "changed\n"


def test_a_directory_in_which_a_kernel_was_built_is_cleaned_in_the_copy(tmp_path: Path) -> None:
    """Make builds no kernel elsewhere while its source has one in it."""
    where = lay(tmp_path / "linux")
    (where / ".config").write_text("CONFIG_A=y\n")
    with (where / "Makefile").open("a") as file:
        file.write("mrproper:\n\trm .config\n")
    kept(where)
    assert ".config" not in files()
    assert (where / ".config").exists()


@pytest.mark.parametrize(
    ("name", "why"), [("none", "no such directory or tarball"), ("empty", "is no Linux kernel")]
)
def test_no_kernel(name: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=why):
        kept(tmp_path / name)
    assert not Tree("mine").path.exists()


def test_a_revision_of_what_has_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--rev: .* is not a git tree") as caught:
        kept(lay(tmp_path / "linux"), "v1")
    assert caught.value.hint == "leave --rev out"


def test_one_kind_after_another(linux: Path, tmp_path: Path) -> None:
    kept(linux)
    lay(tmp_path / "plain")
    kept(tmp_path / "plain")
    assert files() == FILES
    kept(linux, "v1")
    assert files() == {**FILES, ".gitignore": "*.o\n"}
