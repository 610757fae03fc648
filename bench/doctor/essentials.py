# SPDX-License-Identifier: GPL-2.0-only
"""Examine the cache: can it be written, and is there room. It is not made."""

import os
import shutil
from pathlib import Path

from bench.doctor.diagnosis import Finding, Severity
from bench.errors import NoSpace
from bench.kernel import build, packages
from bench.kernel.build import cached_kernel
from bench.kernel.config import load_config
from bench.kernel.packages import cached_packages
from bench.model.units import GIB, MIB
from bench.paths import cache_path

_ELSEWHERE = "export XDG_CACHE_HOME=/var/tmp/cache  # or any place with room that you can write"
_SMALL = 64 * MIB  # bytes that a run writes into a cache that has its kernel


def examine_cache() -> Finding:
    """Judge whether the cache can be written: every executor keeps its helper there."""
    try:
        path = cache_path()
    except NoSpace as error:
        return Finding("cache", Severity.PROBLEM, error.message, _ELSEWHERE)
    place = nearest(path)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding("cache", Severity.PROBLEM, f"{path}: cannot be written", _ELSEWHERE)
    return Finding("cache", Severity.OK, str(path))


def nearest(path: Path) -> Path:
    """Return the path or the nearest directory above it that exists.

    os.access() works for a directory that this user may not read, too.
    """
    return next(p for p in (path, *path.parents) if os.access(p, os.F_OK))


def examine_space() -> Finding:
    """Judge whether a guest's kernel has room. The cache can be written."""
    path, needed = cache_path(), _needed()
    free = shutil.disk_usage(nearest(path)).free
    text = f"{free / GIB:.1f} GiB are free at {path}, {needed / GIB:.1f} are needed"
    if free < needed:
        return Finding("disk space", Severity.PROBLEM, text, _ELSEWHERE)
    return Finding("disk space", Severity.OK, text)


def _needed() -> int:
    if cached_kernel():
        return _SMALL
    return build.NEEDED if cached_packages(load_config()) else packages.NEEDED
