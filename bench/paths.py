# SPDX-License-Identifier: GPL-2.0-only
"""Where things are: the checkout, the cache, and what may be put there."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import NoSpace
from bench.units import format_size

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios"
KERNEL_CONFIG = ROOT / "kernel-config"
REPORTS = ROOT / "reports"


def cache_dir() -> Path:
    """``~/.cache/bench``, or where XDG_CACHE_HOME says; made when missing."""
    hint = "set XDG_CACHE_HOME to a writable place"
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        # The XDG specification: a relative path is invalid and to be ignored.
        path = (base if base.is_absolute() else Path.home() / ".cache") / "bench"
        path.mkdir(parents=True, exist_ok=True)
    except RuntimeError as error:
        raise NoSpace(f"no place for a cache: {error}", hint) from None
    except OSError as error:
        raise NoSpace(f"{path}: {error.strerror}", hint) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise NoSpace(f"{path}: cannot be written", hint)
    return path


def require_space(path: Path, needed: int, what: str) -> None:
    """NoSpace when fewer than ``needed`` bytes are free where ``path`` lies."""
    free = shutil.disk_usage(path).free
    if free < needed:
        raise NoSpace(
            f"{path}: {what} needs {format_size(needed)}, {free / 2**20:.0f} MiB are free",
            "free some space, or set XDG_CACHE_HOME to a larger disk",
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path`` as a lock file, so that two runs do not build one thing at once."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def made_whole(final: Path) -> Iterator[Path]:
    """A directory to fill that becomes ``final`` at the end, or vanishes on an error."""
    scratch = final.with_name(f"{final.name}.tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
        scratch.rename(final)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"{final.parent}: {error.strerror}", "free some space") from None
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
