# SPDX-License-Identifier: GPL-2.0-only
"""The run directory: what a run was, and its samples, appended and synced block by block."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.errors import CannotJudge, UsageError
from bench.model import (
    Backing,
    Batch,
    Cell,
    Clock,
    Handover,
    Method,
    Pages,
    Phase,
    Ptes,
    Sample,
)
from bench.paths import REPORTS

# 1: the first.
FORMAT = 1
_NOT_ONE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Size = Annotated[int, Field(ge=1, lt=1 << 63)]
Text = Annotated[str, Field(min_length=1)]
Loose = Field(strict=False)  # values of enums come as text


@dataclass(frozen=True)
class Run:
    """A run as it was stored: ``facts`` is run.json without its format version."""

    path: Path
    facts: Mapping[str, Any]
    samples: tuple[Sample, ...]

    @property
    def measured(self) -> bool:
        """There is a sample that counts."""
        return any(sample.ok for sample in self.samples)

    @property
    def clock(self) -> Clock:
        return Clock(self.facts["clock"])


class Store:
    """An open run directory. Everything that `append` returned from is on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._samples = path / "samples.jsonl"

    @property
    def console(self) -> Path:
        return self.path / "console.log"

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, **facts}, indent=2)
        _replace(self.path / "run.json", text + "\n")

    def append(self, samples: Iterable[Sample]) -> None:
        text = "".join(json.dumps(_row(sample)) + "\n" for sample in samples)
        try:
            size = self._samples.stat().st_size
            fd = os.open(self._samples, os.O_WRONLY | os.O_APPEND)
            try:
                data = text.encode()
                while data:
                    data = data[os.write(fd, data) :]
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, size)
                raise
            finally:
                os.close(fd)
        except OSError as error:
            raise CannotJudge(
                f"{self._samples}: {error.strerror}", "what was stored before is whole"
            ) from None


def create(out: Path | None, scenario: str) -> Store:
    """A new run directory; UsageError when it exists or cannot be made."""
    path = out or _fresh_name(scenario)
    try:
        path.mkdir(parents=True)
        (path / "samples.jsonl").touch()
    except FileExistsError:
        raise UsageError(f"--out: {path} exists", "name a directory that does not") from None
    except OSError as error:
        raise UsageError(f"--out: {path}: {error.strerror}", "name a writable place") from None
    return Store(path)


def _fresh_name(scenario: str) -> Path:
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{scenario}"
    path = REPORTS / stem
    count = 2
    while path.exists():
        path = REPORTS / f"{stem}-{count}"
        count += 1
    return path


def load(path: Path) -> Run:
    """Read a run directory; UsageError names the file and line that is wrong."""
    facts = _load_facts(path / "run.json")
    samples = []
    clock = Clock(facts["clock"])
    for number, line in enumerate(_read(path / "samples.jsonl").splitlines(), 1):
        try:
            samples.append(_Row.model_validate_json(line).sample(clock))
        except ValidationError as error:
            why = f"{'.'.join(map(str, error.errors()[0]['loc']))}: {error.errors()[0]['msg']}"
            raise UsageError(f"{path}/samples.jsonl:{number}: not a sample: {why}") from None
        except ValueError as error:
            raise UsageError(f"{path}/samples.jsonl:{number}: not a sample: {error}") from None
    return Run(path, facts, tuple(samples))


def _load_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(_read(path))
        version = facts.pop("format")
        if type(version) is int and version == FORMAT:
            Clock(facts["clock"])
            if not all(isinstance(facts.get(key, {}), dict) for key in ("executor", "machine")):
                raise TypeError("executor or machine is no table")
    except _NOT_ONE as error:
        raise UsageError(f"{path}: not a run: {error}") from None
    if version != FORMAT:
        raise UsageError(f"{path}: format {version}, this version of bench reads {FORMAT}")
    return dict(facts)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "name a run directory") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not text: {error}") from None


class _Row(BaseModel):
    """A line of samples.jsonl: strict, since a number that is nearly right is wrong."""

    model_config = ConfigDict(extra="forbid", strict=True)

    device: Text
    method: Annotated[Method, Loose]
    mem: Size
    pages: Annotated[Pages, Loose]
    backing: Annotated[Backing, Loose]
    file: Size
    ptes: Annotated[Ptes, Loose]
    handover: Annotated[Handover, Loose]
    regions: Text
    batch: Annotated[Batch, Loose]
    rep: Count | None
    boot: Count
    clock: Annotated[Clock, Loose]
    unit: str
    pause: Count | None
    phases: Annotated[dict[Phase, Count], Loose]
    pinned: Count
    runs: Count
    status: Text

    def sample(self, clock: Clock) -> Sample:
        """ValueError when its parts contradict each other, or the run."""
        if self.clock is not clock or self.unit != clock.unit:
            raise ValueError(f"{self.unit} by clock {self.clock} in a run by clock {clock}")
        if self.status == "ok":
            if self.rep is None or set(self.phases) != set(Phase):
                raise ValueError("its rep or a phase is missing")
            if sum(self.phases.values()) != self.pause:
                raise ValueError("its phases do not add up to its pause")
        cell = Cell(**{name: getattr(self, name) for name in Cell.__dataclass_fields__})
        return Sample(
            cell=cell,
            clock=clock,
            boot=self.boot,
            status=self.status,
            rep=self.rep,
            pause=self.pause,
            phases=self.phases,
            pinned=self.pinned,
            runs=self.runs,
        )


def _row(sample: Sample) -> dict[str, Any]:
    return {
        **sample.cell.factors(),
        "rep": sample.rep,
        "boot": sample.boot,
        "clock": sample.clock.value,
        "unit": sample.clock.unit,
        "pause": sample.pause,
        "phases": {phase.value: ticks for phase, ticks in sample.phases.items()},
        "pinned": sample.pinned,
        "runs": sample.runs,
        "status": sample.status,
    }


def _replace(path: Path, text: str) -> None:
    scratch = path.with_suffix(".tmp")
    try:
        scratch.write_text(text)
        scratch.rename(path)
    except OSError as error:
        with suppress(OSError):
            scratch.unlink()
        raise CannotJudge(f"{path}: {error.strerror}", "name another --out") from None
