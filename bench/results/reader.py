# SPDX-License-Identifier: GPL-2.0-only
"""Read a run directory: what is whole is used, what is not is said."""

import json
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bench.errors import UsageError
from bench.model.cell import Cell, Clock, Sample
from bench.model.facts import FORMAT, SEALED, RunFacts, read_run_facts
from bench.profile import DIRECTORY
from bench.results.columns import CellColumns, CellLines, samples_in_order
from bench.results.crc import CRC_GONE, check_crc
from bench.results.lock import holder
from bench.results.plan_record import Planned, tally
from bench.results.row import factors_of, plainly, row_decoder

if TYPE_CHECKING:
    import pandas as pd

    from bench.profile.profile import Profile

# Blocks that ended while one in front of them was measured still. They go to samples.jsonl
# when it is their turn; what stands in both files counts there.
AHEAD = "samples.ahead.jsonl"
_BEHIND_ALL = 1 << 40  # number of its first line: samples.jsonl has none that high
_ANEW = "measure it again"
_MOST = 5  # lines that are named; of a file that is all rubbish a count says more


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it was stored: ``facts`` is run.json.

    ``by_cell`` has the lines that are whole, cells in the order of their first lines.
    ``damage`` says what is wrong with the directory, ``missing`` why a cell of the plan
    has no line and no reason of its own.
    """

    path: Path
    facts: RunFacts
    by_cell: Mapping[Cell, CellColumns]
    damage: tuple[str, ...] = ()
    missing: Mapping[Cell, str] = field(default_factory=dict)

    @property
    def cells(self) -> Collection[Cell]:
        """The cells that have a line."""
        return self.by_cell.keys()

    @property
    def measured(self) -> bool:
        """True if any line is a sample."""
        return any(columns.ok.any() for columns in self.by_cell.values())

    @property
    def clock(self) -> Clock:
        return self.facts.clock

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        """The lines one by one, in their order: some KiB each, so not for a million of them."""
        return tuple(samples_in_order(self.by_cell, self.clock))

    @property
    def profiles(self) -> Mapping[Cell, "Profile"]:
        """Return the profile of each cell that has one, in no order; read when first asked for."""
        return self._profiles[0]

    @property
    def unread_profiles(self) -> tuple[str, ...]:
        """Say which profiles are damaged."""
        return self._profiles[1]

    @cached_property
    def _profiles(self) -> "tuple[Mapping[Cell, Profile], tuple[str, ...]]":
        if not (self.path / DIRECTORY).is_dir():
            return {}, ()
        from bench.profile.stored import load_whole

        return load_whole(self.path)

    def frame(self) -> "pd.DataFrame":
        """Return the lines as a pandas frame: see bench.results.frame.frame_of."""
        from bench.results.frame import frame_of

        return frame_of([self], [self.path.name])


class SampleReader:
    """Sorts lines of samples.jsonl by cell. Without a plan any cell may have some.

    Lines are numbered in the order in which they are read, from ``first``.
    """

    def __init__(
        self, clock: Clock, planned: Planned, version: int = FORMAT, first: int = 0
    ) -> None:
        self._clock, self._unit = clock, clock.unit
        self._planned = {cell for block in planned.blocks for cell in block.cells}
        self._decode = row_decoder(version)
        self._sealed = version >= SEALED
        self._found: dict[tuple[Any, ...], CellLines] = {}
        self._count = first  # number of the next line

    def read(self, text: bytes) -> Cell:
        """Keep a line, and return its cell; ValueError says why it is no sample of the run."""
        try:
            bare = check_crc(text)
            row = self._decode(bare)
            if self._sealed and bare is text:
                raise ValueError(CRC_GONE)
            if row.clock is not self._clock or row.unit != self._unit:
                by = f"{row.unit} by clock {row.clock} in a run by clock {self._clock}"
                raise ValueError(by)
            factors = factors_of(row)  # a hash of a cell takes longer
            lines = self._found.get(factors) or self._lines_of(factors)
            lines.add(self._count, row)
        except (ValueError, RecursionError) as error:
            raise plainly(error) from None
        self._count += 1
        return lines.cell

    def _lines_of(self, factors: tuple[Any, ...]) -> CellLines:
        cell = Cell(*factors)
        if self._planned and cell not in self._planned:
            raise ValueError("its cell is not in the plan")
        return self._found.setdefault(factors, CellLines(cell))

    def by_cell(self) -> dict[Cell, CellColumns]:
        """Of every cell with a line, in the order of the first ones."""
        return {lines.cell: lines.columns() for lines in self._found.values() if len(lines)}


# A line with its end, where it has one; its cell, or why it is damaged.
StoredLine: TypeAlias = tuple[bytes, Cell | str]


def load(path: Path) -> Run:
    """Read a run directory; UsageError if it is none, or of an unknown format."""
    table, changed = _read_sealed(path / "run.json")
    facts = _facts(table, path / "run.json")
    try:
        planned = Planned.read(facts)
    except ValueError as error:
        raise UsageError(f"{path}/run.json: not a run: {error}") from None
    reader = SampleReader(facts.clock, planned, facts.format)
    early = read_ahead(path, facts, planned)  # first: from there lines move to the other file
    damage = _damage(read_lines(path / "samples.jsonl", reader))
    by_cell = reader.by_cell()
    lost, missing = _compare(planned, by_cell, holder(path))
    early = {cell: columns for cell, columns in early.items() if cell not in by_cell}
    missing = {cell: why for cell, why in missing.items() if cell not in early}
    changes = [f"run.json: {changed}"] if changed else []
    return Run(path, facts, {**by_cell, **early}, (*changes, *damage, *lost), missing)


def read_ahead(path: Path, facts: RunFacts, planned: Planned) -> dict[Cell, CellColumns]:
    """Read the blocks of a run that wait for one in front of them; those that are whole count."""
    if not (path / AHEAD).exists():
        return {}
    reader = SampleReader(facts.clock, planned, facts.format, first=_BEHIND_ALL)
    for _ in read_lines(path / AHEAD, reader):
        pass
    by_cell = reader.by_cell()
    whole = [block for block in planned.blocks if tally(block, by_cell).whole]
    return {cell: by_cell[cell] for block in whole for cell in block.cells}


def _damage(lines: Iterable[StoredLine]) -> list[str]:
    """Name the first damaged lines, and count the others."""
    damage: list[str] = []
    more = 0
    for number, (_, found) in enumerate(lines, 1):
        if not isinstance(found, str):
            continue
        if len(damage) < _MOST:
            damage.append(f"samples.jsonl:{number}: not a sample: {found}")
        else:
            more += 1
    return damage + ([f"samples.jsonl: and {more} more lines"] if more else [])


def _compare(
    planned: Planned, by_cell: Mapping[Cell, CellColumns], busy: int | None
) -> tuple[list[str], dict[Cell, str]]:
    """Return what is wrong with blocks, and why cells have no line.

    Blocks are stored in their order: those behind the last one that left a line were not
    reached, and one before it has lost its lines.
    """
    counts = [tally(block, by_cell) for block in planned.blocks]
    last = max((number for number, count in enumerate(counts) if count.there), default=-1)
    damage: list[str] = []
    missing: dict[Cell, str] = {}
    unreached = "not measured: the run was interrupted"
    if busy:
        unreached = f"not measured yet: process {busy} is at it"
    for number, (block, count) in enumerate(zip(planned.blocks, counts, strict=True)):
        lost = number <= last and not (block.any_cell.soak and count.whole)
        why = "lost: its lines are damaged" if lost else unreached
        missing |= {cell: why for cell in block.cells if cell not in by_cell}
        if number <= last and not count.whole:
            damage.append(f"{block.label}: {count.there} of {count.wanted} lines are left")
    return damage, missing


def read_lines(path: Path, reader: SampleReader) -> Iterator[StoredLine]:
    """Give every line to the reader, in order; UsageError if the file cannot be read at all."""
    try:
        _expect_file(path)
        with path.open("rb") as handle:
            for text in handle:
                try:
                    found: Cell | str = reader.read(text)
                except ValueError as error:
                    found = str(error)
                yield text, found
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a run directory") from None


def read_facts(path: Path, whole: bool = False) -> RunFacts:
    """Read a run.json; UsageError says why it is none, or which value has a wrong type.

    One whose crc is gone is refused where it has to be ``whole``, to write to it.
    """
    return _facts(read_table(path) if whole else _read_sealed(path)[0], path)


def read_table(path: Path) -> dict[str, Any]:
    """Parse a run.json, known keys and unknown ones, and drop its crc.

    UsageError when it cannot be read, is of another format, or was changed.
    """
    table, changed = _read_sealed(path)
    if changed:
        raise UsageError(f"{path}: {changed}", _ANEW)
    return table


def _facts(table: dict[str, Any], path: Path) -> RunFacts:
    try:
        return read_run_facts(table)
    except ValueError as error:
        raise UsageError(f"{path}: not a run: {error}") from None


def _read_sealed(path: Path) -> tuple[dict[str, Any], str]:
    """Parse a run.json without its crc; returns too that it is gone, where the format has one."""
    text = _read(path)
    try:
        whole = json.loads(text)
        if not isinstance(whole, dict):
            raise ValueError("it is no table")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not a run: {error}") from None
    version = whole.get("format")
    if type(version) is not int or not 1 <= version <= FORMAT:
        shown = repr(version)[:20]
        raise UsageError(f"{path}: format {shown}: this version of bench reads 1 to {FORMAT}")
    try:
        bare = check_crc(text.encode())
        table: dict[str, Any] = json.loads(bare)
        if bare == text.encode():
            _check_unsealed(table)
            return table, CRC_GONE if version >= SEALED else ""
    except ValueError as error:
        raise UsageError(f"{path}: not a run: {error}", _ANEW) from None
    return table, ""


def _check_unsealed(table: Mapping[str, Any]) -> None:
    """Raise ValueError if the crc key is damaged."""
    last = [*table][-1]
    number = isinstance(table[last], int | float) and last not in ("format", "seed")
    if "crc" in table or number:
        raise ValueError(f"its key '{last[:20]}' stands where its crc was")


def _read(path: Path) -> str:
    try:
        _expect_file(path)
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _no_run(path.parent, error) from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a run directory") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not text: {error}") from None


def _no_run(path: Path, error: OSError) -> UsageError:
    """Say what a path is that holds no run.json: a file, or a directory of files, of another."""
    from bench.results.foreign import foreign_directory, what_is

    if found := what_is(path):
        return found.refusal(path)
    if inside := foreign_directory(path):
        return UsageError(*inside)
    if path.is_file():
        return UsageError(f"{path}: a file, and no run directory", "name a run directory")
    return UsageError(f"{path / 'run.json'}: {error.strerror}", "name a run directory")


def _expect_file(path: Path) -> None:
    """Raise UsageError for a FIFO or device, which would block or never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a directory the error says it
        raise UsageError(f"{path}: not a file", "name a run directory")
