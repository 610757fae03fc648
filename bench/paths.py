# SPDX-License-Identifier: GPL-2.0-only
"""Where things are: what comes with bench, the cache, reports, by default or by a user's will."""

import fcntl
import os
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import NoSpace, UsageError
from bench.model.settings import Default, WrongSetting, find_default, require_settings
from bench.model.steps import SILENT, Step, Steps
from bench.model.units import format_size
from bench.model.xdg import xdg_base

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "data"  # as bench.distribution builds it
ROOT = _PACKAGE.parent  # the checkout, unless bench is installed
DATA = _INSTALLED if (_INSTALLED / "scenarios").is_dir() else ROOT
SCENARIOS = DATA / "scenarios"
KERNEL_CONFIG = DATA / "kernel-config"
REVISION = _INSTALLED / "revision"  # of an installed bench, or of an unpacked sdist
SET_UP = "make setup" if DATA == ROOT else f"sh {shlex.quote(str(_PACKAGE / 'setup.sh'))}"
REPORTS = Path("reports")  # below the working directory


def scenario_names() -> list[str]:
    """List the scenarios that come with bench."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))


_WEEK = 7 * 24 * 3600  # seconds


def cache_path() -> Path:
    """Return ``~/.cache/bench``, or where the user has it; it need not be there."""
    if own := default_of("cache").value:
        return Path(own)
    try:
        return xdg_base("XDG_CACHE_HOME", "~/.cache") / "bench"
    except RuntimeError as error:
        raise NoSpace(f"no place for a cache: {error}", _elsewhere()) from None


def _elsewhere() -> str:
    """Say how the cache gets another place."""
    source = default_of("cache").source
    return f"change {source}" if source else "set BENCH_CACHE to a writable place"


def default_of(name: str) -> Default:
    """Return a user's default; UsageError for a wrong one, which it names."""
    try:
        return find_default(name)
    except WrongSetting as error:
        raise UsageError(error.message, error.hint) from None


def check_defaults() -> None:
    """Raise UsageError for a default of the user that is misspelled or wrong."""
    try:
        require_settings()
    except WrongSetting as error:
        raise UsageError(error.message, error.hint) from None


def reports_path() -> Path:
    """Return the directory in which runs get theirs where nobody names one."""
    own = default_of("out").value
    return Path(own) if own else REPORTS


def cache_dir() -> Path:
    """Return the cache, made when missing; NoSpace when it cannot be made or written."""
    path = cache_path()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoSpace(f"{path}: {error.strerror}", _elsewhere()) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise NoSpace(f"{path}: cannot be written", _elsewhere())
    return path


def require_space(path: Path, needed: int, what: str) -> None:
    """Raise NoSpace when fewer than ``needed`` bytes are free where ``path`` lies."""
    free = shutil.disk_usage(path).free
    if free < needed:
        raise NoSpace(
            f"{path}: {what} needs {format_size(needed)}, {free / 2**20:.0f} MiB are free",
            "free some space, or set BENCH_CACHE to a directory of a larger disk",
        )


@contextmanager
def locked(path: Path, steps: Steps = SILENT) -> Iterator[None]:
    """Hold ``path`` as a lock file, so that two runs do not build one thing at once.

    Whoever has to wait for another process is told so by ``steps``.
    """
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with steps.at(Step.WAIT):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def forget_old(place: Path, pattern: str) -> None:
    """Remove files of the cache that nobody made or used for a week."""
    for old in place.glob(pattern):
        if time.time() - old.stat().st_mtime > _WEEK:
            old.unlink(missing_ok=True)
