# SPDX-License-Identifier: GPL-2.0-only
"""A run directory as it is read: what is whole is used, what is not is said."""

import gc
import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import UsageError
from bench.model.cell import Cell, Clock, Sample
from bench.model.facts import RunFacts, read_run_facts
from bench.results.canonical import Reader
from bench.results.crc import check_crc
from bench.results.lock import holder
from bench.results.plan_record import Planned, describe_block, tally

_READABLE = (1, 2)
_MOST = 5  # lines that are named; of a file that is all rubbish a count says more


@dataclass(frozen=True)
class Run:
    """A run as it was stored: ``facts`` is run.json.

    ``damage`` says what is wrong with the directory, ``missing`` why a cell of the plan
    has no sample and no reason of its own. ``samples`` are those that are whole.
    """

    path: Path
    facts: RunFacts
    samples: tuple[Sample, ...]
    damage: tuple[str, ...] = ()
    missing: Mapping[Cell, str] = field(default_factory=dict)

    @cached_property
    def cells(self) -> frozenset[Cell]:
        """Of the samples: all that left a line."""
        return frozenset(sample.cell for sample in self.samples)

    @property
    def measured(self) -> bool:
        """There is a sample that counts."""
        return any(sample.ok for sample in self.samples)

    @property
    def clock(self) -> Clock:
        return self.facts.clock


class StoredLine(NamedTuple):
    """Of samples.jsonl; without a sample it is damaged, for a reason."""

    number: int
    text: bytes  # with its end, where it has one
    sample: Sample | None
    problem: str = ""


def load(path: Path) -> Run:
    """Read a run directory; UsageError when there is none, or it says not what it is."""
    facts = read_facts(path / "run.json")
    try:
        planned = Planned.read(facts)
    except ValueError as error:
        raise UsageError(f"{path}/run.json: not a run: {error}") from None
    with _no_collection():
        samples, damage = _samples(path, facts.clock, planned)
        lost, missing = _compare(planned, samples, holder(path))
    return Run(path, facts, samples, (*damage, *lost), missing)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Samples are no cycles: to search a million of them again and again takes as long as they."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _samples(path: Path, clock: Clock, planned: Planned) -> tuple[tuple[Sample, ...], list[str]]:
    """The samples that are whole, and the lines that are none."""
    samples: list[Sample] = []
    damage: list[str] = []
    more = 0
    for line in read_lines(path / "samples.jsonl", clock, planned):
        if line.sample:
            samples.append(line.sample)
        elif len(damage) < _MOST:
            damage.append(f"samples.jsonl:{line.number}: {line.problem}")
        else:
            more += 1
    damage += [f"samples.jsonl: and {more} more lines"] if more else []
    return tuple(samples), damage


def _compare(
    planned: Planned, samples: Iterable[Sample], busy: int | None
) -> tuple[list[str], dict[Cell, str]]:
    """Blocks that are not whole, and why cells have nothing at all.

    Blocks are stored in their order: those behind the last one that left a line were not
    reached, and one before it has lost its lines.
    """
    found = by_block(planned, samples)
    last = max((number for number, group in enumerate(found) if group), default=-1)
    damage: list[str] = []
    missing: dict[Cell, str] = {}
    unreached = "not measured: the run was interrupted"
    if busy:
        unreached = f"not measured yet: process {busy} is at it"
    for number, (block, group) in enumerate(zip(planned.blocks, found, strict=True)):
        count = tally(block, group)
        there = {sample.cell for sample in group}
        why = "lost: its lines are damaged" if number <= last else unreached
        missing |= {cell: why for cell in block.cells if cell not in there}
        if number <= last and not count.whole:
            damage.append(
                f"{describe_block(block)}: {count.there} of {count.wanted} lines are left"
            )
    return damage, missing


def by_block(planned: Planned, samples: Iterable[Sample]) -> list[list[Sample]]:
    """The samples of each block."""
    groups: dict[Cell, list[Sample]] = {}
    for sample in samples:
        group = groups.get(sample.cell)
        if group is None:
            group = groups[sample.cell] = []
        group.append(sample)
    return [
        [sample for cell in block.cells for sample in groups.get(cell, ())]
        for block in planned.blocks
    ]


def read_lines(path: Path, clock: Clock, planned: Planned) -> Iterator[StoredLine]:
    """Every line, in order; UsageError when the file cannot be read at all."""
    reader = Reader(clock)
    places = _Places(planned)
    try:
        _expect_file(path)
        with path.open("rb") as handle:
            for number, text in enumerate(handle, 1):
                try:
                    sample = reader.read(text.rstrip(b"\r\n"))
                    places.take(sample)
                except ValueError as error:
                    yield StoredLine(number, text, None, f"not a sample: {error}")
                else:
                    yield StoredLine(number, text, sample)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a run directory") from None


class _Places:
    """Where there can be a sample: each rep of a boot, once for each cell of the plan."""

    def __init__(self, planned: Planned) -> None:
        self._reps: dict[Cell, dict[int, set[int | None]]] = {
            cell: {} for block in planned.blocks for cell in block.cells
        }
        self._any = not self._reps

    def take(self, sample: Sample) -> None:
        """ValueError for what is not of this run, or is there already."""
        boots = self._reps.get(sample.cell)
        if boots is None:
            if not self._any:
                raise ValueError("its cell is not in the plan")
            boots = self._reps[sample.cell] = {}
        reps = boots.setdefault(sample.boot, set())
        if sample.rep in reps:
            raise ValueError(
                f"there is another one of its cell, boot {sample.boot}, rep {sample.rep}"
            )
        reps.add(sample.rep)


def read_facts(path: Path) -> RunFacts:
    """Read a run.json; UsageError says why it is none, or which value has a wrong type."""
    try:
        return read_run_facts(read_table(path))
    except ValueError as error:
        raise UsageError(f"{path}: not a run: {error}") from None


def read_table(path: Path) -> dict[str, Any]:
    """Parse a run.json, known keys and unknown ones, and drop its crc.

    UsageError when it cannot be read, is of another format, or was changed.
    """
    text = _read(path)
    try:
        whole = json.loads(text)
        if not isinstance(whole, dict):
            raise ValueError("it is no table")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not a run: {error}") from None
    version = whole.get("format")
    if type(version) is not int or version not in _READABLE:
        known = " and ".join(map(str, _READABLE))
        shown = repr(version)[:20]
        raise UsageError(f"{path}: format {shown}: this version of bench reads {known}")
    try:
        bare = check_crc(text)
        table: dict[str, Any] = json.loads(bare)
        if bare == text:
            _check_unsealed(table)
    except ValueError as error:
        raise UsageError(f"{path}: not a run: {error}") from None
    return table


def _check_unsealed(table: Mapping[str, Any]) -> None:
    """ValueError for a crc that is none any more; without any, somebody dropped it on purpose."""
    last = [*table][-1]
    number = isinstance(table[last], int | float) and last not in ("format", "seed")
    if "crc" in table or number:
        raise ValueError(f"its key '{last[:20]}' stands where its crc was")


def _read(path: Path) -> str:
    try:
        _expect_file(path)
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a run directory") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not text: {error}") from None


def _expect_file(path: Path) -> None:
    """UsageError for what would be waited for, or has no end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # of a directory the error says it
        raise UsageError(f"{path}: not a file", "name a run directory")
