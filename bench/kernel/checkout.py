# SPDX-License-Identifier: GPL-2.0-only
"""Copy somebody's kernel into the cache: a git tree at a revision, a tarball or a directory."""

import hashlib
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotJudge, UsageError
from bench.kernel.tree import Origin, Tree, stated_version, version_of
from bench.model.steps import Step, Steps
from bench.model.units import GIB
from bench.paths import cache_dir, require_space
from bench.process import ProcessFailed, find_tool, run

NEEDED = 2 * GIB  # bytes of an unpacked tree


def keep_tree(tree: Tree, path: Path, rev: str, configs: tuple[str, ...], steps: Steps) -> Origin:
    """Make a tree of the cache a copy of what is at ``path``; what did not change stays.

    Returns what it is a copy of.

    ``rev`` names a revision of a git tree; without it the files are taken as they lie there.
    UsageError when there is no kernel, or no such revision.
    """
    git = _is_git(path)
    with tree.locked(steps), _whole_or_none(tree):
        if git:
            with _git_said(path):
                _keep_git(tree, path, rev, configs, steps)
        elif rev:
            raise UsageError(f"--rev: {path} is not a git tree", "leave --rev out")
        else:
            _keep_files(tree, path, configs, steps)
        origin = tree.origin()
    if origin is None:
        raise CannotJudge(f"{tree.path}: what was laid there is gone", "try again")
    return origin


def _keep_files(tree: Tree, path: Path, configs: tuple[str, ...], steps: Steps) -> None:
    origin = replace(_described(path), configs=configs)
    if tree.is_copy_of(origin):
        return
    require_space(cache_dir(), NEEDED, "the source of a kernel")
    with steps.at(Step.LAY), tree.laying(origin):
        tree.forget_builds()
        with atomic_directory(tree.source) as scratch:
            if path.is_file():
                unpack(path, scratch)
            else:
                _copy(path, scratch)


def _is_git(path: Path) -> bool:
    """Tell a git tree; UsageError where nobody can tell."""
    try:
        str(path.absolute()).encode()
        return (path / ".git").exists() or _is_bare(path)
    except UnicodeEncodeError:
        raise UsageError(f"--tree: {path}: its name is not UTF-8", "rename it") from None
    except OSError as error:
        raise UsageError(f"--tree: {path}: {error.strerror}") from None


def _is_bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir()


@contextmanager
def _whole_or_none(tree: Tree) -> Iterator[None]:
    """Remove what the block has begun of a tree that was not there, unless it comes to its end."""
    there = tree.path.exists()
    try:
        yield
    except BaseException:
        if not there:
            shutil.rmtree(tree.path, ignore_errors=True)
        raise


@contextmanager
def _git_said(path: Path) -> Iterator[None]:
    """Name the first thing that git complains of in the block: others follow from it."""
    try:
        yield
    except ProcessFailed as error:
        why = re.search(r"^(?:error|fatal): (.*)$", error.output, re.MULTILINE)
        advice = re.search(r"^\s+(git config .*)$", error.output, re.MULTILINE)
        raise CannotJudge(
            f"--tree: {path}: git: {why[1]}" if why else error.message,
            advice[1] if advice else error.hint,
        ) from None


def _git(path: Path, *words: str, env: dict[str, str] | None = None) -> str:
    """Run git; as all that writes to a tree it ends with bench, or it would meet the next one."""
    argv = [find_tool("git", "git"), "-C", str(path), *_PLAIN, *words]
    return run(argv, env=env, timeout=900, tied=True)


# Whatever the user has configured: all files, as they are stored, and nothing but those.
_SETTINGS = ("sparseCheckout=false", "autocrlf=false", "splitIndex=false", "fsmonitor=false")
_PLAIN = [word for each in (*_SETTINGS, "hooksPath=/dev/null") for word in ("-c", f"core.{each}")]


def _keep_git(tree: Tree, path: Path, rev: str, configs: tuple[str, ...], steps: Steps) -> None:
    if not rev:
        _check_files(path)
    common = Path(_git(path, "rev-parse", "--path-format=absolute", "--git-common-dir").strip())
    objects = tree.path / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    env = {
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": json.dumps(  # it may have a :
            str(common / "objects"), ensure_ascii=False
        ),
    }
    for left in tree.path.glob("*.lock"):  # of a git that was killed
        left.unlink()
    content, described = _revision(path, rev) if rev else _as_it_lies(tree, path, env)
    if not stated_version(_shown(path, content, "Makefile", env)):
        raise UsageError(f"--tree: {path}: {described} is no Linux kernel")
    origin = Origin("git", str(path.resolve()), content, described, configs=configs)
    if tree.is_copy_of(origin):
        return
    before = tree.origin()
    again = before is not None and before.kind == "git"
    require_space(cache_dir(), GIB // 4 if again else NEEDED, "the source of a kernel")
    with steps.at(Step.LAY), tree.laying(origin):
        index = tree.path / "index"
        if not again:  # there may be a part of another tree
            tree.forget_builds()
            shutil.rmtree(tree.source, ignore_errors=True)
            index.unlink(missing_ok=True)
        tree.source.mkdir(exist_ok=True)
        here = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(tree.source)}
        # Files that are the same in both revisions stay, and with them what was built of them.
        _git(path, "read-tree", "--reset", "-u", content, env={**env, **here, **_dir(path)})


def _check_files(path: Path) -> None:
    """Refuse to take files as they lie where no kernel does: UsageError."""
    if not (path / ".git").exists():
        raise UsageError(f"--tree: {path} is a bare git tree, without files", "name a --rev of it")
    if not version_of(path / "Makefile"):
        raise UsageError(f"--tree: {path} is no Linux kernel: no Makefile with its version")


def _dir(path: Path) -> dict[str, str]:
    return {"GIT_DIR": _git(path, "rev-parse", "--absolute-git-dir").strip()}


def _revision(path: Path, rev: str) -> tuple[str, str]:
    """Return the tree object of a revision, and its abbreviated commit."""
    try:
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        content = _git(path, *words, f"{rev}^{{tree}}").strip()
        return content, _git(path, "rev-parse", "--short=12", f"{rev}^{{commit}}").strip()
    except ProcessFailed:
        raise UsageError(
            f"--rev: {path} has no revision '{rev}'", "see git log, or fetch it first"
        ) from None


def _as_it_lies(tree: Tree, path: Path, env: dict[str, str]) -> tuple[str, str]:
    """Return a tree object of the files of a checkout as they are, and what to call it.

    The checkout, its index and its objects stay untouched: git writes to the cache alone.
    """
    index = Path(_git(path, "rev-parse", "--path-format=absolute", "--git-path", "index").strip())
    mine = tree.path / "as-it-lies"
    if index.exists():  # it knows which files have not changed since
        shutil.copy2(index, mine)
    env = {**env, "GIT_INDEX_FILE": str(mine)}
    _git(path, "add", "--all", env=env)
    content = _git(path, "write-tree", env=env).strip()
    try:
        head, described = _revision(path, "HEAD")
    except UsageError:  # there is no commit yet
        return content, "dirty"
    return content, described if content == head else f"{described} dirty"


def _shown(path: Path, content: str, name: str, env: dict[str, str]) -> str:
    try:
        return _git(path, "cat-file", "blob", f"{content}:{name}", env=env)
    except ProcessFailed:
        return ""


def _described(path: Path) -> Origin:
    """Say what a tarball or a directory is; UsageError where it is neither."""
    try:
        if path.is_file():
            return _of_tarball(path)
        if path.is_dir():
            return _of_directory(path)
    except OSError as error:
        raise UsageError(f"--tree: {path}: {error.strerror}") from None
    raise UsageError(
        f"--tree: {path}: no such directory or tarball", "name a git tree, a directory or a tarball"
    )


def _of_tarball(path: Path) -> Origin:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not _is_tarball(path):
        raise UsageError(f"--tree: {path} is no source tarball", "as linux-7.3.4.tar.xz is one")
    return Origin("tarball", str(path.resolve()), digest, re.sub(r"\.tar(\.\w+)?$", "", path.name))


def _is_tarball(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, zlib.error):  # its first bytes were cut off, or are damaged
        return False


def unpack(tarball: Path, where: Path) -> None:
    """Unpack a source tarball into a directory, without the directory that it has on top."""
    words = [find_tool("tar", "tar"), "-xf", str(tarball), "-C", str(where), "--strip-components=1"]
    try:
        run(words, timeout=1800, tied=True)
    except ProcessFailed as error:
        said = [line for line in error.output.splitlines() if "Removing leading" not in line]
        raise CannotJudge(f"{tarball}: {next(filter(None, said), error.message)}") from None
    if not version_of(where / "Makefile"):
        raise UsageError(f"--tree: {tarball}: there is no Linux kernel in it")


def _copy(path: Path, where: Path) -> None:
    """Copy a directory, without what was built in it: make refuses to build elsewhere then."""
    run(["cp", "-a", "--", f"{path}/.", str(where)], timeout=1800, tied=True)
    if (where / ".config").exists() or (where / "include/config").exists():
        run([find_tool("make", "make"), "-C", str(where), "mrproper"])


def _of_directory(path: Path) -> Origin:
    """Describe a directory that is no git tree: by names, sizes and times of its files."""
    if not version_of(path / "Makefile"):
        raise UsageError(f"--tree: {path} is no Linux kernel: no Makefile with its version")
    digest = hashlib.sha256()
    for at, directories, files in os.walk(path):
        directories.sort()
        for name in sorted(files):
            state = (Path(at) / name).lstat()
            line = f"{Path(at).relative_to(path) / name} {state.st_size} {state.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
    where = path.resolve()
    return Origin("directory", str(where), digest.hexdigest(), where.name)
