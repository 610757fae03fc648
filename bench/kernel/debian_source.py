# SPDX-License-Identifier: GPL-2.0-only
"""Fetch the source of Debian's newest kernel, and the configuration that Debian gives it."""

import lzma
from pathlib import Path

from bench.cleanup.scratch import atomic_directory, temporary
from bench.errors import CannotJudge
from bench.kernel.archive import fetch_debs, newest, refresh
from bench.kernel.archive import unpack as unpack_debs
from bench.kernel.checkout import NEEDED, unpack
from bench.kernel.config import SourceBase, source_bases
from bench.kernel.tree import DEBIAN_CONFIG, Origin, Tree
from bench.model.steps import Step, Steps
from bench.paths import cache_dir, require_space

_CONFIG = "config.amd64_none_amd64.xz"


def lay_debian_source(base: SourceBase, steps: Steps, update: bool = False) -> Origin:
    """Return the origin of the source in the cache; fetch it where there is none.

    A source that the cache has stays in use when Debian has a newer one, but with ``update``.
    The tree is locked by the caller.
    """
    tree = Tree(base.tree)
    origin = tree.origin()
    if origin and not update:
        return origin
    refresh(base.suites, steps)  # old lists name packages that the mirror has no more
    version = newest(base.suites, base.source)
    if origin and origin.identity == version:
        return origin
    require_space(cache_dir(), NEEDED, "the source of a kernel")
    where = cache_dir() / "packages"
    where.mkdir(exist_ok=True)
    with temporary(where) as scratch:
        debs = fetch_debs(base.suites, [base.source, base.config], scratch, steps)
        with steps.at(Step.LAY):
            return _lay(tree, base, version, debs, scratch / "unpacked")


def _lay(tree: Tree, base: SourceBase, version: str, debs: list[Path], unpacked: Path) -> Origin:
    unpack_debs(debs, unpacked)
    origin = Origin("debian", base.source, version, f"{base.source} {version}")
    with tree.laying(origin):
        tree.forget_builds()
        with atomic_directory(tree.source) as scratch:
            unpack(unpacked / f"usr/src/{base.source}.tar.xz", scratch)
        _keep_config(tree, unpacked)
    return tree.origin() or origin


def lay_debian_config(tree: Tree, steps: Steps) -> None:
    """Lay Debian's own configuration, of the newest kernel that we know, beside a tree."""
    base = [*source_bases().values()][-1]
    where = cache_dir() / "packages"
    where.mkdir(exist_ok=True)
    refresh(base.suites, steps)
    with temporary(where) as scratch:
        debs = fetch_debs(base.suites, [base.config], scratch, steps)
        unpack_debs(debs, scratch / "unpacked")
        _keep_config(tree, scratch / "unpacked")


def _keep_config(tree: Tree, unpacked: Path) -> None:
    config = next(unpacked.rglob(_CONFIG), None)
    if config is None:
        raise CannotJudge(f"Debian's configurations have no {_CONFIG} any more")
    (tree.path / DEBIAN_CONFIG).write_bytes(lzma.decompress(config.read_bytes()))
