# SPDX-License-Identifier: GPL-2.0-only
"""The guest's clock against a loop of known length: counts that are none are refused."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from bench.errors import CellFailed, CellSkipped, GuestLost, ProtocolError
from bench.executors.guest import CHECK_CLOCK
from bench.guest.boot import Guest
from bench.model.method import Phase
from bench.protocol.messages import PROTO
from tests.unit.streams import line


class FakeGuest:
    """Answers every command with the same lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.commands: list[str] = []
        self._lines = lines

    def lines(self, command: str, deadline: float) -> Iterator[str]:
        assert deadline > 0
        self.commands.append(command)
        yield from self._lines


class Ticking(FakeGuest):
    """A guest whose clock advances some ticks an instruction, another rate each rep."""

    def __init__(self, *rates: float) -> None:
        super().__init__(())
        self._rates = rates

    def lines(self, command: str, deadline: float) -> Iterator[str]:
        yield from super().lines(command, deadline)
        (loops,) = re.findall(r"--loops (\d+)", command)
        pauses = [int(2 * int(loops) * rate) for rate in self._rates]
        yield from stream([rep(number, pause) for number, pause in enumerate(pauses)])


def rep(number: int, pause: int) -> dict[str, Any]:
    phases = {phase.value: 0 for phase in Phase} | {"exec": pause}
    message = {"t": "rep", "i": number, "method": "exec-only", "phases": phases}
    return {**message, "pause": pause, "vmpin_kb": 0, "extents": 2}


def stream(reps: list[dict[str, Any]]) -> list[str]:
    hello = {"t": "hello", "proto": PROTO, "experiment": "null", "params": {}}
    messages = [hello, *reps, {"t": "end", "n": len(reps)}, {"t": "exit", "code": 0}]
    return [line(message) for message in messages]


def check(guest: FakeGuest) -> None:
    CHECK_CLOCK.take(cast(Guest, guest))


@pytest.mark.parametrize("rate", [1.0, 1.0001, 1.0009, 1.0199])
def test_a_tick_an_instruction_is_good(rate: float) -> None:
    guest = Ticking(rate, rate, rate)
    check(guest)
    (command,) = guest.commands
    assert command.startswith("bench-helper null --out 4 ")
    assert command.endswith(" --order exec-only,exec-only,exec-only")


def test_a_rep_that_was_interrupted_is_not_the_clock() -> None:
    check(Ticking(1.3, 1.0005, 1.0004))


@pytest.mark.parametrize("rate", [2.0, 1.021, 1.5, 0.999, 0.5, 0.0, 1000.0])
def test_another_rate_is_refused(rate: float) -> None:
    with pytest.raises(GuestLost) as caught:
        check(Ticking(rate, rate, rate))
    assert f"advances {rate:.3f} ticks an instruction instead of 1" in caught.value.message
    assert "cannot be trusted" in caught.value.hint


def test_one_rep_that_is_too_short_is_refused() -> None:
    with pytest.raises(GuestLost):
        check(Ticking(1.0, 0.5, 1.0))


def test_no_rep_is_refused() -> None:
    with pytest.raises(GuestLost):
        check(Ticking())


WHOLE = stream([rep(number, 20_000_000) for number in range(3)])


def test_the_whole_stream_is_good() -> None:
    check(FakeGuest(WHOLE))


@pytest.mark.parametrize("kept", range(len(WHOLE)))
def test_a_stream_that_ends_early_is_refused(kept: int) -> None:
    with pytest.raises(ProtocolError):
        check(FakeGuest(WHOLE[:kept]))


@pytest.mark.parametrize(
    "lines",
    [
        ['{"t":"exit","code":127}'],
        ["sh: bench-helper: not found", '{"t":"exit","code":127}'],
        [WHOLE[0], line({"t": "error", "op": "x", "errno": 1, "text": "y"})],
    ],
)
def test_a_helper_that_fails_is_refused(lines: list[str]) -> None:
    with pytest.raises(CellFailed):
        check(FakeGuest(lines))


def test_a_helper_that_skips_is_no_good_clock() -> None:
    with pytest.raises((CellFailed, CellSkipped)):
        check(FakeGuest([WHOLE[0], line({"t": "skip", "why": "x", "need": "y"})]))
