# SPDX-License-Identifier: GPL-2.0-only
"""Lines that were changed on their way: a CRC tells, and the protocol where there is none."""

import json
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError, ProtocolError
from bench.model.cell import Block, Rep, Unavailable
from bench.protocol.messages import parse, read_reps
from bench.results.crc import add_crc, check_crc
from tests.unit.stored_runs import mutated
from tests.unit.streams import (
    PIN_METHODS,
    bare,
    line,
    messages,
    small_block,
    stream,
)

LIVE = small_block(reps=1)
PINS = small_block(method=",".join(PIN_METHODS), device="none", threads=2, reps=1)
WITHOUT = PIN_METHODS[1:3]
SEALED = [*stream(LIVE), *stream(PINS), *stream(PINS, without=WITHOUT)]


def read(lines: list[str], block: Block) -> list[Rep | Unavailable]:
    return list(read_reps(lines, block))


def lines_of(data: bytes) -> list[str]:
    return data.decode(errors="replace").splitlines()


def bare_stream(block: Block) -> bytes:
    return "\n".join(map(bare, messages(block))).encode()


@settings(max_examples=500)
@given(rng=st.randoms(use_true_random=False))
def test_a_damaged_stream_without_checksums_is_refused_or_consistent(rng: random.Random) -> None:
    """With checksums: tests/unit/results/test_mutations.py."""
    lines = lines_of(mutated(rng, bare_stream(LIVE)))
    try:
        reps = [item for item in read(lines, LIVE) if isinstance(item, Rep)]
    except BenchError:
        return
    assert len(reps) == len(LIVE.order)
    assert all(sum(rep.phases.values()) == rep.pause for rep in reps)
    assert {rep.pinned for rep in reps} == {LIVE.any_cell.mem}
    assert len({rep.extents for rep in reps}) == 1


def test_a_stream_without_checksums_is_taken_as_it_is() -> None:
    assert read(lines_of(bare_stream(LIVE)), LIVE) == read(stream(LIVE), LIVE)


@pytest.mark.parametrize("text", SEALED[:3], ids=["hello", "warmup", "rep"])
def test_no_byte_can_change(text: str) -> None:
    """Each byte of a line in turn, into each of its neighbours by one bit."""
    data = text.encode()
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            with pytest.raises(ProtocolError):
                parse(flipped.decode(errors="replace"))


objects = st.dictionaries(st.text(), st.integers() | st.text(), min_size=1).filter(
    lambda fields: "crc" not in fields
)


@given(objects)
def test_what_was_sealed_is_unsealed(fields: dict[str, int | str]) -> None:
    text = json.dumps(fields)
    assert json.loads(add_crc(text))["crc"] == zlib.crc32(text.removesuffix("}").encode())
    assert json.loads(check_crc(add_crc(text).encode())) == fields


@given(objects, st.data())
def test_what_was_sealed_and_changed_is_refused(
    fields: dict[str, int | str], data: st.DataObject
) -> None:
    text = json.dumps(fields, ensure_ascii=False)
    sealed = add_crc(text)
    at = data.draw(st.integers(0, len(text) - 2))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != sealed[at]))
    with pytest.raises(ValueError, match="crc"):
        check_crc((sealed[:at] + other + sealed[at + 1 :]).encode())


@given(st.text())
def test_a_line_without_a_checksum_is_taken_as_it_is(text: str) -> None:
    assert check_crc(f"{text}]".encode()) == f"{text}]".encode()


def test_both_spellings_of_a_seal_are_known() -> None:
    """The helper writes no spaces, Python's json does."""
    message = {"t": "end", "n": 2}
    assert json.loads(check_crc(line(message).encode())) == message
    assert json.loads(check_crc(add_crc(json.dumps(message)).encode())) == message


def test_a_changed_line_is_named() -> None:
    changed = stream(LIVE)[1].replace('"i":0', '"i":1')
    with pytest.raises(ProtocolError, match="changed after it was written"):
        read([stream(LIVE)[0], changed, *stream(LIVE)[2:]], LIVE)


@pytest.mark.parametrize("crc", ["-1", "1.0", '"1"', "null", "1e3", "[1]"])
def test_a_checksum_that_is_none_is_refused(crc: str) -> None:
    with pytest.raises(ProtocolError):
        parse(f'{{"t":"end","n":2,"crc":{crc}}}')


@pytest.mark.parametrize("text", ["", "}", '"crc":1}', ',"crc":1}', "\udcff}"])
def test_what_is_no_object_is_refused_by_the_parser(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse(text)
