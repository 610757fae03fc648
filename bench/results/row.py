# SPDX-License-Identifier: GPL-2.0-only
"""A line of samples.jsonl: from text to a sample and back."""

import json
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.model.cell import (
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
from bench.results.crc import add_crc, check_crc

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Size = Annotated[int, Field(ge=1, lt=1 << 63)]
Text = Annotated[str, Field(min_length=1)]
Loose = Field(strict=False)  # values of enums come as text
_LONGEST = 160  # characters of a reason: what is quoted can be anything

_cell = lru_cache(4096)(Cell)  # a million lines name a few hundred cells


_PHASES = {method: {*method.experiment.phases} for method in Method}


class Strict(BaseModel):
    """A number that is nearly right is wrong."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CellRow(Strict):
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
    threads: Size = 1

    def cell(self) -> Cell:
        return _cell(
            self.device,
            self.method,
            self.mem,
            self.pages,
            self.backing,
            self.file,
            self.ptes,
            self.handover,
            self.regions,
            self.batch,
            self.threads,
        )


class _Row(CellRow):
    rep: Count | None
    boot: Count
    clock: Annotated[Clock, Loose]
    unit: str
    pause: Count | None
    phases: Annotated[dict[Phase, Count], Loose]
    pinned: Count
    runs: Count
    window: Count = 0
    counters: dict[str, Count] = {}
    status: Text

    def sample(self, clock: Clock) -> Sample:
        """ValueError when its parts contradict each other, or the run."""
        if self.clock is not clock or self.unit != clock.unit:
            raise ValueError(f"{self.unit} by clock {self.clock} in a run by clock {clock}")
        if self.status == "ok" and (self.rep is None or self.phases.keys() != _PHASES[self.method]):
            raise ValueError("its rep or a phase is missing")
        if sum(self.phases.values()) != (self.pause or 0):
            raise ValueError("its phases do not add up to its pause")
        return Sample(
            cell=self.cell(),
            clock=clock,
            boot=self.boot,
            status=self.status,
            rep=self.rep,
            pause=self.pause,
            phases=self.phases,
            pinned=self.pinned,
            runs=self.runs,
            window=self.window,
            counters=self.counters,
        )


def parse_row(line: bytes, clock: Clock) -> Sample:
    """A line without its end; ValueError says, in one short line, why it is no sample."""
    try:
        return _Row.model_validate_json(check_crc(line.decode())).sample(clock)
    except ValidationError as error:
        raise ValueError(reason(error)) from None
    except UnicodeError:
        raise ValueError("it is no text") from None


def reason(error: ValidationError) -> str:
    """The first thing that is wrong, as printable text of a sensible length."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    text = f"{where}: {first['msg']}" if where else first["msg"]
    plain = text.encode("unicode_escape").decode()
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."


def row_text(sample: Sample) -> str:
    """The sealed line of a sample, with its end."""
    row = {
        **sample.cell.factors(),
        "rep": sample.rep,
        "boot": sample.boot,
        "clock": sample.clock.value,
        "unit": sample.clock.unit,
        "pause": sample.pause,
        "phases": {phase.value: ticks for phase, ticks in sample.phases.items()},
        "pinned": sample.pinned,
        "runs": sample.runs,
        "window": sample.window,
        "counters": dict(sample.counters),
        "status": sample.status,
    }
    return add_crc(json.dumps(row)) + "\n"
