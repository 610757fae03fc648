# SPDX-License-Identifier: GPL-2.0-only
"""Lines just as `row_text` writes them, without a parser: a run can have a million.

The lines of a cell differ in their numbers only. One of them is read by `parse_row` and says
what stands around the numbers; a line that has anything else there is read by it too.
"""

import json
import re
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence, ValuesView
from functools import lru_cache
from typing import TypeVar

from bench.model.cell import Cell, Clock, Sample
from bench.results.row import parse_row

_Key = TypeVar("_Key", bound=str)

# As json.dumps writes them, and sure to fit into 63 bits.
_NUMBER = "([1-9][0-9]{0,17}+|0)"
_PLAIN = re.compile(r"[\w.:-]+", re.ASCII)  # names that need no escape in JSON
_CRC = ', "crc": '


class Numbers(Mapping[_Key, int]):
    """What a dict has, in a quarter of its memory: many of them share their keys."""

    __slots__ = ("names", "numbers")

    def __init__(self, names: tuple[_Key, ...], numbers: Sequence[int]) -> None:
        self.names = names
        self.numbers = array("q", numbers)

    def __getitem__(self, key: _Key) -> int:
        try:
            return self.numbers[self.names.index(key)]
        except ValueError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[_Key]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return repr(dict(self))

    def values(self) -> ValuesView[int]:
        """Sums are made of them: that of Mapping looks up key by key."""
        return dict(zip(self.names, self.numbers, strict=True)).values()


class Reader:
    """Reads the lines of one run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shapes: dict[bytes, _Shape] = {}

    def read(self, line: bytes) -> Sample:
        """The sample that `parse_row` makes of a line without its end, or its ValueError."""
        head = line.partition(b', "rep": ')[0]
        shape = self._shapes.get(head)
        sample = shape.read(line) if shape else None
        if sample is None:
            sample = parse_row(line, self._clock)
            if head == _head(sample.cell) and _teaches(sample):
                self._shapes[head] = _Shape(sample, len(head))
        return sample


class _Shape:
    """What the lines of a cell's reps have in common, learnt from one of them."""

    def __init__(self, sample: Sample, size: int) -> None:
        """``size`` is that of the factors, in bytes."""
        self._cell, self._clock, self._size = sample.cell, sample.clock, size
        self._phases, self._counters = tuple(sample.phases), tuple(sample.counters)
        self._pattern = _pattern(sample.clock, self._phases, self._counters)

    def read(self, line: bytes) -> Sample | None:
        """None for a line of another shape, and for one that is damaged."""
        found = self._pattern.fullmatch(line, self._size)
        if not found:
            return None
        rep, boot, pause, *numbers, crc = map(int, found.groups())
        if zlib.crc32(line[: found.start(found.re.groups) - len(_CRC)]) != crc:
            return None
        ticks = numbers[: len(self._phases)]
        if sum(ticks) != pause:
            return None
        pinned, runs, window, *counts = numbers[len(self._phases) :]
        return Sample(
            self._cell,
            self._clock,
            boot,
            "ok",
            rep,
            pause,
            Numbers(self._phases, ticks),
            pinned,
            runs,
            window,
            Numbers(self._counters, counts) if counts else _NONE,
        )


_NONE: Mapping[str, int] = Numbers((), ())


def _teaches(sample: Sample) -> bool:
    return sample.ok and all(map(_PLAIN.fullmatch, sample.counters))


def _head(cell: Cell) -> bytes:
    return json.dumps(cell.factors()).removesuffix("}").encode()


@lru_cache(256)
def _pattern(clock: Clock, phases: tuple[str, ...], counters: tuple[str, ...]) -> re.Pattern[bytes]:
    """All of a line behind the factors; a group is a number."""
    tables = [
        "{" + ", ".join(f'"{name}": #' for name in names) + "}" for names in (phases, counters)
    ]
    text = (
        f', "rep": #, "boot": #, "clock": "{clock}", "unit": "{clock.unit}", "pause": #,'
        f' "phases": {tables[0]}, "pinned": #, "runs": #, "window": #,'
        f' "counters": {tables[1]}, "status": "ok"{_CRC}#}}'
    )
    return re.compile(_NUMBER.join(map(re.escape, text.split("#"))).encode())
