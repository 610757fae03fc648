# SPDX-License-Identifier: GPL-2.0-only
"""What the plugin wrote becomes profiles: phases by their lengths, nodes by their functions."""

import pytest

from bench.errors import CellFailed
from bench.model.cell import Backing, Cell, Pages, Rep
from bench.model.method import Method, Phase
from bench.model.units import GIB
from bench.profile.profile import Function
from bench.profile.recording import (
    Marks,
    Recording,
    find_reps,
    profile_of,
    read_recording,
)

FUNCTIONS = [Function("entry"), Function("ioctl"), Function("unpin"), Function("main", "helper")]
CELL = Cell("sim-net-pa", Method.RESET_OWNER, GIB, Pages.THP, Backing.REAL, GIB)


def rep(method: Method = Method.RESET_OWNER, settle: int = 0, after: int = 0, **ticks: int) -> Rep:
    phases = {Phase(name): value for name, value in ticks.items()}
    pause = sum(ticks.values())
    return Rep(method, phases, pause, 0, 1, settle=settle, after_pause=after)


def recorded(*spans: str) -> Recording:
    """Spans such as "1:100 3:7": 100 instructions in node 1 and 7 in node 3, then a mark."""
    lines = ["n 1 0 0\n", "n 2 1 1\n", "n 3 2 2\n", "n 4 0 3\n", "n 5 0 9\n", "f 9 7f0000001000\n"]
    for span in spans:
        for word in span.split():
            node, count = word.split(":")
            lines.append(f"s {node} {count} 1\n")
        lines.append("m\n")
    return read_recording(lines)


def test_phases_are_the_row_of_marks_at_the_distances_that_were_measured() -> None:
    recording = recorded("4:1000", "4:30", "1:100 3:900", "4:25", "2:50", "4:17", "4:800")
    (found,) = find_reps(Marks(recording.at()), [rep(suspend=1000, release=25, map=50)])
    profile = profile_of(recording, found, FUNCTIONS, CELL, 1, ("instructions", "calls"))
    assert list(profile.spans) == ["suspend", "release", "map"]
    release = profile.by_function(profile.own(["release"]))
    suspend = profile.by_function(profile.own(["suspend"]))
    names = [each.name for each in profile.functions]
    assert dict(zip(names, suspend.tolist(), strict=True))["unpin"] == 900
    assert dict(zip(names, release.tolist(), strict=True))["main"] == 25
    assert [spent.counted - spent.ticks for spent in profile.spans.values()] == [0, 0, 0]


def test_the_clock_may_round_and_what_it_rounds_does_not_add_up() -> None:
    recording = recorded("4:10", "1:84999919", "4:1150000", "4:131", "4:118", "4:26742885", "4:118")
    lengths = {"release": 85_000_000, "exec": 1_150_000, "claim": 131, "vrings": 118}
    lengths |= {"map": 26_742_910, "start": 118}
    (found,) = find_reps(Marks(recording.at()), [rep(Method.VFIO_REMAP, **lengths)])
    assert [(each.begin, each.end) for each in found.values()] == [
        (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6),
    ]  # fmt: skip


def test_reps_follow_one_another() -> None:
    one = ("4:500", "1:300", "4:20")
    recording = recorded("4:9", *one, *one)
    reps = [rep(suspend=300, map=20), rep(suspend=300, map=20)]
    first, second = find_reps(Marks(recording.at()), reps)
    assert (first["suspend"].begin, second["suspend"].begin) == (1, 4)


def test_what_a_pause_leaves_out_is_a_span_of_its_own() -> None:
    recording = recorded("4:5", "4:40", "1:600", "4:60", "4:10", "4:30", "1:77", "4:3")
    one = rep(settle=600, after=77, exec=100, map=10)
    (found,) = find_reps(Marks(recording.at()), [one])
    profile = profile_of(recording, found, FUNCTIONS, CELL, 0, ("instructions", "calls"))
    assert list(profile.spans) == ["exec", "map", "settle", "after-pause"]
    assert [spent.counted for spent in profile.spans.values()] == [100, 10, 600, 77]
    assert profile.phases == ("exec", "map")


def test_what_happens_behind_the_next_rep_is_not_after_this_ones_pause() -> None:
    recording = recorded("4:5", "1:100", "4:30", "1:70", "4:4", "1:110", "4:30", "1:77", "4:3")
    reps = [rep(after=70, map=100), rep(after=77, map=110)]
    first, second = find_reps(Marks(recording.at()), reps)
    assert (first["after-pause"].begin, second["after-pause"].begin) == (2, 6)


def test_the_phases_of_pinning_are_apart() -> None:
    recording = recorded("4:5", "1:4000", "4:333", "1:2000", "4:1")
    (found,) = find_reps(Marks(recording.at()), [rep(Method.IO_URING, pin=4000, unpin=2000)])
    assert [(each.begin, each.end) for each in found.values()] == [(0, 1), (2, 3)]


def test_phases_that_are_not_there_are_said() -> None:
    recording = recorded("4:5", "1:4000", "4:333")
    with pytest.raises(CellFailed, match="not to be found"):
        find_reps(Marks(recording.at()), [rep(suspend=4000, map=500)])
    with pytest.raises(CellFailed, match="phase pin is not"):
        find_reps(Marks([]), [rep(Method.IO_URING, pin=1, unpin=1)])


def test_a_phase_without_instructions_has_no_node() -> None:
    recording = recorded("4:5", "1:40")
    (found,) = find_reps(Marks(recording.at()), [rep(populate=0, map=40)])
    profile = profile_of(recording, found, FUNCTIONS, CELL, 0, ("instructions", "calls"))
    assert profile.spans["populate"].counted == 0
    assert profile.spans["populate"].counts.shape == (0, 2)


def test_code_without_a_symbol_has_its_page() -> None:
    recording = recorded("4:5", "5:40")
    (found,) = find_reps(Marks(recording.at()), [rep(map=40)])
    profile = profile_of(recording, found, FUNCTIONS, CELL, 0, ("instructions", "calls"))
    assert profile.functions == (Function("0x7f0000001000", "user"),)


def test_a_line_that_was_not_finished_is_left_out() -> None:
    recording = read_recording(["n 1 0 0\n", "s 1 5 1\n", "m\n", "s 1 7"])
    assert recording.at() == [5]
