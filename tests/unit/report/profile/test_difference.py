# SPDX-License-Identifier: GPL-2.0-only
"""What changed between two profiles, by function, and as one tree."""

from dataclasses import replace

from bench.model.units import GIB
from bench.report.profile.difference import changed_functions, difference_section, joined
from bench.report.profile.portion import portion
from tests.unit.profiles import EXEC, RELEASE, hostile, large, profile
from tests.unit.report.profile.test_top import table
from tests.unit.runs import NEW, RESET

BEFORE = {"a;b": 100, "a": 10, "a;c": 40}
AFTER = {"a;b": 70, "a": 10, "d;b": 50, "d": 4096}


def test_changes_add_up_to_the_whole() -> None:
    base, new = portion(large(400)), portion(large(300))
    rows = changed_functions(base, new)
    assert sum(row.change for row in rows) == new.total - base.total
    assert sum(row.base for row in rows) == base.total
    sizes = [abs(row.change) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_a_table_of_functions() -> None:
    cell = replace(RESET, mem=4 * 4096)
    base, new = (portion(profile({"release": each}, cell)) for each in (BEFORE, AFTER))
    rows = table(difference_section(base, new))
    assert list(rows) == ["d", "c", "b", "a", "all"]
    assert rows["d"] == ["0", "4.096 k", "+4.096 k", "+1024"]
    assert rows["b"] == ["100", "120", "+20", "+5"]
    assert rows["c"] == ["40", "0", "-40", "-10"]
    assert rows["a"] == ["10", "10", "0", "0"]
    assert rows["all"] == ["150", "4.226 k", "+4.076 k", "+1019"]
    short = table(difference_section(base, new, ("A", "B"), most=1))
    assert list(short) == ["d", "3 more functions", "all"]
    assert short["3 more functions"] == ["150", "130", "-20", "-5"]


def test_sides_of_different_memory() -> None:
    """A page of each is a page of its own memory."""
    sizes = (replace(RESET, mem=GIB), replace(NEW, mem=2 * GIB))
    base, new = (portion(profile({"release": {"a": 2 * cell.mem // 4096}}, cell)) for cell in sizes)
    section = difference_section(base, new)
    assert table(section)["a"][2:] == ["+524.3 k", "0"]
    assert section.notes[1:] == (f"BASE: {sizes[0].label}", f"NEW: {sizes[1].label}")


def test_nothing_on_either_side() -> None:
    empty = portion(profile({"release": {"a": 1}, "exec": {}}), ["exec"])
    section = difference_section(empty, empty)
    assert not section.tables and section.lines == ("no instructions in exec on either side",)


def test_one_tree_of_both() -> None:
    made = profile()
    base, new = joined(portion(made, ["release"]), portion(made, ["exec"]))
    assert base.profile is new.profile
    assert (base.total, new.total) == (sum(RELEASE.values()), sum(EXEC.values()))
    parents, functions = base.profile.parent_of.tolist(), base.profile.function_of.tolist()
    assert len({*zip(parents, functions, strict=True)}) == len(parents)
    assert all(parent < node for node, parent in enumerate(parents))


def test_hostile_names_are_the_same_on_both_sides() -> None:
    base, new = joined(portion(hostile()), portion(hostile()))
    assert (base.own == new.own).all() and base.total == portion(hostile()).total
