# SPDX-License-Identifier: GPL-2.0-only
"""A line that is read without a parser is what the parser makes of it, or the parser reads it."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.model.cell import Cell, Clock, Method, Phase, Sample
from bench.results.canonical import Numbers, Reader
from bench.results.crc import add_crc
from bench.results.row import parse_row, row_text
from tests.unit.samples import BLOCK, FAILED, SAMPLES

EXAMPLES = 200

COUNTS = st.integers(0, 1 << 40) | st.integers(0, (1 << 63) - 1) | st.sampled_from([0, 1, 10**18])
SIZES = st.integers(1, (1 << 63) - 1)
TEXTS = st.sampled_from(["sim-net-pa", "a-b", '", "rep": 1', "é\u0661", "\U0001f9ea"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1
)
NAMES = st.sampled_from(["dtlb-misses", "page-faults", "#", '"', "crc", "é", "a: 1"]) | st.text()
CELLS = st.builds(Cell, device=TEXTS, mem=SIZES, file=SIZES, regions=TEXTS, threads=SIZES)


@st.composite
def samples(draw: st.DrawFn, like: Cell | None = None) -> Sample:
    """Any rep that the parser takes, however unlikely."""
    cell = like or draw(CELLS)
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
        runs=draw(COUNTS),
        window=draw(COUNTS),
        counters=draw(st.dictionaries(NAMES, COUNTS, max_size=3)),
    )


def line_of(sample: Sample) -> bytes:
    return row_text(sample).encode(errors="surrogatepass").rstrip(b"\n")


def learnt(sample: Sample) -> Reader:
    """A reader that has read a line of the sample's cell, and learnt what it can."""
    reader = Reader(sample.clock)
    reader.read(line_of(sample))
    return reader


def outcome(read: object, *arguments: object) -> Sample | str:
    assert callable(read)
    try:
        found = read(*arguments)
    except ValueError as error:
        return str(error)
    assert isinstance(found, Sample)
    return found


def check(reader: Reader, line: bytes, clock: Clock) -> Sample | str:
    """What the parser alone says, and the reader, each time that it is asked."""
    strict = outcome(parse_row, line, clock)
    for _ in range(2):
        found = outcome(reader.read, line)
        assert found == strict
        assert repr(found) == repr(strict)  # 1, 1.0 and True are equal, but not alike
    return strict


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data(), sample=samples())
def test_what_was_written_is_read(data: st.DataObject, sample: Sample) -> None:
    """By a reader that knows nothing yet, or has learnt from another rep of the cell."""
    other = data.draw(samples(sample.cell))
    for reader in (Reader(sample.clock), learnt(replace(other, clock=sample.clock))):
        assert check(reader, line_of(sample), sample.clock) == sample


TOKENS = ["-1", "-0", "00", "01", "1.0", "1e3", "true", "false", "null", '"1"', "NaN", "Infinity"]
TOKENS += ["", " 1", "1 ", "1\t", "+1", "0x1", "1_0", "\u0661", "\uff11", "[1]", "{}", str(1 << 63)]
TOKENS += [str((1 << 63) - 1), "9" * 18, "9" * 19, "9" * 30, "9" * 5000, "1,", '1, "rep": 1']
NUMBER = re.compile(r"(?<=: )[0-9]+(?=[,}])")


@st.composite
def with_another_number(draw: st.DrawFn, text: str) -> str:
    """One number, or two, are what no writer writes, or just others."""
    for _ in range(draw(st.integers(1, 2))):
        spans = [found.span() for found in NUMBER.finditer(text)]
        start, end = draw(st.sampled_from(spans or [(0, 0)]))
        token = draw(st.sampled_from(TOKENS) | st.integers(0, 1 << 64).map(str))
        text = text[:start] + token + text[end:]
    return text


@st.composite
def with_other_keys(draw: st.DrawFn, text: str) -> str:
    """A key is dropped, written twice, renamed or has another place, here or in a table."""
    row = json.loads(text)
    name = draw(st.sampled_from(["", "phases", "counters"]))
    table = row[name] if name else row
    pairs = [*table.items()] or [("x", 1)]
    at = draw(st.integers(0, len(pairs) - 1))
    key, value = pairs.pop(at)
    new = draw(st.sampled_from([[], [(key, value)], [(key, value)] * 2, [(f"{key}x", value)]]))
    place = draw(st.integers(0, len(pairs)))
    pairs[place:place] = new
    inner = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs)
    if not name:
        return f"{{{inner}}}"
    return text.replace(json.dumps({name: row[name]})[1:-1], f'"{name}": {{{inner}}}')


@st.composite
def with_other_characters(draw: st.DrawFn, text: str) -> str:
    """A character is replaced, lost or repeated; white space and digits above all."""
    at = draw(st.integers(0, len(text) - 1))
    new = draw(st.sampled_from(["", " ", "\t", "0", "9", text[at] * 2, "\u0663"]) | st.text())
    return text[:at] + new + text[at + 1 :]


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(sample=samples(), data=st.data())
def test_a_line_changed_with_its_crc_is_read_as_the_parser_does(
    sample: Sample, data: st.DataObject
) -> None:
    whole = line_of(sample).decode()
    text = whole[: whole.rindex(', "crc": ')] + "}"
    ways = [with_another_number(text), with_other_keys(text), with_other_characters(text)]
    changed = data.draw(st.one_of(*ways))
    end = whole[whole.rindex(', "crc": ') :]
    sealed = [add_crc(changed), changed, changed.removesuffix("}") + end]
    for line in sealed:
        check(learnt(sample), line.encode(errors="surrogatepass"), sample.clock)


@settings(max_examples=EXAMPLES, deadline=None)
@given(sample=samples(), data=st.data())
def test_bytes_that_changed_are_read_as_the_parser_does(
    sample: Sample, data: st.DataObject
) -> None:
    line = line_of(sample)
    at = data.draw(st.integers(0, len(line) - 1))
    size = data.draw(st.integers(0, 3))
    new = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b"\x00", b"\xd9\xa3", b" "]))
    check(learnt(sample), line[:at] + new + line[at + size :], sample.clock)
    check(learnt(sample), line[:at], sample.clock)


@pytest.mark.parametrize("token", TOKENS)
def test_no_number_can_be_anything_else(token: str) -> None:
    """In every place of a line, whether its crc fits or not."""
    counted = replace(SAMPLES[0], counters={"page-faults": 3, "dtlb-misses": 4})
    whole = line_of(counted).decode()
    text = whole[: whole.rindex(', "crc": ')] + "}"
    for found in NUMBER.finditer(text):
        changed = text[: found.start()] + token + text[found.end() :]
        for line in (add_crc(changed), changed):
            check(learnt(counted), line.encode(), counted.clock)


def test_a_line_by_another_clock_is_refused() -> None:
    for sample in SAMPLES:
        reader = learnt(sample)
        line = line_of(replace(sample, clock=Clock.WALL))
        assert isinstance(check(reader, line, sample.clock), str)


def test_of_a_cell_only_the_first_line_needs_the_parser() -> None:
    reader = Reader(Clock.ICOUNT)
    read = [reader.read(line_of(sample)) for sample in SAMPLES]
    assert read == [*SAMPLES]
    assert [type(sample.phases) for sample in read] == [dict, dict, Numbers]
    assert read[0].cell is read[2].cell


def test_a_cell_that_failed_teaches_nothing() -> None:
    reader = Reader(Clock.ICOUNT)
    assert [reader.read(line_of(FAILED)) for _ in range(2)] == [FAILED] * 2


def test_numbers_are_a_dict() -> None:
    phases = BLOCK.cell_of(Method.NEW_OWNER).method.experiment.phases
    table = {phase: 1 << 40 | number for number, phase in enumerate(phases)}
    numbers = Numbers(phases, [*table.values()])
    assert numbers == table and table == numbers and repr(numbers) == repr(table)
    assert [*numbers.items()] == [*table.items()] and [*numbers.values()] == [*table.values()]
    assert all(numbers[phase] == table[phase] for phase in phases)
    assert numbers.get(Phase.PIN) is None and "map" in numbers
