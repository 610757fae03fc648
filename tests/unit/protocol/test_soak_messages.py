# SPDX-License-Identifier: GPL-2.0-only
"""Lines that only a soak has: a footprint joins its rep, and errors name the handover."""

from collections.abc import Iterator, Sequence

import pytest

from bench.errors import CellFailed, GuestHung, ProtocolError
from bench.model.cell import Rep
from bench.protocol.messages import read_reps
from tests.unit.soaks import BLOCK, soak_stream, steady, up_to
from tests.unit.streams import line, small_block, stream

ERROR = {"t": "error", "op": "io", "errno": 0, "text": "the device did not answer"}


def reps_of(lines: Sequence[str] | Iterator[str]) -> list[Rep]:
    return [item for item in read_reps(iter(lines), BLOCK) if isinstance(item, Rep)]


def test_a_footprint_becomes_part_of_its_rep() -> None:
    reps = reps_of(soak_stream())
    assert [rep.counters["handovers"] for rep in reps] == [100, 200, 300, 400, 500, 600, 700]
    for rep in reps:
        expected = steady(rep.counters["handovers"])
        assert {name: rep.counters[name] for name in expected} == expected


def test_other_blocks_have_no_such_counts() -> None:
    block = small_block()
    assert all(not r.counters for r in read_reps(stream(block), block) if isinstance(r, Rep))


def test_an_error_says_in_which_handover() -> None:
    done = line({"t": "done", "handovers": 201})
    with pytest.raises(CellFailed) as caught:
        reps_of([*up_to(1), done, line(ERROR)])
    assert caught.value.message == "io: the device did not answer (in handover 202)"


def test_an_error_in_the_first_one_does_too() -> None:
    with pytest.raises(CellFailed, match=r"answer \(in handover 1\)"):
        reps_of([soak_stream()[0], line(ERROR)])


def test_a_guest_that_hangs_says_in_which_handover() -> None:
    def lines() -> Iterator[str]:
        yield from up_to(2)
        raise GuestHung("no word from the guest for 121 s", "the console ends with: ...")

    with pytest.raises(GuestHung) as caught:
        reps_of(lines())
    assert caught.value.message == "no word from the guest for 121 s (in handover 301)"


def test_a_stream_that_stops_says_in_which_handover() -> None:
    with pytest.raises(ProtocolError, match=r"stopped short after 4 results \(in handover 401\)"):
        reps_of(up_to(3))
