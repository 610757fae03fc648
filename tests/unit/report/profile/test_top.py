# SPDX-License-Identifier: GPL-2.0-only
"""Tables of functions: what each spent itself, and with all that it called."""

from dataclasses import replace

from bench.profile.profile import Spent
from bench.report.profile.portion import portion
from bench.report.profile.top import function_rows, top_section
from bench.report.table.section import Section
from bench.report.text.text import sections_text
from tests.unit.profiles import RELEASE, hostile, large, profile
from tests.unit.runs import RESET


def table(section: Section) -> dict[str, list[str]]:
    (only,) = section.tables
    return {row[0].text: [entry.text for entry in row[1:]] for row in only.rows}


def test_each_function_with_its_shares() -> None:
    cell = replace(RESET, mem=100 * 4096)
    section = top_section(portion(profile(cell=cell), ["release"]))
    rows = table(section)
    assert section.title == f"Functions of release: {cell.label}"
    assert rows["unpin_user_page"] == ["2.000 k", "35.1%", "3.600 k", "20"]
    assert rows["vhost_vdpa_pa_unmap [vhost_vdpa]"] == ["700", "12.3%", "5.600 k", "7"]
    assert rows["all"] == ["5.700 k", "100.0%", "", "57"]
    assert "interrupt" not in rows  # it spent nothing itself
    assert section.lines == ("5700 instructions, 5700 by the guest's clock: within 0.01%",)


def test_the_rows_add_up() -> None:
    taken = portion(large(500))
    rows = function_rows(taken)
    assert sum(row.own for row in rows) == taken.total
    assert [row.own for row in rows] == sorted((row.own for row in rows), reverse=True)
    shown = table(top_section(taken, 3))
    assert list(shown)[:3] == [row.function.label for row in rows[:3]]
    assert list(shown)[3:] == [f"{len(rows) - 3} more functions", "all"]


def test_how_far_the_count_is_from_the_clock() -> None:
    made = profile({"release": RELEASE})
    spent = made.spans["release"]
    off = replace(made, spans={"release": Spent(5000, spent.nodes, spent.counts)})
    (line,) = top_section(portion(off)).lines
    assert line == "5700 instructions, 5000 by the guest's clock: +14.00%"


def test_a_span_without_instructions_says_so() -> None:
    section = top_section(portion(profile({"release": RELEASE, "exec": {}}), ["exec"]))
    assert (section.tables, section.lines) == ((), ("no instructions in exec",))


def test_another_kind_is_not_held_against_the_clock() -> None:
    made = profile({"release": {"a": (9, 4)}}, kinds=("instructions", "atomics"), notes=("a note",))
    section = top_section(portion(made, kind="atomics"))
    assert section.lines == () and section.notes[0].startswith("atomics, of each function")
    assert section.notes[1:] == ("a note",)


def test_hostile_names_are_lines_of_a_table() -> None:
    section = top_section(portion(hostile()))
    (only,) = section.tables
    text = sections_text([section])
    assert len(text.splitlines()) == len(only.rows) + 4  # title, note, heads, and the clock
    assert max(len(line) for line in text.splitlines()) < 130


def test_lines_of_source_where_they_were_recorded() -> None:
    lines = {
        "release": {"mm/gup.c:10": 4000, "a\nb:1": 1000, "??:0": 700},
        "exec": {"mm/gup.c:10": 60},
    }
    made = replace(profile(), lines=lines)
    _, found = top_section(portion(made, ["release"]), 2).tables
    assert [[entry.text for entry in row][:3] for row in found.rows] == [
        ["mm/gup.c:10", "4.000 k", "70.2%"],
        ["a\\nb:1", "1.000 k", "17.5%"],
        ["1 more line", "700", "12.3%"],
    ]
    (_, both) = top_section(portion(made)).tables
    assert both.rows[0][1].text == "4.060 k"
    assert len(top_section(portion(profile())).tables) == 1
