# SPDX-License-Identifier: GPL-2.0-only
"""Keep source trees of kernels in the cache, each with the series that is applied to it now."""

import errno
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotJudge, NoSpace
from bench.kernel.kernel import bytes_below
from bench.kernel.series import Version, apply_patches, digest_of, files_of
from bench.model.steps import SILENT, Steps
from bench.model.units import MIB
from bench.paths import cache_dir, cache_path, locked

DIRECTORY = "trees"  # of the cache
DEBIAN_CONFIG = "debian.config"  # of a tree: how Debian configures this kernel, or its newest
_INTERFACE = "VHOST_NEW_OWNER"


@dataclass(frozen=True)
class Origin:
    """What a tree is a copy of."""

    kind: str  # "debian", "git", "tarball" or "directory"
    where: str  # the package, or the path that was given
    identity: str  # changes with every file of it
    described: str  # for people: a version of a package, or a revision, "dirty" where it is
    version: str = ""  # "7.3.4", of its Makefile, once there is a copy
    configs: tuple[str, ...] = ()  # that were kept with it: bench kernel build NAME --config
    interface: bool = False  # it has VHOST_NEW_OWNER by itself

    @property
    def series(self) -> Version:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)


@dataclass(frozen=True)
class Tree:
    """A directory of the cache: the source, what patches have changed in it, and its builds."""

    name: str

    @property
    def path(self) -> Path:
        return cache_path() / DIRECTORY / self.name

    @property
    def source(self) -> Path:
        return self.path / "source"

    def out(self, configs: str) -> Path:
        """Return where it is built with a configuration: what make has there it goes on with."""
        return self.path / f"out-{configs}"

    def origin(self) -> Origin | None:
        """Return what it is a copy of; None where there is no copy, or only a part of one."""
        try:
            stored = json.loads((self.path / "origin.json").read_text())
            return Origin(**{**stored, "configs": tuple(stored["configs"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def size(self) -> int:
        """Return the bytes of source and builds, one that goes on included."""
        return bytes_below(self.path)

    @contextmanager
    def locked(self, steps: Steps = SILENT) -> Iterator[None]:
        """Hold the tree, so that two processes do not patch or build it at once.

        Make goes on where its bench was killed: it is waited for, since it reads the source.
        """
        (cache_dir() / DIRECTORY).mkdir(exist_ok=True)
        lock = self.path.with_name(f".{self.name}.lock")
        with _told_when_full(self.path), locked(lock, steps):
            for out in self.path.glob("out-*"):
                with locked(out / ".lock", steps):
                    pass
            yield

    @contextmanager
    def laying(self, origin: Origin) -> Iterator[None]:
        """Have the block make the source a copy of ``origin``; until it has, there is none.

        Then it is seen which version that is, and whether it has the interface that we measure.
        """
        self.path.mkdir(exist_ok=True)
        self.restore()
        (self.path / "origin.json").unlink(missing_ok=True)
        yield
        header = self.source / "include/uapi/linux/vhost.h"
        interface = header.exists() and _INTERFACE in header.read_text(errors="replace")
        version = version_of(self.source / "Makefile")
        stored = asdict(replace(origin, version=version, interface=interface))
        (self.path / "origin.json").write_text(json.dumps(stored, indent=1))

    def is_copy_of(self, origin: Origin) -> bool:
        """Tell whether the source is a copy of ``origin``."""
        mine = self.origin()
        return mine is not None and replace(mine, version="", interface=False) == origin

    def forget_builds(self) -> None:
        """Remove what was built: files of a new source may be older than their objects."""
        for out in self.path.glob("out-*"):
            shutil.rmtree(out)

    def patched_with(self, patches: tuple[Path, ...], what: str) -> None:
        """Bring the source to the state with these patches; files that stay are not touched.

        CannotJudge when one does not apply; then the source is as it was without any.
        """
        wanted = digest_of(patches).hex()
        applied = self.path / "applied"
        if applied.exists() and applied.read_text() == wanted:
            return
        self.restore()
        self._keep(sorted(_files_below(patches)))
        try:
            apply_patches(self.source, patches, what)
        except CannotJudge:
            self.restore()
            raise
        applied.write_text(wanted)

    def _keep(self, names: Iterable[str]) -> None:
        """Keep files as they are before they are patched, and the names of those to come."""
        to_come = [name for name in names if not (self.source / name).exists()]
        with atomic_directory(self.path / "pristine") as kept:
            for name in set(names) - {*to_come}:
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.source / name, kept / name)
        half = self.path / "to-come.tmp"
        half.write_text(json.dumps(to_come))
        half.rename(self.path / "to-come.json")

    def restore(self) -> None:
        """Take back what patches have changed."""
        (self.path / "applied").unlink(missing_ok=True)
        kept, to_come = self.path / "pristine", self.path / "to-come.json"
        for path in kept.rglob("*"):
            if path.is_file():
                (self.source / path.relative_to(kept)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, self.source / path.relative_to(kept))
        for name in json.loads(to_come.read_text()) if to_come.exists() else ():
            (self.source / name).unlink(missing_ok=True)
        shutil.rmtree(kept, ignore_errors=True)
        to_come.unlink(missing_ok=True)


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LITTLE = 4 * MIB  # bytes that are left where a program could not write


@contextmanager
def _told_when_full(path: Path) -> Iterator[None]:
    """Raise NoSpace for what fails in the block for want of room, a command of ours too.

    Git and some others do not say why they cannot write. CannotJudge for what is another user's.
    """
    try:
        yield
    except NoSpace:
        raise
    except PermissionError as error:
        where = error.filename or path
        raise CannotJudge(f"{where}: {error.strerror}", "set BENCH_CACHE to one of yours") from None
    except (OSError, CannotJudge) as error:
        said = " ".join(
            f"{each} {getattr(each, 'output', '')}" for each in (error, error.__context__)
        )
        why = next((why for why in map(os.strerror, _FULL) if why in said), "")
        if not why and shutil.disk_usage(cache_path()).free > _LITTLE:
            raise
    else:
        return
    raise NoSpace(
        f"{path}: {why or os.strerror(errno.ENOSPC)}",
        "free some space, or set BENCH_CACHE to a directory of a larger disk",
    )


def _files_below(patches: Iterable[Path]) -> set[str]:
    """Return the files that patches change; CannotJudge for one that is not in the tree."""
    named = {name: patch for patch in patches for name in files_of(patch)}
    for name, patch in named.items():
        if ".." in Path(name).parts or name.startswith("/"):
            raise CannotJudge(f"{patch.name} changes {name}, which is not in the tree")
    return {*named}


def kept_trees() -> list[Tree]:
    """List the trees of the cache."""
    return [tree for tree in laid_trees() if tree.origin()]


def laid_trees() -> list[Tree]:
    """List the trees of the cache, and what is left of those that were interrupted."""
    where = cache_path() / DIRECTORY
    return [Tree(path.name) for path in sorted(where.glob("*")) if _is_tree(path)]


def _is_tree(path: Path) -> bool:
    """Tell a tree from a lock, and from what is left of one that was being removed."""
    return path.is_dir() and not path.name.startswith(".")


def version_of(makefile: Path) -> str:
    """Return the version that the Makefile of a kernel states, as ``7.3.4``; "" for another one."""
    return stated_version(makefile.read_text(errors="replace")) if makefile.is_file() else ""


def stated_version(text: str) -> str:
    """Return the version that the text of a Makefile states, as `version_of` does."""
    stated = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$", text, re.MULTILINE))
    return ".".join(stated[part] for part in _PARTS) if len(stated) == len(_PARTS) else ""


_PARTS = ("VERSION", "PATCHLEVEL", "SUBLEVEL")
