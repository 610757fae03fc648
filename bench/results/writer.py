# SPDX-License-Identifier: GPL-2.0-only
"""Write a run directory: facts replaced at once, samples appended and synced block by block."""

import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Sample
from bench.model.facts import RunFacts, SessionFacts, WorkerFacts
from bench.model.refusals import what_helps
from bench.model.typed import plain
from bench.paths import reports_path
from bench.profile import DIRECTORY
from bench.results.crc import add_crc
from bench.results.lock import Lock, take_lock
from bench.results.reader import AHEAD, Run, load, read_table
from bench.results.row import row_text
from bench.results.series import BOOTS, Series
from bench.results.whole_file import write_whole

__all__ = ["Run", "Store", "create", "load"]


class Store:
    """An open run directory, locked until close(). What append() returned from is on the disk."""

    def __init__(self, path: Path, lock: Lock | None = None) -> None:
        self.path = path
        self._lock = lock  # held as long as the store is open
        self._samples = path / "samples.jsonl"

    @property
    def console(self) -> Path:
        return self.path / "console.log"

    def gather_consoles(self) -> None:
        """Add what guests of a run that was killed have left to the console of the run."""
        with self._kept():
            for part in sorted(self.path.glob("console-*.log")):
                _append(self.console, part.read_bytes(), os.O_CREAT)
                part.unlink()

    def close(self) -> None:
        """Release the lock; the end of the process does it too."""
        if self._lock:
            self._lock.release()

    def write_facts(self, facts: RunFacts) -> None:
        """Write run.json; CannotJudge when it cannot be written."""
        self._write_table(facts.as_json())

    def add_session(self, session: SessionFacts) -> None:
        """Append a session to run.json; what else stands in it stays, known or not.

        CannotJudge when it can no longer be read or written.
        """
        table = self._table()
        sessions = [*table.get("sessions", []), plain(session)]
        self._write_table({**table, "sessions": sessions})

    def add_workers(self, engine: str, workers: Iterable[WorkerFacts]) -> None:
        """Append workers to those in run.json; ``engine`` is named if none was before.

        CannotJudge as of `add_session`.
        """
        table = self._table()
        executor = {"engine": engine, **table.get("executor", {})}
        executor["workers"] = [*executor.get("workers", []), *map(plain, workers)]
        self._write_table({**table, "executor": executor})

    def _table(self) -> dict[str, Any]:
        try:
            return read_table(self.path / "run.json")
        except UsageError as error:  # it could be read when the run was opened
            raise CannotJudge(error.message, error.hint) from None

    def _write_table(self, table: Mapping[str, Any]) -> None:
        text = add_crc(json.dumps(table, indent=2)) + "\n"
        try:
            _replace(self.path / "run.json", text.encode())
        except OSError as error:
            hint = _fix(error, "name another --out")
            raise CannotJudge(f"{self.path / 'run.json'}: {error.strerror}", hint) from None

    def append(self, samples: Iterable[Sample]) -> None:
        """Append the lines of samples; CannotJudge when that cannot be done whole."""
        self.append_rows(rows(samples))

    def append_rows(self, lines: bytes) -> None:
        """Append what `rows` has made of samples, as `append` does."""
        with self._kept():
            _append(self._samples, lines)

    def append_ahead(self, lines: bytes) -> None:
        """Keep the `rows` of a block that is not due yet: see bench.results.reader.AHEAD."""
        with self._kept():
            _append(self.path / AHEAD, lines, os.O_CREAT)

    def add_profile(self, name: str, data: bytes) -> None:
        """Write the file of a profile, whole or not at all; CannotJudge when it cannot be."""
        place = self.path / DIRECTORY
        try:
            place.mkdir(exist_ok=True)
            _replace(place / name, data)
        except OSError as error:
            hint = _kept_and("what was measured is stored, and whole", error)
            raise CannotJudge(f"{place}: {error.strerror}", hint) from None

    def replace_ahead(self, samples: Iterable[Sample]) -> None:
        """Keep these samples ahead and no others; without any there is no file."""
        ahead = self.path / AHEAD
        lines = rows(samples)
        with self._kept():
            if lines:
                _replace(ahead, lines)
            else:
                ahead.unlink(missing_ok=True)

    def set_aside(self, kept: bytes, rest: bytes) -> None:
        """Replace the samples by ``kept``; ``rest`` is added to samples.damaged.jsonl before."""
        with self._kept():
            _append(self.path / "samples.damaged.jsonl", rest, os.O_CREAT)
            _replace(self._samples, kept)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            hint = _kept_and("what was stored before is whole", error)
            raise CannotJudge(f"{self._samples}: {error.strerror}", hint) from None


def rows(samples: Iterable[Sample]) -> bytes:
    """Return the lines of samples, as a store has them."""
    return "".join(map(row_text, samples)).encode()


def create(out: Path | None, scenario: str) -> Store:
    """Make and lock a run directory; UsageError if it exists or cannot be made.

    Without ``out`` it is named by time and scenario below reports/. A directory in which a
    run was killed before it wrote anything is used again.
    """
    path = out or _fresh_name(scenario)
    with _usage_errors(path, named=out is not None):
        path.mkdir(parents=True, exist_ok=_began_nothing(path))
        lock = take_lock(path)
        (path / "samples.jsonl").touch()
        _sync(path)
    return Store(path, lock)


def create_boots(out: Path | None, series: Series) -> Path:
    """Make a directory for run directories, one a boot; UsageError as of `create`."""
    path = out or _fresh_name(series.scenario)
    with _usage_errors(path, named=out is not None):
        path.mkdir(parents=True)
        (path / BOOTS).write_bytes(msgspec.json.encode(series) + b"\n")
    return path


@contextmanager
def _usage_errors(path: Path, named: bool) -> Iterator[None]:
    """Turn what keeps ``path`` from being made into a UsageError: ``named`` is by --out."""
    try:
        yield
    except FileExistsError:
        raise UsageError(f"--out: {path} exists", "name a directory that does not") from None
    except OSError as error:
        hint = _fix(error, "name a writable place" if named else "name another place with --out")
        raise UsageError(f"{_place(path, named)}: {error.strerror}", hint) from None


def _place(path: Path, named: bool) -> str:
    """Name what cannot be made: what was asked for, or the directory that all runs go to."""
    if named:
        return f"--out: {path}"
    where = path.parent if path.is_absolute() else f"{path.parent}/ below the working directory"
    return f"a run cannot be put into {where}"


def _fix(error: OSError, otherwise: str) -> str:
    """Return what to do about an error; who may not write somewhere has to name another place."""
    return otherwise if error.errno == errno.EACCES else what_helps(error.errno, otherwise)


def _kept_and(kept: str, error: OSError) -> str:
    return "; ".join(filter(None, (kept, _fix(error, ""))))


_BEFORE_IT_BEGINS = {"samples.jsonl", "console.log", "run.tmp"}


def _began_nothing(path: Path) -> bool:
    """Tell whether a run was killed there before it wrote run.json or a sample."""
    try:
        files = {file.name: file.stat().st_size for file in path.iterdir()}
    except OSError:
        return False
    return files.get("samples.jsonl") == 0 and files.keys() <= _BEFORE_IT_BEGINS


def _fresh_name(scenario: str) -> Path:
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{scenario}"
    place = reports_path()
    path = place / stem
    count = 2
    while path.exists():
        path = place / f"{stem}-{count}"
        count += 1
    return path


def _append(path: Path, data: bytes, flags: int = 0) -> None:
    """Append all of the data and sync it; on an error the file is as long as before."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | flags, 0o666)
    try:
        size = os.fstat(fd).st_size
        try:
            while data:
                data = data[os.write(fd, data) :]
            os.fsync(fd)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)


def _replace(path: Path, data: bytes) -> None:
    write_whole(path, data, path.with_suffix(".tmp"))
    _sync(path.parent)


def _sync(directory: Path) -> None:
    """Sync the names in a directory, where the file system can."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)
