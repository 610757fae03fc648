# SPDX-License-Identifier: GPL-2.0-only
"""Undo one step: restore a setting, remove a file, end processes. Doing it twice is harmless."""

import os
import re
import select
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from bench.machine.procfs import Process, carries, process, processes

# An environment variable by which a session's processes are told from those of another that
# has the same number later: the kernel uses it again once all processes of a session ended.
MARK = "BENCH_SESSION"
_PATIENCE = 10  # seconds that a killed process has to end; freeing its memory takes a while

_Number = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]


class _Entry(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Describe a step to undo, as a journal has it."""


class Setting(_Entry, frozen=True, tag="setting"):
    """Describe a changed file below /sys or /proc/sys; values as `read_value` returns them."""

    path: Path
    before: str
    after: str  # what it became once `settled`; what was asked for until then
    settled: bool = False

    def is_ours(self, present: str) -> bool:
        """Tell whether ``present`` is a value that we set, and not somebody after us.

        Before the change is settled, any number between the two counts: a pool of huge pages
        grows page by page, and stops on the way if we are killed.
        """
        if present == self.after or self.settled:
            return present == self.after
        values = (self.before, present, self.after)
        if not all(re.fullmatch(r"[0-9]{1,19}", value) for value in values):
            return False
        low, value, high = map(int, values)
        return min(low, high) <= value <= max(low, high)


class Scratch(_Entry, frozen=True, tag="scratch"):
    """Describe a temporary file or directory."""

    path: Path


class ProcessSession(_Entry, frozen=True, tag="session"):
    """Describe a POSIX session by its leader: pid, and start in clock ticks since boot."""

    sid: _Number
    start: _Number
    mark: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]


Entry = Setting | Scratch | ProcessSession


class UndoState(Enum):
    """Say how undoing a step went."""

    NOTHING = auto()  # it was as before already
    UNDONE = auto()
    LEFT = auto()  # somebody else has changed it since
    FAILED = auto()


@dataclass(frozen=True)
class UndoResult:
    """Say how undoing a step went; ``text`` is a line about it for the user, if any."""

    state: UndoState
    text: str = ""


def undo(entry: Entry, cache: Path, root: Path) -> UndoResult:
    """Undo one step. Raises nothing: what the system refuses becomes UndoState.FAILED.

    ``cache`` is bench's cache directory, ``root`` the directory that sys and proc are in.
    """
    try:
        if isinstance(entry, Setting):
            return _restore(entry, root)
        if isinstance(entry, Scratch):
            return _remove(entry.path, cache)
        return _end_session(entry)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL byte
        what = f"session {entry.sid}" if isinstance(entry, ProcessSession) else entry.path
        why = error.strerror if isinstance(error, OSError) else error
        return UndoResult(UndoState.FAILED, f"{what}: cannot be undone: {why}")


def read_value(path: Path) -> str:
    """Read the first line of a setting, or the word in brackets if it lists choices.

    OSError if it cannot be read.
    """
    line = path.read_text(errors="replace").partition("\n")[0].strip()
    chosen = re.search(r"\[(\S+)\]", line)
    return chosen[1] if chosen else line


def write_value(path: Path, value: str) -> None:
    """Write a setting with one write(2), as sysfs.rst asks for; never creates or truncates.

    OSError if the kernel refuses the value, or there is no such file.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, f"{value}\n".encode())
    finally:
        os.close(fd)


def is_setting(path: Path, root: Path) -> bool:
    """Tell whether a path is below sys or proc/sys of ``root``, without any ``..``."""
    below = any(path.is_relative_to(root / top) for top in ("sys", "proc/sys"))
    return below and ".." not in path.parts


def _restore(entry: Setting, root: Path) -> UndoResult:
    if not is_setting(entry.path, root):
        return UndoResult(UndoState.LEFT, f"{entry.path}: is no setting of the system: left alone")
    try:
        present = read_value(entry.path)
    except FileNotFoundError:
        return UndoResult(UndoState.LEFT, f"{entry.path}: does not exist any more")
    if present == entry.before:
        return UndoResult(UndoState.NOTHING)
    if not entry.is_ours(present):
        text = f"is {present} now, not {entry.after} as bench set it: left alone"
        return UndoResult(UndoState.LEFT, f"{entry.path}: {text}, it was {entry.before}")
    write_value(entry.path, entry.before)
    now = read_value(entry.path)
    if now != entry.before:
        return UndoResult(UndoState.FAILED, f"{entry.path}: stays at {now}, it was {entry.before}")
    return UndoResult(UndoState.UNDONE, f"{entry.path}: {entry.before} again, was {present}")


def is_scratch(path: Path, cache: Path) -> bool:
    """Tell whether a path is below the cache, or is or is in a ``bench-*`` of the temporary place.

    That is the only kind of file that bench ever removes.
    """
    if ".." in path.parts or path in (cache, cache.resolve()):
        return False
    if path.is_relative_to(cache):  # which may have links to larger disks
        return True
    where = path.parent.resolve() / path.name  # a symbolic link is removed, not followed
    if where.is_relative_to(cache.resolve()):
        return True
    temporary = Path(tempfile.gettempdir()).resolve()
    below = where.relative_to(temporary).parts if where.is_relative_to(temporary) else ()
    return below[:1] != () and below[0].startswith("bench-")


def _remove(path: Path, cache: Path) -> UndoResult:
    if not is_scratch(path, cache):
        return UndoResult(UndoState.LEFT, f"{path}: is no scratch file of bench: left alone")
    if not os.path.lexists(path):
        return UndoResult(UndoState.NOTHING)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return UndoResult(UndoState.UNDONE, f"{path}: removed")


def _end_session(entry: ProcessSession) -> UndoResult:
    """Kill all processes of a session, those included that are started meanwhile."""
    ended: set[int] = set()
    deadline = time.monotonic() + _PATIENCE
    while members := [found for found in processes() if _is_member(found, entry)]:
        if time.monotonic() > deadline:
            left = ", ".join(str(member.pid) for member in members)
            return UndoResult(UndoState.FAILED, f"session {entry.sid}: process {left} does not end")
        for member in members:
            _kill(member, entry)
            ended.add(member.pid)
    if not ended:
        return UndoResult(UndoState.NOTHING)
    return UndoResult(
        UndoState.UNDONE, f"session {entry.sid}: ended process {', '.join(map(str, ended))}"
    )


def _is_member(found: Process, entry: ProcessSession) -> bool:
    return (
        not found.ended
        and found.session == entry.sid
        and found.start >= entry.start
        and carries(found.pid, f"{MARK}={entry.mark}")
    )


def _kill(member: Process, entry: ProcessSession) -> None:
    """Kill a process by its pidfd, which no other process can take over: pidfd_open(2)."""
    try:
        fd = os.pidfd_open(member.pid)
    except ProcessLookupError:
        return
    try:
        found = process(member.pid)
        if found and found.start == member.start and _is_member(found, entry):
            signal.pidfd_send_signal(fd, signal.SIGKILL)
            ended = select.poll()
            ended.register(fd, select.POLLIN)
            ended.poll(1000)
    except ProcessLookupError:
        pass
    finally:
        os.close(fd)
