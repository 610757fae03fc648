# SPDX-License-Identifier: GPL-2.0-only
"""Examine what every executor needs: a cache with room, and the helper, which is compiled."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bench.doctor.diagnosis import Finding, Severity
from bench.errors import CannotJudge, NoSpace
from bench.guest.initramfs import HELPER_PROGRAMS, cached_helper
from bench.guest.saved import DIRECTORY, kept
from bench.kernel import modules, packages
from bench.kernel.config import load_config
from bench.kernel.modules import cached_kernel
from bench.kernel.packages import cached_packages
from bench.machine.limits import mount_problem
from bench.model.units import GIB, MIB, format_size
from bench.paths import SET_UP, cache_path
from bench.process import missing_tools, run

_ELSEWHERE = "export BENCH_CACHE=/var/tmp/bench-cache  # or any place with room that you can write"
_HELPER, _INODES = 4 * MIB, 32  # what the helper takes, and the compiler meanwhile
_SMALL = 64 * MIB  # bytes that a run writes into a cache that has its kernel


def examine_cache() -> Finding:
    """Judge whether the cache can be written: every executor keeps its helper there."""
    try:
        path = cache_path()
    except NoSpace as error:
        return Finding("cache", Severity.PROBLEM, error.message, _ELSEWHERE)
    place = nearest(path)
    if forbidden := mount_problem(place):
        return Finding("cache", Severity.PROBLEM, f"{path} {forbidden}", _ELSEWHERE)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding("cache", Severity.PROBLEM, f"{path}: cannot be written", _ELSEWHERE)
    if full := _fullness(place):
        return Finding("cache", Severity.PROBLEM, f"{path} {full}", _ELSEWHERE)
    return Finding("cache", Severity.OK, str(path))


def _fullness(place: Path) -> str:
    """Say what a file system lacks for the helper: room, or inodes where it counts them."""
    found = os.statvfs(place)
    if found.f_bavail * found.f_frsize < _HELPER:
        free = format_size(found.f_bavail * found.f_frsize)
        return f"has {free} of room, and the helper takes {format_size(_HELPER)}"
    if found.f_files and found.f_favail < _INODES:
        return f"has {found.f_favail} inodes left, and the helper takes {_INODES}"
    return ""


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


def examine_saved() -> Finding:
    """Say how many guests are saved, their size and where. The cache can be read."""
    count, size = kept()
    text = f"{count}, {size / MIB:.0f} MiB in {cache_path() / DIRECTORY}"
    return Finding("saved guests", Severity.INFO, text, "bench kernel prune" if count else "")


def _needed() -> int:
    if cached_kernel():
        return _SMALL
    return modules.NEEDED if cached_packages(load_config()) else packages.NEEDED


def install(packages: Mapping[str, str]) -> str:
    """Return the command that installs the packages of programs, as Debian names them."""
    names = " ".join(sorted(set(packages.values())))
    if missing_tools({"apt-get": "apt"}):
        return f"{SET_UP}  # says how they are called here; in Debian: {names}"
    return f"sudo apt-get install --no-install-recommends {names}"


def examine_helper() -> Finding:
    """Judge whether the helper is compiled, or can be: gcc, make and a static C library."""
    try:
        if cached_helper():
            return Finding("helper", Severity.OK, "it is compiled")
    except (CannotJudge, OSError):
        pass  # no cache to look into: what that means is said where the cache is looked at
    absent = missing_tools(HELPER_PROGRAMS)
    if absent:
        text = f"not installed, and the helper is compiled with it: {', '.join(absent)}"
        return Finding("helper", Severity.PROBLEM, text, install(absent))
    try:  # gcc prints the bare name of a library that it does not find
        library = run(["gcc", "-print-file-name=libc.a"], timeout=10).strip()
    except CannotJudge as error:
        return Finding("helper", Severity.PROBLEM, error.message, SET_UP)
    if not Path(library).is_absolute():
        text = "the helper is static, and there is no libc.a"
        return Finding("helper", Severity.PROBLEM, text, install({"libc.a": "libc6-dev"}))
    return Finding("helper", Severity.OK, "the first run compiles it, in seconds")
