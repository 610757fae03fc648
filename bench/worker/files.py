# SPDX-License-Identifier: GPL-2.0-only
"""Keep the files of guests on a worker, by what is in them: each comes once."""

import fcntl
import hashlib
import os
import time
from pathlib import Path

from bench.model.xdg import xdg_base

CACHE = "BENCH_WORKER_CACHE"  # the environment variable that names the directory

_DAYS = 7  # that a file is kept without being used


def worker_cache() -> Path:
    """Return the directory of a worker's files, made if it is missing; OSError."""
    own = os.environ.get(CACHE, "")
    path = Path(own) if own else xdg_base("XDG_CACHE_HOME", "~/.cache") / "bench-worker"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def keep(content: bytes | str, digest: str) -> Path:
    """Return the path of a file with this SHA-256; OSError where it cannot be kept.

    A text is a path that is read where it is, since this worker sees it too. ValueError where
    the content is not what it is said to be.
    """
    if isinstance(content, str):
        path = Path(content)
        path.stat()
        return path
    place = worker_cache()
    path = place / digest
    with (place / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or path.stat().st_size != len(content):
            _prune(place)
            if hashlib.sha256(content).hexdigest() != digest:
                raise ValueError(f"the file {digest[:12]} was damaged on its way")
            scratch = place / f"{digest}.tmp"
            try:
                scratch.write_bytes(content)
                scratch.rename(path)
            except OSError as error:  # a full disk, which has no room for a part of it either
                scratch.unlink(missing_ok=True)
                raise OSError(error.errno, error.strerror, str(place)) from None
        os.utime(path)
    return path


def _prune(place: Path) -> None:
    """Remove what nobody has used for a while, and what a worker that was killed has begun."""
    for path in place.iterdir():
        unused = time.time() - path.stat().st_mtime if path.is_file() else 0
        ours = len(path.name.removesuffix(".tmp")) == 64
        if ours and (path.suffix == ".tmp" or unused > _DAYS * 24 * 3600):
            path.unlink(missing_ok=True)
