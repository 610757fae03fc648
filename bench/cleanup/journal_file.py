# SPDX-License-Identifier: GPL-2.0-only
"""Journals on the disk: written whole, owned by one process, read with suspicion."""

import fcntl
import os
import re
import stat
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bench.cleanup.undo import Entry, ProcessSession, Scratch, Setting
from bench.machine.facts import boot_id
from bench.machine.procfs import is_alive, pid_namespace, process

_LARGEST = 1 << 20  # bytes; a journal has a few hundred
_NAME = re.compile(
    r"(?P<boot>[0-9a-f.-]{1,64})_(?P<space>\d{1,10})_(?P<pid>\d{1,10})_(?P<start>\d{1,19})"
    r"_(?P<mark>[0-9a-f]{16})",
    re.ASCII,
)
_Entries = tuple[Setting | Scratch | ProcessSession, ...]


@dataclass(frozen=True)
class Owner:
    """The process that a journal belongs to, and which of its journals this is."""

    boot: str
    space: int  # the namespace that the pid counts in: a container has its own
    pid: int
    start: int
    mark: str

    @classmethod
    def this(cls, mark: str) -> "Owner":
        found = process(os.getpid())
        return cls(boot_id(), pid_namespace(), os.getpid(), found.start if found else 0, mark)

    @classmethod
    def of(cls, path: Path) -> "Owner | None":
        match = _NAME.fullmatch(path.stem)
        if not match:
            return None
        space, pid, start = (int(match[name]) for name in ("space", "pid", "start"))
        return cls(match["boot"], space, pid, start, match["mark"])

    @property
    def stem(self) -> str:
        return f"{self.boot}_{self.space}_{self.pid}_{self.start}_{self.mark}"

    @property
    def same_boot(self) -> bool:
        return self.boot == boot_id()

    def is_alive(self, path: Path) -> bool:
        """From the process, where its id means something here; else from the lock on ``path``.

        Not from the lock alone: a process that is killed while it forks leaves it for a
        moment to the child, until that becomes another program.
        """
        if self.same_boot and self.space == pid_namespace():
            return is_alive(self.pid, self.start)
        with path.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


@dataclass(frozen=True)
class Body:
    """The content of a journal."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    format: Literal[1]
    entries: tuple[Entry, ...]


_BODY = TypeAdapter(Body)


@dataclass(frozen=True)
class Left:
    """A journal that was read."""

    path: Path
    owner: Owner
    alive: bool
    entries: _Entries

    @property
    def same_boot(self) -> bool:
        return self.owner.same_boot


@dataclass(frozen=True)
class Useless:
    """A journal that says nothing to us; a broken one never will."""

    path: Path
    why: str
    broken: bool = False


class JournalFile:
    """The file of one journal, locked for as long as it exists.

    The lock tells who lives where process ids cannot: to and from a container, or on
    another machine that has the same file system.
    """

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self._path: Path | None = None
        self._lock: BufferedWriter | None = None

    @property
    def exists(self) -> bool:
        return self._path is not None

    def write(self, directory: Path, entries: _Entries) -> None:
        """Replace the content; without entries there is no file. The caller has the lock."""
        self._path = self._path or directory / f"{self.owner.stem}.json"
        before = self._lock
        self._lock = store(self._path, entries)
        if before:
            before.close()
        if not entries:
            self._path = None

    def close(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None


def store(path: Path, entries: _Entries) -> BufferedWriter | None:
    """Write a journal as a whole, or remove it; the handle that holds its lock."""
    if not entries:
        path.unlink(missing_ok=True)
        return None
    scratch = path.with_suffix(".tmp")
    handle = scratch.open("wb")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # before it has the name under which it is found
        handle.write(_BODY.dump_json(Body(1, entries)) + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
        scratch.rename(path)
    except BaseException:
        handle.close()
        scratch.unlink(missing_ok=True)
        raise
    return handle


def journals(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.json"))


def half_written(directory: Path) -> list[Path]:
    """What a process killed in `store` leaves; for who has the lock there is no other."""
    return sorted(directory.glob("*.tmp"))


def examine_journal(path: Path) -> Left | Useless | None:
    """What a journal says; None when it is not to be touched, or has just gone."""
    try:
        facts = path.lstat()
        owner = Owner.of(path)
        if not owner or not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST:
            return Useless(path, "is no journal of bench", broken=True)
        alive = owner.is_alive(path)
        if facts.st_uid != os.geteuid():  # root must not do what another user has written down
            why = f"left by user {facts.st_uid}, whose next call of bench undoes what it says"
            return None if alive else Useless(path, why)
        return Left(path, owner, alive, _BODY.validate_json(path.read_bytes()).entries)
    except FileNotFoundError:
        return None
    except ValidationError:
        return None if alive else Useless(path, "cannot be understood", broken=True)
    except OSError as error:
        return Useless(path, error.strerror or "cannot be read")


def put_aside(useless: Useless) -> str:
    """A line about it. What is broken is said once, and kept under another name."""
    if not useless.broken:
        return f"{useless.path}: {useless.why}"
    aside = useless.path.with_suffix(".unreadable")
    try:
        useless.path.rename(aside)
    except OSError as error:
        return f"{useless.path}: {useless.why}, and stays there: {error.strerror}"
    return f"{useless.path}: {useless.why}; moved aside to {aside.name}"
