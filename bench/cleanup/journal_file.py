# SPDX-License-Identifier: GPL-2.0-only
"""Read and write journals as files: replaced as a whole, named after the process that owns them."""

import fcntl
import os
import re
import stat
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct, json

from bench.cleanup.undo import Entry
from bench.machine.facts import boot_id
from bench.machine.procfs import is_alive, pid_namespace, process

_LARGEST = 1 << 20  # bytes; a journal has a few hundred
_NAME = re.compile(
    r"(?P<boot>[0-9a-f.-]{1,64})_(?P<space>\d{1,10})_(?P<pid>\d{1,10})_(?P<start>\d{1,19})"
    r"_(?P<mark>[0-9a-f]{16})",
    re.ASCII,
)


@dataclass(frozen=True)
class Owner:
    """Identify the process that a journal belongs to, and which of its journals it is.

    A process is known by boot, pid namespace (inode number), pid and start time (clock ticks
    since boot); the mark is the journal's own, 16 hex digits. A file's name has all five.
    """

    boot: str
    space: int
    pid: int
    start: int
    mark: str

    @classmethod
    def this(cls, mark: str) -> "Owner":
        """Return this process as the owner of a journal with ``mark``."""
        found = process(os.getpid())
        return cls(boot_id(), pid_namespace(), os.getpid(), found.start if found else 0, mark)

    @classmethod
    def of(cls, path: Path) -> "Owner | None":
        """Return the owner that a file's name tells, None if it is no name of a journal."""
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
        """Tell whether the owner still runs. OSError if ``path``, its journal, cannot be read.

        Asks for the process itself where pids are those of its namespace, and else whether the
        journal is locked. The lock alone would not do: a process that is killed while it forks
        leaves the lock to the child, until that becomes another program.
        """
        if self.same_boot and self.space == pid_namespace():
            return is_alive(self.pid, self.start)
        with path.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


class _Body(Struct, frozen=True, forbid_unknown_fields=True):
    """Describe the JSON of a journal; unknown keys and formats are refused."""

    format: Literal[1]
    entries: tuple[Entry, ...]


def _encoded(path: Any) -> str:
    """Percent-encode what is no UTF-8: JSON is, and a path need not be."""
    return quote(os.fsencode(path), safe="/+:@,=~ ")


def _decoded(_kind: type, text: Any) -> Path:
    if not isinstance(text, str) or not text.startswith("/"):
        raise ValueError("a path is text that begins with /")
    return Path(os.fsdecode(unquote_to_bytes(text)))


@dataclass(frozen=True)
class Left:
    """Hold the content of a journal that could be read."""

    path: Path
    owner: Owner
    alive: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Useless:
    """Say why a journal cannot be used; ``broken``: not by anybody, ever."""

    path: Path
    why: str
    broken: bool = False


class JournalFile:
    """Keep the file of one journal, which is locked (flock) for as long as it exists.

    The lock tells others that the owner lives where its pid cannot: from outside its
    container, or on another machine that mounts the same file system.
    """

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self._path: Path | None = None
        self._lock: BufferedWriter | None = None

    @property
    def exists(self) -> bool:
        return self._path is not None

    def write(self, directory: Path, entries: tuple[Entry, ...]) -> None:
        """Replace the content, or remove the file if there are no entries.

        The caller holds the lock of ``directory``. OSError when it cannot be written.
        """
        self._path = self._path or directory / f"{self.owner.stem}.json"
        before = self._lock
        self._lock = store(self._path, entries)
        if before:
            before.close()
        if not entries:
            self._path = None

    def close(self) -> None:
        """Let go of the lock; the file stays, if there is one."""
        if self._lock:
            self._lock.close()
            self._lock = None


def store(path: Path, entries: tuple[Entry, ...]) -> BufferedWriter | None:
    """Write a journal as a whole and return the open file, which holds its lock.

    Without entries the file is removed, and None returned. OSError when it cannot be written;
    what was there before is then still there.
    """
    if not entries:
        path.unlink(missing_ok=True)
        return None
    scratch = path.with_suffix(".tmp")
    handle = scratch.open("wb")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # before `journals` can find it
        handle.write(json.encode(_Body(1, entries), enc_hook=_encoded) + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
        scratch.rename(path)
    except BaseException:
        handle.close()
        scratch.unlink(missing_ok=True)
        raise
    return handle


def journals(directory: Path) -> list[Path]:
    """List the journals in a directory, by name; none if it does not exist."""
    return sorted(directory.glob("*.json"))


def half_written(directory: Path) -> list[Path]:
    """List temporary files of writers that were killed. Call only while holding the lock."""
    return sorted(directory.glob("*.tmp"))


def examine_journal(path: Path) -> Left | Useless | None:
    """Read a journal. None if it has just gone, or is a living process's that we cannot read.

    A journal of another user is not read but Useless: root must not do what others wrote down.
    """
    try:
        facts = path.lstat()
        owner = Owner.of(path)
        if not owner or not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST:
            return Useless(path, "is no journal of bench", broken=True)
        alive = owner.is_alive(path)
        if facts.st_uid != os.geteuid():
            why = f"left by user {facts.st_uid}, whose next call of bench undoes what it says"
            return None if alive else Useless(path, why)
        body = json.decode(path.read_bytes(), type=_Body, dec_hook=_decoded)
        return Left(path, owner, alive, body.entries)
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        return None if alive else Useless(path, "cannot be understood", broken=True)
    except OSError as error:
        return Useless(path, error.strerror or "cannot be read")


def put_aside(useless: Useless) -> str:
    """Return a line about a journal; rename a broken one, so that this is said once."""
    if not useless.broken:
        return f"{useless.path}: {useless.why}"
    aside = useless.path.with_suffix(".unreadable")
    try:
        useless.path.rename(aside)
    except OSError as error:
        return f"{useless.path}: {useless.why}, and stays there: {error.strerror}"
    return f"{useless.path}: {useless.why}; moved aside to {aside.name}"
