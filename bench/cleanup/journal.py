# SPDX-License-Identifier: GPL-2.0-only
"""Write down what has to be undone before it is done, and undo it.

A process that ends in an orderly way undoes its own changes. After kill -9 the next call of
bench does, see `recover`.
"""

import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.cleanup.journal_file import (
    JournalFile,
    Left,
    Owner,
    Useless,
    examine_journal,
    half_written,
    journals,
    put_aside,
    store,
)
from bench.cleanup.undo import (
    Entry,
    ProcessSession,
    Scratch,
    Setting,
    UndoResult,
    UndoState,
    is_scratch,
    is_setting,
    read_value,
    undo,
    write_value,
)
from bench.errors import CannotJudge, NoSpace
from bench.machine.procfs import process
from bench.paths import cache_dir, cache_path, locked


@contextmanager
def delay_signals() -> Iterator[None]:
    """Delay SIGINT, SIGTERM and SIGHUP until the block ends, then raise the first of them.

    Outside the main thread, which gets all signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught in came[:1]:
            signal.raise_signal(caught)


class Journal:
    """Undo settings, scratch files and processes, in reverse order, when the block is left.

    They stand in a file below the cache from before they are made until they are undone. A
    process may have many journals at once. ``problems`` has a line for each thing that could
    not be undone (it stays in the file for the next call of bench) or that somebody else has
    changed since. ``root`` is the directory that sys and proc are in: / but for tests.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.mark = secrets.token_hex(8)
        self.problems: list[str] = []
        self._root = root
        self._steps: list[Entry | Callable[[], None]] = []
        self._file = JournalFile(Owner.this(self.mark))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with delay_signals():
            self._undo()

    def write_setting(self, path: Path, value: str) -> str:
        """Change a file below /sys or /proc/sys, and return the value that it has then.

        The kernel may set less than was asked for, as a pool of huge pages does. ValueError
        for a file elsewhere; OSError when it cannot be read or written; NoSpace when the journal
        cannot; CannotJudge while another process of bench has settings changed: the two could
        not both restore them.
        """
        if not is_setting(path, self._root):
            raise ValueError(f"{path} is neither below /sys nor below /proc/sys")
        before = read_value(path)
        if before == value:
            return before
        entry = Setting(path, before, value)
        self._note(entry)
        try:
            write_value(path, value)
        finally:
            now = read_value(path)
            self._settle(entry, now)
        return now

    def note_scratch(self, path: Path) -> None:
        """Remove ``path`` at the end, if it is there then. Call this before it is made.

        ValueError unless it is below the cache, or ``bench-*`` in the temporary directory.
        """
        entry = Scratch(path.absolute())
        if not is_scratch(entry.path, cache_path()):
            raise ValueError(f"{path} is neither in the cache nor bench-* in the temporary place")
        self._note(entry)

    def note_session(self, sid: int) -> None:
        """End, at the latest when the block is left, the processes of a POSIX session.

        Only those with BENCH_SESSION=``mark`` in their environment. ValueError unless process
        ``sid`` leads a session.
        """
        leader = process(sid)
        if leader is None and process(os.getpid()) is None:
            raise CannotJudge("/proc shows no processes", "mount it: mount -t proc proc /proc")
        if leader is None or leader.session != sid:
            raise ValueError(f"process {sid} leads no session")
        self._note(ProcessSession(sid, leader.start, self.mark))

    def at_end(self, step: Callable[[], None]) -> None:
        """Call ``step`` at the end, in its turn. It is not written down: for what ends with us."""
        self._steps.append(step)

    def _note(self, entry: Entry) -> None:
        self._steps.append(entry)
        try:
            self._save()
        except BaseException:
            self._steps.remove(entry)  # what is not written down is not done
            raise

    def _settle(self, entry: Setting, now: str) -> None:
        at = self._steps.index(entry)
        settled = Setting(entry.path, entry.before, now, settled=True)
        self._steps[at : at + 1] = [] if now == entry.before else [settled]
        self._save()

    def _save(self) -> None:
        entries = tuple(step for step in self._steps if not callable(step))
        try:
            directory = cache_dir() / "journal"
            directory.mkdir(exist_ok=True)
            with locked(directory / ".lock"):
                if any(isinstance(entry, Setting) for entry in entries):
                    _refuse_second(directory, self._file.owner)
                self._file.write(directory, entries)
        except OSError as error:
            raise NoSpace(
                f"{cache_path() / 'journal'}: {error.strerror}",
                "bench writes down there what it has to undo; set BENCH_CACHE to another place",
            ) from None

    def _undo(self) -> None:
        kept: list[Entry] = []
        for step in reversed(self._steps):
            outcome = self._undo_step(step)
            if outcome.state in (UndoState.LEFT, UndoState.FAILED):
                self.problems.append(outcome.text)
            if outcome.state is UndoState.FAILED and not callable(step):
                kept.insert(0, step)
        self._steps = [*kept]
        try:
            if self._file.exists:
                self._save()
        except CannotJudge as error:
            self.problems.append(error.message)  # the file says too much: no harm, see `undo`
        self._file.close()

    def _undo_step(self, step: Entry | Callable[[], None]) -> UndoResult:
        if not callable(step):
            return undo(step, cache_path(), self._root)
        try:
            step()
        except OSError as error:
            return UndoResult(UndoState.FAILED, f"cannot be undone: {error.strerror}")
        return UndoResult(UndoState.UNDONE)


def _refuse_second(directory: Path, owner: Owner) -> None:
    """Raise CannotJudge if another living process has settings in a journal here."""
    for path in journals(directory):
        found = examine_journal(path)
        if not isinstance(found, Left) or not found.alive or found.owner.pid == owner.pid:
            continue
        if any(isinstance(entry, Setting) for entry in found.entries):
            raise CannotJudge(
                f"another bench (process {found.owner.pid}) has tuned this machine",
                "wait for its end: two cannot both restore what was there before",
            )


def recover(root: Path = Path("/")) -> list[str]:
    """Undo what killed processes of bench have left behind; return a line for each thing done.

    What belongs to a living process or to another user is left alone. Settings and processes
    of an earlier boot ended with it: of those journals only scratch files are removed. Calls
    at the same time wait for one another. Raises nothing: problems are lines too.
    """
    try:
        directory = cache_path() / "journal"
        if not journals(directory) and not half_written(directory):
            return []
        with locked(directory / ".lock"):
            for path in half_written(directory):
                path.unlink()
            return _recover(directory, root)
    except NoSpace:
        return []  # no home, no cache, nothing written down
    except OSError as error:
        return [f"{directory}: {error.strerror}: what may be left there is not undone"]


def _recover(directory: Path, root: Path) -> list[str]:
    found = [examine_journal(path) for path in journals(directory)]
    lines = [put_aside(item) for item in found if isinstance(item, Useless)]
    dead = [item for item in found if isinstance(item, Left) and not item.alive]
    steps = [(left, entry) for left in dead for entry in reversed(left.entries)]
    # Processes of all journals first: they may hold pages of a pool, or write files.
    steps.sort(key=lambda step: not isinstance(step[1], ProcessSession))
    kept: dict[Path, list[Entry]] = {left.path: [] for left in dead}
    for left, entry in steps:
        outcome = _undo_for(left, entry, root)
        if outcome.text:
            lines.append(f"left behind by process {left.owner.pid}: {outcome.text}")
        if outcome.state is UndoState.FAILED:
            kept[left.path].insert(0, entry)
    for path, entries in kept.items():
        handle = store(path, tuple(entries))
        if handle:
            handle.close()
    return lines


def _undo_for(left: Left, entry: Entry, root: Path) -> UndoResult:
    if not left.owner.same_boot and not isinstance(entry, Scratch):
        return UndoResult(UndoState.NOTHING)
    return undo(entry, cache_path(), root)
