# SPDX-License-Identifier: GPL-2.0-only
"""What has to be undone, written down before it is done.

Whoever ends in an orderly way undoes it; after kill -9 the next call does, see `recover`.
"""

import secrets
from collections.abc import Callable
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
from bench.cleanup.signals import delay_signals
from bench.cleanup.undo import (
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

_Entry = Setting | Scratch | ProcessSession


class Journal:
    """Undone in reverse order when the block is left; a file exists while there is something.

    ``problems`` says afterwards what could not be undone, which stays in the file for the
    next call, and what was not ours any more. A process may have many journals at once.
    ``root`` is where /sys and /proc/sys are; anything but / is for tests.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.mark = secrets.token_hex(8)
        self.problems: list[str] = []
        self._root = root
        self._steps: list[_Entry | Callable[[], None]] = []
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
        """Change a setting; the value that it has then, which a pool may have cut short.

        OSError when it cannot be read or written; CannotJudge when another bench that is
        still at work has changed settings: two could not both restore them.
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

    def note_scratch(self, path: Path) -> Scratch:
        """Call it before ``path`` is made. It need not be there any more at the end."""
        entry = Scratch(path.absolute())
        if not is_scratch(entry.path, cache_path()):
            raise ValueError(f"{path} is neither in the cache nor bench-* in the temporary place")
        self._note(entry)
        return entry

    def note_session(self, sid: int) -> ProcessSession:
        """Processes of this session that have BENCH_SESSION=`mark` in their environment."""
        leader = process(sid)
        if leader is None or leader.session != sid:
            raise ValueError(f"process {sid} leads no session")
        entry = ProcessSession(sid, leader.start, self.mark)
        self._note(entry)
        return entry

    def at_end(self, step: Callable[[], None]) -> None:
        """A step for what dies with this process, in its place among the others."""
        self._steps.append(step)

    def forget(self, entry: Scratch | ProcessSession) -> None:
        """It was undone in the normal way."""
        self._steps.remove(entry)
        self._save()

    def _note(self, entry: _Entry) -> None:
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
                "bench writes down there what it has to undo; set XDG_CACHE_HOME to another place",
            ) from None

    def _undo(self) -> None:
        kept: list[_Entry] = []
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

    def _undo_step(self, step: _Entry | Callable[[], None]) -> UndoResult:
        if not callable(step):
            return undo(step, cache_path(), self._root)
        try:
            step()
        except OSError as error:
            return UndoResult(UndoState.FAILED, f"cannot be undone: {error.strerror}")
        return UndoResult(UndoState.UNDONE)


def _refuse_second(directory: Path, owner: Owner) -> None:
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
    """Undo what killed processes of bench have left behind; a line for each thing done.

    Never touches what belongs to a process that is alive, or to another user. Settings and
    processes of an earlier boot ended with it. Two calls at once wait for one another.
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
    kept: dict[Path, list[_Entry]] = {left.path: [] for left in dead}
    # Processes first, whoever noted them: they may hold pages of a pool, or write files.
    for processes_only in (True, False):
        for left in dead:
            for entry in reversed(left.entries):
                if isinstance(entry, ProcessSession) is not processes_only:
                    continue
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


def _undo_for(left: Left, entry: _Entry, root: Path) -> UndoResult:
    if not left.same_boot and not isinstance(entry, Scratch):
        return UndoResult(UndoState.NOTHING)
    return undo(entry, cache_path(), root)
