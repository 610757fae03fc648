# SPDX-License-Identifier: GPL-2.0-only
"""Save a guest once it has booted, and keep its state for every block to start from."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cleanup.scratch import atomic_directory
from bench.errors import CannotSave, NoSpace
from bench.guest.boot import start
from bench.guest.probe import qemu_version
from bench.guest.qemu import Accelerator, GuestConfig, argv
from bench.guest.saved import DIRECTORY, Use, crc_of, describe, is_whole, making, prune, use
from bench.machine.facts import boot_id
from bench.model.steps import Step, Steps
from bench.model.units import MIB
from bench.paths import cache_dir, require_space

_ROOM = 512 * MIB  # bytes that have to be free; a guest that waits has some 100 MiB in use
_TRIES = 3


@dataclass(frozen=True)
class Snapshot:
    """The state of a guest that waits for its script; nobody removes it while this exists."""

    state: Path
    key: str
    crc: str  # of the state, which is another one when the guest of this key is saved anew
    in_use: Use


def ensure_snapshot(config: GuestConfig, deadline: float, steps: Steps) -> Snapshot:
    """Return the snapshot of a guest, made when the cache has none that is whole.

    Waits for another process that makes the same one, and says so. CannotSave when QEMU cannot
    save this guest, or the disk is full: then it has to boot.
    """
    place = cache_dir() / DIRECTORY
    final = place / snapshot_key(config)
    try:
        place.mkdir(exist_ok=True)
        for _ in range(_TRIES):
            with making(final, steps.note):
                if not is_whole(final, steps.note):
                    with steps.at(Step.BOOT):
                        _make(config, final, deadline)
            in_use = use(final)
            if in_use:  # else somebody has emptied the cache since
                os.utime(final)
                return Snapshot(final / "state", final.name, crc_of(final), in_use)
    except NoSpace as error:
        raise CannotSave(error.message) from None
    except OSError as error:
        raise CannotSave(f"{place}: {error.strerror}") from None
    raise CannotSave(f"{final}: others remove it as soon as it is there")


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


def _make(config: GuestConfig, final: Path, deadline: float) -> None:
    """Boot the guest, wait until it waits for a script, and save it with a check sum."""
    prune(final.parent, keep=final.name)
    require_space(final.parent, _ROOM, "the state of a guest")
    with atomic_directory(final) as scratch:
        state = scratch / "state"
        with start(config, ()) as guest:
            guest.wait_ready(deadline)
            try:
                guest.save(state)
            except CannotSave as error:
                require_space(final.parent, MIB, f"{error.message}; the state of a guest")
                raise
        describe(scratch)


def _digest(path: Path) -> str:
    """Of a file in the cache: its name, which has a digest of what it is, and its size."""
    return f"{path.parent.name}/{path.name}:{path.stat().st_size}"
