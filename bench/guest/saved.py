# SPDX-License-Identifier: GPL-2.0-only
"""Keep saved guests in the cache: which are whole, who uses them, which ones go.

A process that uses one holds a shared lock on its directory; whoever removes it takes an
exclusive one first, and whoever makes it one on a file beside it.
"""

import fcntl
import json
import os
import shutil
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from bench.model.units import GIB, MIB
from bench.paths import cache_path

DIRECTORY = "snapshots"  # in the cache

_DAYS = 7  # that one is kept without being used
_MOST = 4 * GIB  # bytes of all; the least recently used go first
_CHUNK = 16 * MIB
_PATIENCE = 2.0  # seconds to wait for another process before that is said


class Use:
    """Keep a saved guest from being removed, until release() or garbage collection."""

    def __init__(self, fd: int) -> None:
        self.release = weakref.finalize(self, os.close, fd)


def use(path: Path) -> Use | None:
    """Begin to use a saved guest; None when it is not there any more."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    found = Use(fd)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return found if _is_at(fd, path) else None


@contextmanager
def making(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Be the only one that makes a saved guest; after 2 s of waiting that is said."""
    lock = path.with_name(f".{path.name}.lock")
    while True:
        with lock.open("a") as handle:
            _wait(handle, say)
            if _is_at(handle.fileno(), lock):  # else `prune` has removed it while this waited
                yield
                return


def _wait(handle: TextIOWrapper, say: Callable[[str], None]) -> None:
    end = time.monotonic() + _PATIENCE
    while not _taken(handle.fileno()):
        if time.monotonic() > end:
            say("another process saves the same guest: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
            return
        time.sleep(0.05)


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    """Tell whether an open file is the one that has this name."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Pruned:
    """What was removed and what had to stay, by name."""

    gone: tuple[str, ...]
    freed: int  # bytes
    left: tuple[str, ...]  # "NAME: a process uses it", or why else it could not be removed


def prune(
    place: Path, keep: str = "", most: int = _MOST, seconds: float = _DAYS * 24 * 3600
) -> Pruned:
    """Remove what nobody used for a while, then the oldest until all fit.

    ``most`` is in bytes of all; one with the name ``keep`` stays and does not count. What a
    process uses or makes stays.
    """
    found = sorted(
        (path for path in _saved(place) if path.name != keep), key=lambda p: p.stat().st_mtime
    )
    total, freed = sum(map(_size, found)), 0
    gone, left = [], []
    for path in found:
        if time.time() - path.stat().st_mtime <= seconds and total <= most:
            continue
        size, problem = _size(path), _remove(path)
        if problem:
            left.append(f"{path.name}: {problem}")
            continue
        total, freed = total - size, freed + size
        gone.append(path.name)
    return Pruned(tuple(gone), freed, tuple(left))


def empty() -> Pruned:
    """Remove all saved guests but those that a process uses, and lock files of none."""
    place = cache_path() / DIRECTORY
    pruned = prune(place, most=-1, seconds=-1)
    for lock in place.glob(".*.lock"):
        with lock.open("a") as handle:
            if _taken(handle.fileno()) and not lock.with_name(lock.stem[1:]).exists():
                lock.unlink()
    return pruned


def _remove(path: Path) -> str:
    """Remove a saved guest and its lock file; return why not, "" when they are gone."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        with lock.open("a") as handle, _open_directory(path) as directory:
            if not _taken(handle.fileno()) or not _taken(directory):
                return "a process uses it"
            shutil.rmtree(path)
            lock.unlink(missing_ok=True)
    except OSError as error:
        return error.strerror or "cannot be removed"
    return ""


@contextmanager
def _open_directory(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def kept() -> tuple[int, int]:
    """How many saved guests the cache has, and their bytes."""
    found = _saved(cache_path() / DIRECTORY)
    return len(found), sum(map(_size, found))


def _saved(place: Path) -> list[Path]:
    """List the directories of guests that were saved; one that is being written has a suffix."""
    if not place.is_dir():
        return []
    return [path for path in place.iterdir() if path.is_dir() and not path.suffix]


def describe(path: Path) -> None:
    """Write what the state in a directory has to be: its size and check sum."""
    state = path / "state"
    about = {"bytes": state.stat().st_size, "crc": _crc(state)}
    (path / "about.json").write_text(json.dumps(about) + "\n")


def crc_of(path: Path) -> str:
    """Return the check sum that a saved guest was described with."""
    return f"{json.loads((path / 'about.json').read_text())['crc']:08x}"


def is_whole(path: Path, say: Callable[[str], None]) -> bool:
    """Tell whether a snapshot is as it was written; says that a damaged one is made anew."""
    if not path.exists():
        return False
    state = path / "state"
    try:
        about = json.loads((path / "about.json").read_text())
        whole = bool(about == {"bytes": state.stat().st_size, "crc": _crc(state)})
    except (OSError, ValueError):
        whole = False
    if not whole:
        say(f"the saved guest {path.name} is damaged: it is made anew")
    return whole


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
