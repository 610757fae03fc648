# SPDX-License-Identifier: GPL-2.0-only
"""The helper's protocol: a stream is whole and right, or it is nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError, CellFailed, CellSkipped, ProtocolError
from bench.model.cell import Block, Rep, Unavailable
from bench.model.method import Experiment, Method
from bench.model.units import MIB
from bench.protocol.messages import Check, Exit, Ready, parse, read_items, read_reps
from tests.unit.streams import (
    DRIFT,
    PAUSES,
    failing_stream,
    line,
    messages,
    small_block,
    stream,
)

BLOCK = small_block()
GOOD = stream(BLOCK)
Messages = list[dict[str, Any]]


def read(lines: list[str], block: Block = BLOCK) -> list[Rep]:
    """The reps of a stream in which every method can be had."""
    return [rep for rep in read_reps(lines, block) if not isinstance(rep, Unavailable)]


def changed(change: Callable[[Messages], object]) -> list[str]:
    """The good stream after ``change`` was made to its messages."""
    altered = messages(BLOCK)
    change(altered)
    return [line(message) for message in altered]


def test_a_good_stream() -> None:
    reps = read(GOOD)
    assert [rep.method for rep in reps] == list(BLOCK.order)
    pauses = [PAUSES[method] + number * DRIFT for number, method in enumerate(BLOCK.order)]
    assert [rep.pause for rep in reps] == pauses
    assert {rep.pinned for rep in reps} == {64 * MIB}
    assert {rep.extents for rep in reps} == {2}
    for rep in reps:
        assert tuple(rep.phases) == Experiment.LIVE_UPDATE.phases
        assert sum(rep.phases.values()) == rep.pause


def test_a_good_stream_of_every_block_of_all_methods() -> None:
    block = small_block(method="reopen,new-owner,reset-owner", reps=9)
    assert len(read(stream(block), block)) == 28


def test_reps_come_one_by_one() -> None:
    reps = read_reps(GOOD[:3], BLOCK)
    assert [next(reps).method, next(reps).method] == list(BLOCK.order[:2])
    with pytest.raises(ProtocolError, match="stopped short"):
        next(reps)


@pytest.mark.parametrize("kept", range(len(GOOD)))
def test_a_truncated_stream_is_refused(kept: int) -> None:
    with pytest.raises(ProtocolError):
        read(GOOD[:kept])


@pytest.mark.parametrize("lost", range(len(GOOD)))
def test_a_lost_line_is_noticed(lost: int) -> None:
    with pytest.raises(ProtocolError):
        read([*GOOD[:lost], *GOOD[lost + 1 :]])


@pytest.mark.parametrize("again", range(len(GOOD) - 1))
def test_a_repeated_line_is_noticed(again: int) -> None:
    with pytest.raises(ProtocolError):
        read([*GOOD[: again + 1], *GOOD[again:]])


@pytest.mark.parametrize("number", range(len(GOOD)))
@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "Segmentation fault",
        "{",
        "null",
        "[]",
        "{}",
        '{"t":"banana"}',
        '{"t":["rep"]}',
        '{"t":"end","n":"5"}',
        '{"t":"end","n":-1}',
        '{"t":"end","n":5,"more":1}',
        "[" * 10_000,
        "9" * 10_000,
        "\x00",
    ],
    ids=lambda text: text[:12],
)
def test_rubbish_is_noticed_at_every_line(number: int, rubbish: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read([*GOOD[:number], rubbish, *GOOD[number:]])
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 1000


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda m: m[0].update(proto=2), id="another protocol"),
        pytest.param(lambda m: m[0].update(proto="1"), id="protocol as text"),
        pytest.param(lambda m: m[0].update(experiment="null"), id="another experiment"),
        pytest.param(lambda m: m[0]["params"].update(mem=128 * MIB), id="another size"),
        pytest.param(lambda m: m[0]["params"].update(file=32 * MIB), id="another backing"),
        pytest.param(lambda m: m[0]["params"].update(pages="4k"), id="other pages"),
        pytest.param(lambda m: m[0]["params"].update(warm=True), id="other page tables"),
        pytest.param(lambda m: m[0]["params"].update(regions=2), id="other regions"),
        pytest.param(lambda m: m[-2].update(n=4), id="end counts too few"),
        pytest.param(lambda m: m[-2].update(n=6), id="end counts too many"),
        pytest.param(lambda m: m[-1].update(code=1), id="it exits with 1"),
        pytest.param(lambda m: m[-1].update(code=139), id="it dies at its exit"),
        pytest.param(lambda m: m.insert(-1, {"t": "end", "n": 5}), id="two ends"),
        pytest.param(lambda m: m.reverse(), id="backwards"),
        pytest.param(lambda m: m.insert(1, m.pop(2)), id="reps swapped"),
        pytest.param(lambda m: m[1].update(i=1), id="a rep with another number"),
        pytest.param(lambda m: m[1].update(method="reopen"), id="another method"),
        pytest.param(lambda m: m[1].update(method="magic"), id="an unknown method"),
        pytest.param(lambda m: m[1].update(pause=1), id="another pause"),
        pytest.param(lambda m: m[1]["phases"].update(map=0), id="another phase"),
        pytest.param(lambda m: m[1]["phases"].pop("populate"), id="a phase missing"),
        pytest.param(lambda m: m[1]["phases"].update(nap=0), id="an unknown phase"),
        pytest.param(lambda m: m[1]["phases"].update(map="0"), id="a phase as text"),
        pytest.param(lambda m: m[1].update(pause=1.3e6), id="a pause with a fraction"),
        pytest.param(lambda m: m[1].update(vmpin_kb=-1), id="negative pins"),
        pytest.param(lambda m: m[1].pop("extents"), id="a field missing"),
        pytest.param(lambda m: m[1].update(extra=0), id="a field too many"),
    ],
)
def test_a_wrong_stream_is_refused(change: Callable[[Messages], object]) -> None:
    with pytest.raises(ProtocolError):
        read(changed(change))


def test_a_helper_of_before_calls_extents_runs() -> None:
    lines = changed(lambda m: m[1].update(runs=m[1].pop("extents")))
    assert read(lines) == read(changed(lambda m: None))


def test_a_pause_beyond_64_bits_is_refused() -> None:
    def change(altered: Messages) -> None:
        huge = 1 << 64
        altered[1].update(pause=altered[1]["pause"] + huge)
        altered[1]["phases"]["map"] += huge

    with pytest.raises(ProtocolError):
        read(changed(change))


def test_a_stream_of_fewer_reps_that_says_so_is_refused() -> None:
    lines = [*GOOD[:4], line({"t": "end", "n": 3}), GOOD[-1]]
    with pytest.raises(ProtocolError, match="3 reps of 5"):
        read(lines)


def test_a_stream_of_more_reps_is_refused() -> None:
    def change(altered: Messages) -> None:
        altered.insert(-2, {**altered[-3], "i": 5})
        altered[-2].update(n=6)

    with pytest.raises(ProtocolError, match="rep 5 was due"):
        read(changed(change))


def test_a_check_is_no_rep() -> None:
    check = {"t": "check", "name": "pins", "ok": True, "got": "", "value": 1, "want": 1}
    with pytest.raises(ProtocolError, match="rep 0 was due"):
        read([GOOD[0], line(check), *GOOD[1:]])
    items = read_items([GOOD[0], line(check), line({"t": "end", "n": 1}), GOOD[-1]])
    assert [type(item) for item in items] == [Check]


@pytest.mark.parametrize("reps", range(6))
def test_an_error_is_quoted(reps: int) -> None:
    error = {"t": "error", "op": "IOTLB_UPDATE", "errno": 12, "text": "no room: raise memlock"}
    with pytest.raises(CellFailed) as caught:
        read(failing_stream(BLOCK, reps, error))
    assert not isinstance(caught.value, ProtocolError)
    assert caught.value.message == "IOTLB_UPDATE: no room: raise memlock"


def test_an_operation_is_named_once() -> None:
    error = {"t": "error", "op": "NEW_OWNER", "errno": 22, "text": "NEW_OWNER: Invalid argument"}
    with pytest.raises(CellFailed, match=r"^NEW_OWNER: Invalid argument$"):
        read(failing_stream(BLOCK, 0, error))


def test_a_skip_says_what_is_needed() -> None:
    skip = {"t": "skip", "why": "the kernel has no NEW_OWNER", "need": "the live-update series"}
    with pytest.raises(CellSkipped) as caught:
        read(failing_stream(BLOCK, 0, skip))
    assert caught.value.message == "the kernel has no NEW_OWNER"
    assert caught.value.hint == "the live-update series"


def test_a_helper_that_never_said_hello() -> None:
    with pytest.raises(ProtocolError, match="before it said hello: it is not there"):
        read([line({"t": "exit", "code": 127})])
    with pytest.raises(ProtocolError, match="said nothing"):
        read([])


def test_messages_of_the_guest() -> None:
    ready = parse('{"t":"ready","kernel":"6.12","clocksource":"tsc"}')
    assert ready == Ready(kernel="6.12", clocksource="tsc")
    assert parse('{"t":"exit","code":-6}') == Exit(code=-6)


@given(st.lists(st.text()))
def test_any_text_is_refused(lines: list[str]) -> None:
    with pytest.raises(BenchError):
        read(lines)


@given(st.permutations(range(len(GOOD))))
def test_lines_in_another_order_are_refused(order: list[int]) -> None:
    if order == sorted(order):
        assert len(read(GOOD)) == len(BLOCK.order)
        return
    with pytest.raises(ProtocolError):
        read([GOOD[number] for number in order])


def test_methods_are_told_apart_by_their_pauses() -> None:
    quick = dict.fromkeys(Method, 1000) | {Method.RESET_OWNER: 7000}
    reps = read(stream(BLOCK, quick))
    assert {rep.method for rep in reps if rep.pause < 7000} == {Method.NEW_OWNER}
