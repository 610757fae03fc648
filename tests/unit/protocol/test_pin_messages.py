# SPDX-License-Identifier: GPL-2.0-only
"""Streams of pin loops, and of blocks with methods that cannot be had where they run."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import CellFailed, CellSkipped, ProtocolError
from bench.model.cell import Block, Rep, Unavailable
from bench.model.method import Experiment, Method, Phase
from bench.model.units import MIB
from bench.protocol.messages import read_reps
from tests.unit.streams import (
    LIVE_METHODS,
    PIN_METHODS,
    line,
    messages,
    skip_of,
    small_block,
    stream,
)

BLOCK = small_block(method=",".join(PIN_METHODS), device="none", threads=2, reps=3)
LIVE = small_block(method="new-owner,reset-owner,reopen", reps=3)
Messages = list[dict[str, Any]]


def read(lines: list[str], block: Block = BLOCK) -> list[Rep | Unavailable]:
    return list(read_reps(lines, block))


def reps_of(items: list[Rep | Unavailable]) -> list[Rep]:
    return [item for item in items if isinstance(item, Rep)]


def changed(change: Callable[[Messages], object], block: Block = BLOCK) -> list[str]:
    altered = messages(block)
    change(altered)
    return [line(message) for message in altered]


def test_a_good_stream() -> None:
    reps = reps_of(read(stream(BLOCK)))
    assert [rep.method for rep in reps] == list(BLOCK.order)
    for rep in reps:
        assert tuple(rep.phases) == (Phase.PIN, Phase.UNPIN) == Experiment.PIN.phases
        assert sum(rep.phases.values()) == rep.pause
        assert rep.window == 32 * MIB
        assert rep.counters == {}
    held = {rep.method: rep.pinned for rep in reps}
    assert held[Method.IO_URING] == held[Method.MLOCK] == 64 * MIB
    assert held[Method.POPULATE] == held[Method.GUP_TEST] == 0


def test_counters_are_kept() -> None:
    counts = {"instructions-kernel": 12, "page-faults": 0}
    lines = changed(lambda m: m[2].update(counters=counts))
    assert [rep.counters for rep in reps_of(read(lines))[:3]] == [{}, counts, {}]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda m: m[0].update(experiment="live-update"), id="another experiment"),
        pytest.param(lambda m: m[0]["params"].update(threads=1), id="fewer threads"),
        pytest.param(lambda m: m[0]["params"].pop("threads"), id="no word of threads"),
        pytest.param(lambda m: m[0]["params"].update(reps=15), id="fewer reps"),
        pytest.param(lambda m: m[1]["phases"].update(map=0), id="a phase of a live update"),
        pytest.param(lambda m: m[1]["phases"].pop("unpin"), id="a phase missing"),
        pytest.param(lambda m: m[1].update(pause=1), id="another pause"),
        pytest.param(lambda m: m[1].update(method="new-owner"), id="a live update"),
        pytest.param(lambda m: m[1].update(vmpin_kb=64 * 1024 + 4), id="more than there is"),
        pytest.param(lambda m: m[1].update(window=-1), id="a window of less than nothing"),
        pytest.param(lambda m: m[1].update(window=1.5), id="half a byte"),
        pytest.param(lambda m: m[1].update(counters={"x": -1}), id="a negative count"),
        pytest.param(lambda m: m[1].update(counters=[1]), id="counts without names"),
        pytest.param(lambda m: m[3].update(extents=1), id="other memory"),
    ],
)
def test_a_wrong_stream_is_refused(change: Callable[[Messages], object]) -> None:
    with pytest.raises(ProtocolError):
        read(changed(change))


@pytest.mark.parametrize("kb", [0, 64 * 1024 - 4, 64 * 1024 + 4])
def test_pins_of_a_live_update_are_those_of_its_cell(kb: int) -> None:
    lines = changed(lambda m: m[1].update(vmpin_kb=kb), LIVE)
    with pytest.raises(ProtocolError, match=f"{kb * 1024} bytes pinned of {64 * MIB}"):
        read(lines, LIVE)


@pytest.mark.parametrize("fields", [{"device": "sim-net-va"}, {"method": "exec-only"}])
def test_pins_without_a_device_that_pins_are_refused(fields: dict[str, str]) -> None:
    block = small_block(**fields)
    assert {rep.pinned for rep in reps_of(read(stream(block), block))} == {0}
    with pytest.raises(ProtocolError, match="bytes pinned"):
        read(changed(lambda m: m[1].update(vmpin_kb=64 * 1024), block), block)


def test_pins_of_a_block_are_those_of_each_method() -> None:
    """In one stream: memory is pinned for a device, and for the handover alone it is not."""
    devices = "sim-net-va,vfio-type1,none"
    block = small_block(device=devices, method="new-owner,vfio-vaddr,exec-only")
    for number, rep in enumerate(reps_of(read(stream(block), block)), 1):
        assert rep.pinned == (64 * MIB if rep.method is Method.VFIO_VADDR else 0)
        altered = messages(block)
        altered[number].update(vmpin_kb=64 * 1024 - rep.pinned // 1024)
        with pytest.raises(ProtocolError, match="bytes pinned"):
            read([*map(line, altered)], block)


@pytest.mark.parametrize("kb", [0, 64 * 1024])
def test_a_device_of_this_machine_may_pin_or_not(kb: int) -> None:
    block = small_block(device="/dev/vhost-vdpa-0")

    def change(altered: Messages) -> None:
        for message in altered[1:-2]:
            message.update(vmpin_kb=kb)

    reps = reps_of(read(changed(change, block), block))
    assert {rep.pinned for rep in reps} == {kb * 1024}
    with pytest.raises(ProtocolError):
        read(changed(lambda m: m[1].update(vmpin_kb=64 * 1024 + 4), block), block)


def test_memory_that_changes_its_extents_is_refused() -> None:
    lines = changed(lambda m: m[-3].update(extents=3), LIVE)
    with pytest.raises(ProtocolError, match="memory of 2 extents now has 3"):
        read(lines, LIVE)


missing_pins = st.lists(st.sampled_from(PIN_METHODS), unique=True, max_size=len(PIN_METHODS) - 1)


@given(missing_pins)
def test_the_other_methods_are_measured(missing: list[Method]) -> None:
    items = read(stream(BLOCK, without=missing))
    head, reps = items[: len(missing)], reps_of(items)
    assert head == [Unavailable(method, f"no {method}", f"a {method}") for method in missing]
    assert items[len(missing) :] == reps
    left = [method for method in PIN_METHODS if method not in missing]
    assert len(reps) == 1 + 3 * len(left)
    assert {rep.method for rep in reps} == set(left)


def test_a_live_update_can_lack_a_method_too() -> None:
    items = read(stream(LIVE, without=[Method.NEW_OWNER]), LIVE)
    assert isinstance(items[0], Unavailable)
    assert {rep.method for rep in reps_of(items)} == {Method.RESET_OWNER, Method.REOPEN}


def test_a_skip_after_a_rep_is_refused() -> None:
    lines = stream(BLOCK)
    lines.insert(2, line(skip_of(Method.MLOCK)))
    with pytest.raises(ProtocolError, match="rep 1 was due"):
        read(lines)


@pytest.mark.parametrize("method", [Method.NEW_OWNER, Method.EXEC_ONLY])
def test_a_skip_of_what_nobody_asked_for_is_refused(method: Method) -> None:
    with pytest.raises(ProtocolError, match="rep 0 was due"):
        read([stream(BLOCK)[0], line(skip_of(method)), *stream(BLOCK)[1:]])


def test_a_skip_twice_is_refused() -> None:
    twice = [line(skip_of(Method.MLOCK))] * 2
    lines = stream(BLOCK, without=[Method.MLOCK])
    with pytest.raises(ProtocolError, match="rep 0 was due"):
        read([lines[0], *twice, *lines[2:]])


def test_a_rep_of_a_method_that_cannot_be_had_is_refused() -> None:
    lines = stream(BLOCK)
    with pytest.raises(ProtocolError):
        read([lines[0], line(skip_of(BLOCK.order[1])), *lines[1:]])


@pytest.mark.parametrize("left", range(1, 4))
def test_fewer_reps_than_are_left_are_refused(left: int) -> None:
    lines = stream(BLOCK, without=PIN_METHODS[1:])
    kept = lines[: len(PIN_METHODS) + left]
    ended = [line({"t": "end", "n": left}), lines[-1]]
    with pytest.raises(ProtocolError, match=f"{left} reps of 4"):
        read([*kept, *ended])


def test_a_skip_without_a_method_ends_the_block() -> None:
    """The last method that goes takes the block with it."""
    skips = [skip_of(method) for method in PIN_METHODS[1:]]
    last = {key: value for key, value in skip_of(PIN_METHODS[0]).items() if key != "method"}
    lines = [stream(BLOCK)[0], *map(line, skips), line(last), line({"t": "exit", "code": 4})]
    taken: list[Rep | Unavailable] = []
    with pytest.raises(CellSkipped) as caught:
        taken.extend(read_reps(lines, BLOCK))
    assert (caught.value.message, caught.value.hint) == ("no io-uring", "a io-uring")
    assert [type(item) for item in taken] == [Unavailable] * len(skips)


def test_an_error_after_a_skip_fails_the_block() -> None:
    error = {"t": "error", "op": "held", "errno": 0, "text": "held: 0 kB"}
    lines = stream(BLOCK, without=[Method.MLOCK])[:3]
    taken: list[Rep | Unavailable] = []
    with pytest.raises(CellFailed, match="0 kB"):
        taken.extend(read_reps([*lines, line(error), line({"t": "exit", "code": 1})], BLOCK))
    assert [type(item) for item in taken] == [Unavailable, Rep]


def test_every_experiment_has_its_methods_and_phases() -> None:
    starts = {m for m in Method if m.experiment is Experiment.VMM_START}
    assert {*LIVE_METHODS, *PIN_METHODS} | starts == {*Method}
    assert starts and not starts & {*LIVE_METHODS, *PIN_METHODS}
    assert not {*LIVE_METHODS} & {*PIN_METHODS}
    assert {*Experiment.PIN.phases, *Experiment.LIVE_UPDATE.phases} == {*Phase}
    assert not {*Experiment.PIN.phases} & {*Experiment.LIVE_UPDATE.phases}
