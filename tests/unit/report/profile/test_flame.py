# SPDX-License-Identifier: GPL-2.0-only
"""Flame graphs: widths that add up, names that fit, files that are XML and stay small."""

import re
from collections import defaultdict
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len

from bench.profile.profile import Function
from bench.report.profile.difference import joined
from bench.report.profile.flame import (
    Frame,
    Graph,
    flame,
    flame_difference,
    flame_file,
    flame_svg,
)
from bench.report.profile.portion import portion
from tests.unit.profiles import EXEC, HOSTILE, RELEASE, hostile, large, made_profile, profile

SVG = "{http://www.w3.org/2000/svg}"


def by_row(graph: Graph) -> list[list[Frame]]:
    rows: dict[int, list[Frame]] = defaultdict(list)
    for frame in graph.frames:
        rows[frame.row].append(frame)
    return [sorted(rows[row], key=lambda frame: frame.left) for row in sorted(rows)]


def check_widths(graph: Graph) -> None:
    """Nothing overlaps, nothing hangs over its caller, and the first row of calls is the whole."""
    above = [(0, graph.total)]
    for row in by_row(graph):
        ends = [(frame.left, frame.left + frame.width) for frame in row]
        assert all(end <= start for (_, end), (start, _) in pairwise(ends))
        assert all(any(a <= left and right <= b for a, b in above) for left, right in ends)
        above = ends
    assert sum(frame.width for frame in graph.frames if frame.row == 1) == graph.total


def test_a_frame_for_each_function_on_a_path() -> None:
    graph = flame(portion(profile(), ["release"]))
    check_widths(graph)
    rows = [[(frame.name, frame.width) for frame in row] for row in by_row(graph)]
    assert rows[:3] == [
        [("release", 5700)],
        [("syscall", 5650), ("interrupt", 50)],
        [("ioctl", 5630), ("tick", 50)],
    ]
    assert rows[5] == [("gup_put_folio", 1600)]
    looks = {frame.name: frame.look.meaning for frame in graph.frames}
    assert looks["vhost_vdpa_pa_unmap [vhost_vdpa]"] == "module" and looks["ioctl"] == "kernel"


def test_titles_say_all() -> None:
    graph = flame(portion(profile(), ["release"]))
    (title,) = (frame.title for frame in graph.frames if frame.name == "unpin_user_page")
    assert title == (
        "unpin_user_page: 3600 instructions, 63.2% of release, 0.01373 a 4K page; 2000 its own"
    )


def test_programs_look_different() -> None:
    looks = {frame.name: frame.look.meaning for frame in flame(portion(profile(), ["exec"])).frames}
    assert looks["main [bench-helper]"] == "program"


def test_narrow_frames_are_merged_and_counted() -> None:
    wide = {"a": 1_000_000}
    narrow = {f"a;n{n};{'x' if n % 2 else 'y'}": 3 for n in range(40)}
    graph = flame(portion(profile({"release": {**wide, **narrow}})))
    check_widths(graph)
    (merged,) = (frame for frame in graph.frames if frame.look.meaning == "… merged")
    assert merged.width == 120 and merged.name == "… 42 functions"
    assert merged.title.startswith("… 42 functions merged: 120 instructions, 0.0% of the pause")


@pytest.mark.parametrize("symbols", [50, 5000])
def test_widths_add_up(symbols: int) -> None:
    graph = flame(portion(large(symbols)))
    check_widths(graph)
    merged = [frame for frame in graph.frames if frame.look.meaning == "… merged"]
    assert merged and all(frame.width for frame in graph.frames)


def test_a_graph_has_so_many_rows_and_no_more() -> None:
    deep = {";".join(f"f{n}" for n in range(5000)): 7}
    graph = flame(portion(profile({"release": deep})))
    check_widths(graph)
    assert graph.rows == 48
    assert graph.frames[-1].name == "… 4,954 functions"


def elements(text: str) -> list[ElementTree.Element]:
    return [*ElementTree.fromstring(text).iter()]


@pytest.mark.parametrize("write", [flame_svg, lambda graph: flame_file([graph, graph])])
def test_hostile_names_are_text(write: object) -> None:
    assert callable(write)
    graph = flame(portion(hostile()))
    check_widths(graph)
    text = write(graph)
    found = elements(text)
    assert {each.tag.removeprefix(SVG) for each in found} <= {
        *("svg", "style", "title", "text", "g", "rect")
    }
    titles = [each.text or "" for each in found if each.tag == f"{SVG}title"]
    assert any("</svg><script>alert(1)</script>" in title for title in titles)
    assert all(title.isprintable() for title in titles)
    assert len(text) < 120_000  # of names as long as 10 kB
    assert all(ord(letter) >= 32 or letter == "\n" for letter in text)


def test_names_fit_or_are_left_out() -> None:
    """At each of the three widths, in letters of any fixed-width font."""
    graph = flame(portion(large(3000)))
    names = [frame.name for frame in graph.frames]
    shown = 0
    for group in ElementTree.fromstring(flame_svg(graph)).iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        share = float(rect.attrib["width"].removesuffix("%")) / 100
        for text in group.iter(f"{SVG}text"):
            said, classes = text.text or "", text.get("class", "w0")
            pixels = (280, 540, 930)[int(classes[1])]
            assert 4 + 6.6 * cell_len(said) <= share * pixels
            assert said in names or said.endswith("…")
            shown += 1
    assert shown > 20


def test_one_name_is_shown_at_each_width() -> None:
    """Without style sheets that of a phone."""
    text = flame_svg(flame(portion(profile())))
    for group in ElementTree.fromstring(text).iter(f"{SVG}g"):
        classes = [each.get("class") for each in group.iter(f"{SVG}text")]
        widths = [name for each in classes if each for name in each.split()]
        assert len({*widths}) == len(widths)
        assert None not in classes or len(classes) == 1
        plain = [each for each in group.iter(f"{SVG}text") if each.get("display") != "none"]
        assert len(plain) <= 1


def test_the_same_bytes_for_the_same_profile() -> None:
    assert flame_svg(flame(portion(large(300)))) == flame_svg(flame(portion(large(300))))


def test_a_difference_has_both_sides() -> None:
    made = profile()
    base, new = portion(made, ["release"]), portion(made, ["exec"])
    graph = flame_difference(base, new, ("reset-owner", "new-owner"))
    check_widths(graph)
    assert graph.total == base.total + new.total
    looks = {frame.name: frame.look.meaning for frame in graph.frames if frame.row}
    assert looks["- unpin_user_page"] == "- much less" and looks["+ execve"] == "+ much more"
    (title,) = (frame.title for frame in graph.frames if frame.name == "- syscall")
    assert title.startswith(
        "syscall: 5650 instructions in reset-owner, 1000 in new-owner: -4.650 k"
    )
    assert (
        sum(EXEC.values()) - sum(RELEASE.values()) == -4640 and "-4.640 k" in graph.frames[0].name
    )


def test_the_same_profile_twice_is_no_difference() -> None:
    taken = portion(profile())
    looks = {frame.look.meaning for frame in flame_difference(taken, taken).frames if frame.row}
    assert looks == {"= same"}


def test_a_difference_of_hostile_names() -> None:
    taken = portion(hostile())
    text = flame_file([flame_difference(taken, taken)])
    assert any("<script>" in (each.text or "") for each in elements(text))
    one, two = joined(taken, taken)
    assert one.total == two.total == taken.total


def test_a_name_of_one_kind_of_letters_only() -> None:
    """Letters that are two cells wide take the room of two."""
    made = made_profile({"release": {(Function(HOSTILE[-1]),): 5}})
    text = flame_svg(flame(portion(made)))
    (cut,) = re.findall(r'w2"[^>]*>([^<]*)<', text)
    assert cell_len(cut) <= 930 / 6.6 < 2 * len(HOSTILE[-1])


@pytest.mark.slow
def test_many_symbols() -> None:
    text = flame_file([flame(portion(large()))])
    assert len(text) < 1_000_000 and text.count("<g>") < 3000
