# SPDX-License-Identifier: GPL-2.0-only
"""Keep source trees of kernels in the cache, each with the series that is applied to it now."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.errors import CannotJudge
from bench.kernel.series import Version, apply_patches, digest_of, files_of
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
    version: str  # "7.3.4", of its Makefile
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
        """Return the bytes of source and builds."""
        return sum(path.lstat().st_size for path in self.path.rglob("*") if not path.is_dir())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the tree, so that two processes do not patch or build it at once."""
        cache_dir()
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path.with_name(f".{self.name}.lock")):
            yield

    @contextmanager
    def laying(self, origin: Origin) -> Iterator[None]:
        """Have the block make the source a copy of ``origin``; until it has, there is none.

        Then it is seen whether the source has the interface that we measure.
        """
        self.restore()
        (self.path / "origin.json").unlink(missing_ok=True)
        yield
        header = self.source / "include/uapi/linux/vhost.h"
        interface = header.exists() and _INTERFACE in header.read_text(errors="replace")
        stored = asdict(replace(origin, interface=interface))
        (self.path / "origin.json").write_text(json.dumps(stored, indent=1))

    def is_copy_of(self, origin: Origin) -> bool:
        """Tell whether the source is a copy of ``origin``."""
        mine = self.origin()
        return mine is not None and replace(mine, interface=False) == origin

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
        self._keep(sorted({name for patch in patches for name in files_of(patch)}))
        try:
            apply_patches(self.source, patches, what)
        except CannotJudge:
            self.restore()
            raise
        applied.write_text(wanted)

    def _keep(self, names: Iterable[str]) -> None:
        """Keep files as they are before they are patched, and the names of those to come."""
        kept = self.path / "pristine"
        kept.mkdir(exist_ok=True)
        to_come = [name for name in names if not (self.source / name).exists()]
        (self.path / "to-come.json").write_text(json.dumps(to_come))
        for name in set(names) - {*to_come}:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.source / name, kept / name)

    def restore(self) -> None:
        """Take back what patches have changed."""
        (self.path / "applied").unlink(missing_ok=True)
        kept, to_come = self.path / "pristine", self.path / "to-come.json"
        for path in kept.rglob("*"):
            if path.is_file():
                shutil.copyfile(path, self.source / path.relative_to(kept))
        for name in json.loads(to_come.read_text()) if to_come.exists() else ():
            (self.source / name).unlink(missing_ok=True)
        shutil.rmtree(kept, ignore_errors=True)
        to_come.unlink(missing_ok=True)


def kept_trees() -> list[Tree]:
    """List the trees of the cache."""
    where = cache_path() / DIRECTORY
    names = sorted(path.parent.name for path in where.glob("*/origin.json"))
    return [Tree(name) for name in names]


def version_of(makefile: str) -> str:
    """Return the version that the Makefile of a kernel states, as ``7.3.4``; "" for another one."""
    parts = [re.search(rf"^{part} = (\S*)$", makefile, re.MULTILINE) for part in _PARTS]
    if not all(parts):
        return ""
    major, minor, sub = (part[1] if part else "" for part in parts)
    return f"{major}.{minor}.{sub}" if major.isdecimal() and minor.isdecimal() else ""


_PARTS = ("VERSION", "PATCHLEVEL", "SUBLEVEL")
