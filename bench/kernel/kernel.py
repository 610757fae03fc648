# SPDX-License-Identifier: GPL-2.0-only
"""Say what a kernel is that a guest can boot, and which ones the cache has."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import CannotJudge
from bench.paths import cache_path

DIRECTORY = "kernels"  # of the cache


_LONGEST = 200  # bytes of a label; file systems take 255


def directory_of(label: str, digest: str) -> Path:
    """Return where a kernel is kept in the cache; names of files of the user's may be long."""
    short = label.encode()[:_LONGEST].decode(errors="ignore")
    return cache_path() / DIRECTORY / f"{short}-{digest}"


@dataclass(frozen=True)
class Kernel:
    """A kernel that a guest can boot, with its modules."""

    path: Path  # its directory in the cache
    name: str  # "6.12.117+deb12-amd64+live-update"
    digest: str  # of its configuration and patches
    image: Path
    modules: tuple[Path, ...]
    base_modules: tuple[str, ...]  # to load before those of a device, in order
    builtin: frozenset[str] = frozenset()  # drivers that are part of the image, with _ for -
    configs: tuple[str, ...] = ()  # that were laid over the plain one

    def has_module(self, driver: str) -> bool:
        """Tell whether a driver is to be loaded."""
        return any(path.stem == driver for path in self.modules)

    def has_built_in(self, driver: str) -> bool:
        """Tell whether a driver is part of the image."""
        return driver.replace("-", "_") in self.builtin


@dataclass(frozen=True)
class BuiltKernel:
    """A kernel in the cache: its directory, its size, and when it was built."""

    path: Path
    bytes: int
    built: float  # seconds since 1970
    base: str = ""  # of the tree that it was built of whole
    source: str = ""  # what that was a copy of


def built_kernels() -> list[BuiltKernel]:
    """List the kernels of the cache, the newest first; CannotJudge where that is not allowed."""
    cache = cache_path() / DIRECTORY
    try:
        found = [path for path in cache.iterdir() if path.is_dir()] if cache.is_dir() else []
    except PermissionError as error:
        raise CannotJudge(f"{cache}: {error.strerror}", "set BENCH_CACHE to one of yours") from None
    kernels = [
        BuiltKernel(
            path,
            bytes_below(path),
            path.stat().st_mtime,
            *_made_of(path),
        )
        for path in found
        if path.suffix != ".tmp"
    ]
    return sorted(kernels, key=lambda kernel: -kernel.built)


def bytes_below(path: Path) -> int:
    """Return the bytes of all files below a directory, those left out that go meanwhile."""
    total = 0
    for at, _, files in os.walk(path):
        for name in files:
            with suppress(FileNotFoundError):
                total += (Path(at) / name).lstat().st_size
    return total


def _made_of(path: Path) -> tuple[str, str]:
    """Return base and source of a kernel that was built whole, empty for Debian's own."""
    try:
        facts = json.loads((path / "kernel.json").read_text())
        return facts["base"], facts["from"]
    except (OSError, ValueError, KeyError):
        return "", ""
