# SPDX-License-Identifier: GPL-2.0-only
"""Lines of the real helper: their checksum is the one that Python knows, and it tells."""

import json
from pathlib import Path

import pytest

from bench.errors import ProtocolError
from bench.model.cell import Block, Method, Rep, Unavailable
from bench.protocol.helper import helper_words
from bench.protocol.messages import parse, read_reps
from bench.results.crc import check_crc
from tests.helper.running import run
from tests.unit.streams import small_block

RUNS = {
    "handover": ["live-update", "--order", "exec-only,exec-only"],
    "pin": ["pin", "--order", "populate,iotlb,populate", "--counters"],
    "null": ["null", "--order", "exec-only", "--loops", "1000"],
    "skip": ["pin", "--order", "iotlb"],
    "error": ["live-update", "--order", "new-owner", "--device", "/dev/null"],
}


@pytest.mark.parametrize("words", RUNS.values(), ids=RUNS)
def test_every_line_is_sealed(helper: Path, words: list[str]) -> None:
    ended = run(helper, *words, "--mem", "65536", "--pages", "4k")
    assert len(ended.lines) >= 2
    for text in ended.lines:
        assert list(json.loads(text))[-1] == "crc"
        without = json.loads(text)
        del without["crc"]
        assert json.loads(check_crc(text.encode())) == without
        parse(text)


def test_a_line_that_was_changed_is_refused(helper: Path) -> None:
    """Any byte of any line of a run, by any one bit."""
    ended = run(helper, *RUNS["pin"], "--mem", "65536", "--pages", "4k")
    assert {message["t"] for message in ended.messages} == {"hello", "skip", "rep", "end"}
    for text in ended.lines:
        data = text.encode()
        for at in range(len(data)):
            flipped = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
            with pytest.raises(ProtocolError):
                parse(flipped.decode(errors="replace"))


def test_a_name_that_has_to_be_escaped_is_sealed_too(helper: Path) -> None:
    device = '/dev/"\\\x01\u00e9'
    ended = run(helper, *RUNS["skip"], "--mem", "65536", "--pages", "4k", "--device", device)
    for text in ended.lines:
        parse(text)


def measured(helper: Path, block: Block) -> list[Rep | Unavailable]:
    ended = run(helper, *helper_words(block, [], out="1"))
    exit_line = f'{{"t":"exit","code":{ended.code}}}'
    return [*read_reps([*ended.lines, exit_line], block)]


@pytest.mark.parametrize(
    "block",
    [
        small_block(method="exec-only", device="none", pages="4k", mem="1M", handover="transfer"),
        small_block(method="exec-only", device="none", pages="4k", mem="1M", handover="fork"),
        small_block(method="populate,iotlb,gup-test", device="none", pages="4k", threads=3),
        small_block(method="populate", device="none", pages="4k", mem="1M", ptes="warm", reps=9),
    ],
    ids=["transfer", "fork", "pin", "warm"],
)
def test_a_block_of_a_plan_is_measured(helper: Path, block: Block) -> None:
    """The command line, the helper and the reader of its lines are of one mind."""
    items = measured(helper, block)
    missing = {item.method for item in items if isinstance(item, Unavailable)}
    reps = [item for item in items if isinstance(item, Rep)]
    assert missing <= {Method.IOTLB, Method.GUP_TEST}
    assert (Method.IOTLB in missing) == (Method.IOTLB in block.order)
    assert tuple(rep.method for rep in reps) == block.order_without(missing)
    assert {rep.pinned for rep in reps} == {0}
