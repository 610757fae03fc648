# SPDX-License-Identifier: GPL-2.0-only
"""Save a guest once it has booted, and keep its state for every block to start from."""

import hashlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotSave, NoSpace
from bench.guest.boot import start
from bench.guest.probe import qemu_version
from bench.guest.qemu import Accelerator, GuestConfig, argv
from bench.machine.facts import boot_id
from bench.model.units import GIB, MIB
from bench.paths import cache_dir, cache_path, locked, require_space

_DAYS = 7  # that a snapshot is kept without being used
_MOST = 4 * GIB  # bytes of all snapshots; the least recently used go first
_ROOM = 512 * MIB  # bytes that have to be free; a guest that waits has some 100 MiB in use
_CHUNK = 16 * MIB


@dataclass(frozen=True)
class Snapshot:
    """The state of a guest that waits for its script."""

    state: Path
    key: str


def ensure_snapshot(config: GuestConfig, deadline: float, say: Callable[[str], None]) -> Snapshot:
    """Return the snapshot of a guest, made when the cache has none that is whole.

    CannotSave when QEMU cannot save this guest, or the disk is full: then it has to boot.
    """
    cache = cache_dir() / "snapshots"
    key = snapshot_key(config)
    final = cache / key
    try:
        cache.mkdir(exist_ok=True)
        with locked(cache / f".{key}.lock"):
            if not is_whole(final, say):
                prune(cache, keep=key)
                require_space(cache, _ROOM, "the state of a guest")
                with atomic_directory(final) as scratch:
                    _save(config, scratch, deadline)
            os.utime(final)
    except (OSError, NoSpace) as error:
        why = error.message if isinstance(error, NoSpace) else f"{cache}: {error.strerror}"
        raise CannotSave(why) from None
    return Snapshot(final / "state", key)


def snapshot_key(config: GuestConfig) -> str:
    """Return a name that changes with everything that the state depends on."""
    placeless = replace(config, console=Path("console"), script=Path("script"), state=None)
    parts = [
        qemu_version(),
        *argv("qemu", placeless),
        _digest(config.kernel),
        _digest(config.initramfs),
    ]
    if config.accelerator is Accelerator.KVM:
        parts.append(boot_id())  # the host's own CPU, and what its kernel says of it
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def prune(cache: Path, keep: str = "", most: int = _MOST) -> list[str]:
    """Remove snapshots that nobody used for a week, then the oldest until all fit; return them."""
    found = sorted(
        (path for path in cache.iterdir() if path.is_dir() and path.name != keep),
        key=lambda path: path.stat().st_mtime,
    )
    total = sum(map(_size, found))
    gone = []
    for path in found:
        if time.time() - path.stat().st_mtime > _DAYS * 24 * 3600 or total > most:
            total -= _size(path)
            shutil.rmtree(path, ignore_errors=True)
            (cache / f".{path.name}.lock").unlink(missing_ok=True)
            gone.append(path.name)
    return gone


def kept() -> tuple[int, int]:
    """How many snapshots the cache has, and their bytes."""
    cache = cache_path() / "snapshots"
    found = [path for path in cache.iterdir() if path.is_dir()] if cache.is_dir() else []
    return len(found), sum(map(_size, found))


def _save(config: GuestConfig, scratch: Path, deadline: float) -> None:
    """Boot the guest, wait until it waits for a script, and save it with a check sum."""
    state = scratch / "state"
    with start(config, ()) as guest:
        guest.wait_ready(deadline)
        guest.save(state)
    describe(scratch)


def describe(path: Path) -> None:
    """Write what the state in a directory has to be: its size and check sum."""
    state = path / "state"
    about = {"bytes": state.stat().st_size, "crc": _crc(state)}
    (path / "about.json").write_text(json.dumps(about) + "\n")


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


def _digest(path: Path) -> str:
    """Of a file in the cache: its name, which has a digest of what it is, and its size."""
    return f"{path.parent.name}/{path.name}:{path.stat().st_size}"


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
