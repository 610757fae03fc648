# SPDX-License-Identifier: GPL-2.0-only
"""The run directory: what a run was, and its samples, appended and synced block by block."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import CannotJudge, UsageError
from bench.model import Cell, Clock, Phase, Sample
from bench.paths import REPORTS

# 1: the first.
FORMAT = 1


@dataclass(frozen=True)
class Run:
    """A run as it was stored: ``facts`` is run.json without its format version."""

    path: Path
    facts: Mapping[str, Any]
    samples: tuple[Sample, ...]

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
        text = json.dumps({"format": FORMAT, **facts}, indent=2, ensure_ascii=False)
        _replace(self.path / "run.json", text + "\n")

    def append(self, samples: Iterable[Sample]) -> None:
        text = "".join(json.dumps(_row(sample)) + "\n" for sample in samples)
        try:
            with self._samples.open("a") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
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
    for number, line in enumerate(_read(path / "samples.jsonl").splitlines(), 1):
        try:
            samples.append(_sample(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}/samples.jsonl:{number}: not a sample: {error}") from None
    return Run(path, facts, tuple(samples))


def _load_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(_read(path))
        version = facts.pop("format")
        Clock(facts["clock"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
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


def _sample(row: Mapping[str, Any]) -> Sample:
    sample = Sample(
        cell=Cell.from_factors(row),
        clock=Clock(row["clock"]),
        boot=_integer(row["boot"]),
        status=str(row["status"]),
        rep=None if row["rep"] is None else _integer(row["rep"]),
        pause=None if row["pause"] is None else _integer(row["pause"]),
        phases={Phase(name): _integer(ticks) for name, ticks in row["phases"].items()},
        pinned=_integer(row["pinned"]),
        runs=_integer(row["runs"]),
    )
    if sample.ok and (sample.pause is None or sum(sample.phases.values()) != sample.pause):
        raise ValueError("its phases do not add up to its pause")
    if row["unit"] != sample.clock.unit:
        raise ValueError(f"unit {row['unit']} with clock {sample.clock}")
    return sample


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _replace(path: Path, text: str) -> None:
    scratch = path.with_suffix(".tmp")
    try:
        scratch.write_text(text)
        scratch.rename(path)
    except OSError as error:
        raise CannotJudge(f"{path}: {error.strerror}", "name another --out") from None
