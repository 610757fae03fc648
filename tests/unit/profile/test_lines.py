# SPDX-License-Identifier: GPL-2.0-only
"""Lines of source: how often each ran, by what addr2line says of addresses."""

from bench.profile.lines import addresses, by_line, read_lines
from bench.profile.recording import Found, read_recording


def test_the_first_instructions_of_a_block_ran_as_often_as_is_said() -> None:
    recording = read_recording(
        ["b 0 1000 1004 1008\n", "m\n", "x 0 3 10\n", "x 0 1 1\n", "m\n", "x 0 3 7\n", "m\n"]
    )
    assert addresses(recording, Found(0, 0, 1)) == {0x1000: 11, 0x1004: 10, 0x1008: 10}
    assert addresses(recording, Found(0, 0, 2))[0x1008] == 17


def test_answers_lose_the_place_of_the_tree_and_remarks() -> None:
    answers = ["/home/a/linux/mm/gup.c:98 (discriminator 3)", "??:0", "??:?", "/home/a/linux/x.S:7"]
    lines = read_lines([1, 2, 3, 4], answers, "/home/a/linux/")
    assert lines == {1: "mm/gup.c:98", 4: "x.S:7"}


def test_what_has_no_line_adds_up_too() -> None:
    found = by_line({1: 5, 2: 7, 3: 1}, {1: "a.c:1", 3: "a.c:1"})
    assert found == {"??:0": 7, "a.c:1": 6}
