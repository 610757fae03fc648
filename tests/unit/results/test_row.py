# SPDX-License-Identifier: GPL-2.0-only
"""What was written is read; a line that is not, or that was damaged, is never a figure."""

import json
import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.model.cell import Cell, Clock, Sample
from bench.results.crc import add_crc
from bench.results.plan_record import Planned
from bench.results.reader import SampleReader
from bench.results.row import read_cell, row_text
from tests.unit.runs import SAMPLES

COUNTS = st.integers(0, 1 << 40) | st.integers(0, (1 << 63) - 1) | st.sampled_from([0, 1, 10**18])
SIZES = st.integers(1, (1 << 63) - 1)
TEXTS = st.sampled_from(["sim-net-pa", "a-b", '", "rep": 1', "é\u0661", "\U0001f9ea"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1
)
NAMES = st.sampled_from(["dtlb-misses", "page-faults", "#", '"', "crc", "é", "a: 1"]) | st.text()
CELLS = st.builds(Cell, device=TEXTS, mem=SIZES, file=SIZES, regions=TEXTS, threads=SIZES)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Any rep that can be stored, however unlikely."""
    cell = draw(CELLS)
    phases = draw(st.permutations(cell.method.experiment.phases))
    ticks = draw(st.lists(st.integers(0, 1 << 59), min_size=len(phases), max_size=len(phases)))
    return Sample(
        cell=cell,
        clock=draw(st.sampled_from(Clock)),
        boot=draw(COUNTS),
        status=draw(st.sampled_from(["ok", "ok", "ok", "failed: it", "okay"])),
        rep=draw(COUNTS),
        pause=sum(ticks),
        phases=dict(zip(phases, ticks, strict=True)),
        pinned=draw(COUNTS),
        extents=draw(COUNTS),
        window=draw(COUNTS),
        settle=draw(COUNTS),
        after_pause=draw(COUNTS),
        counters=draw(st.dictionaries(NAMES, COUNTS, max_size=3)),
    )


def read(line: bytes, clock: Clock) -> Sample:
    """The sample of a line; ValueError if it is none, which is one short line of text."""
    reader = SampleReader(clock, Planned(()))
    try:
        cell = reader.read(line)
    except ValueError as error:
        assert str(error).isprintable() and len(str(error)) < 300
        assert not reader.by_cell()
        raise
    (found,) = reader.by_cell()[cell].samples(cell, clock)
    return found


def line_of(sample: Sample) -> bytes:
    return row_text(sample).encode()


@settings(max_examples=200, deadline=None)
@given(sample=samples())
def test_what_was_written_is_read(sample: Sample) -> None:
    found = read(line_of(sample), sample.clock)
    assert found == sample
    assert [*found.phases] == [*sample.cell.method.experiment.phases]


@settings(max_examples=200, deadline=None)
@given(sample=samples(), data=st.data())
def test_bytes_that_changed_are_refused(sample: Sample, data: st.DataObject) -> None:
    """Unless what is left says the same: white space around the crc."""
    line = line_of(sample)
    at = data.draw(st.integers(0, len(line) - 1))
    new = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b"\x00", b"\xd9\xa3", b" "]))
    for changed in (line[:at] + new + line[at + data.draw(st.integers(0, 3)) :], line[:at]):
        with suppress(ValueError):
            assert read(changed, sample.clock) == sample


TOKENS = ["-1", "-0", "00", "01", "1.0", "1e3", "true", "false", "null", '"1"', "NaN", "Infinity"]
TOKENS += ["", " 1", "1 ", "1\t", "+1", "0x1", "1_0", "\u0661", "\uff11", "[1]", "{}", str(1 << 63)]
TOKENS += [str((1 << 63) - 1), "9" * 18, "9" * 19, "9" * 30, "9" * 5000, "1,", '1, "rep": 1']
NUMBER = re.compile(r"(?<=: )[0-9]+(?=[,}])")


@pytest.mark.parametrize("token", TOKENS)
def test_no_number_can_be_anything_else(token: str) -> None:
    """In every place of a line, with a crc that fits: read is what JSON says, as an integer."""
    counted = replace(SAMPLES[0], counters={"page-faults": 3, "dtlb-misses": 4})
    text = re.sub(r', "crc": \d+\}\n', "}", row_text(counted))
    for found in NUMBER.finditer(text):
        changed = text[: found.start()] + token + text[found.end() :]
        try:
            sample = read(add_crc(changed).encode(), counted.clock)
        except ValueError:
            continue
        row = json.loads(changed)
        assert json.loads(row_text(sample)) | {"crc": 0} == row | {"crc": 0}
        assert sum(sample.phases.values()) == sample.pause
        assert token.strip() in ("-0", "1", str((1 << 63) - 1), "9" * 18, '1, "rep": 1')


def test_a_factor_that_a_line_lacks_is_that_of_most_cells() -> None:
    factors = {**SAMPLES[0].cell.factors(), "threads": 1}
    assert read_cell({k: v for k, v in factors.items() if k != "threads"}) == read_cell(factors)
    with pytest.raises(ValueError, match="unknown field colour"):
        read_cell({**factors, "colour": "red"})
    with pytest.raises(ValueError, match="missing required field mem"):
        read_cell({k: v for k, v in factors.items() if k != "mem"})


def test_a_line_by_another_clock_is_refused() -> None:
    for sample in SAMPLES:
        with pytest.raises(ValueError, match="ns by clock wall in a run by clock icount"):
            read(line_of(replace(sample, clock=Clock.WALL)), sample.clock)
