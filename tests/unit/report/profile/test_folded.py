# SPDX-License-Identifier: GPL-2.0-only
"""Folded lines, read back by the rules of the programs that take them."""

import re
from collections import Counter

from bench.report.profile.difference import joined
from bench.report.profile.folded import folded, folded_difference
from bench.report.profile.portion import portion
from tests.unit.profiles import EXEC, HOSTILE, RELEASE, hostile, large, profile

# flamegraph.pl takes a number behind the last white space for the count, and another one before
# it for that of the base; inferno and speedscope split at the last blank.
COUNT = re.compile(r"^(.*)\s+?(\d+(?:\.\d*)?)$")


def read(text: str) -> Counter[tuple[str, ...]]:
    """What flamegraph.pl reads: paths, and what they count."""
    found: Counter[tuple[str, ...]] = Counter()
    for line in text.split("\n"):
        match = COUNT.match(line)
        assert match, line
        assert not COUNT.match(match[1]), f"taken for a difference: {line}"
        assert line.rsplit(" ", 1) == [match[1], match[2]]
        found[tuple(match[1].split(";"))] += int(match[2])
    return found


def test_a_line_for_each_path() -> None:
    made = portion(profile(), ["release"])
    assert read(folded(made)) == {tuple(path.split(";")): n for path, n in RELEASE.items()}
    assert "interrupt 0" not in folded(made)


def test_hostile_names_stay_whole() -> None:
    made = portion(hostile())
    found = read(folded(made))
    assert found.total() == made.total
    assert max(map(len, found)) == len(HOSTILE)
    assert any("a:b [</svg><script>alert(1)</script>]" in path for path in found)
    assert any(len(frame) > 10_000 for path in found for frame in path)
    names = {path[-1] for path in found}
    assert "12_13" in names and any(name.startswith("12 13 [") for name in names)


def test_a_name_that_ends_in_a_count() -> None:
    made = portion(profile({"release": {"a 1;b 2": 3, "c 4": 5, "6": 7}}))
    assert read(folded(made)) == {("a_1", "b_2"): 3, ("c_4",): 5, ("6",): 7}


def test_the_reader_sees_a_count_in_a_name() -> None:
    try:
        read("a;b 2 3")
    except AssertionError as error:
        assert "taken for a difference" in str(error)
        return
    raise AssertionError("it was not seen")


def test_a_difference_has_both_counts() -> None:
    made = profile()
    text = folded_difference(*joined(portion(made, ["release"]), portion(made, ["exec"])))
    found = {}
    for line in text.split("\n"):
        path, before, after = line.rsplit(" ", 2)
        found[path] = (int(before), int(after))
    paths = RELEASE.keys() | EXEC.keys()
    assert found == {path: (RELEASE.get(path, 0), EXEC.get(path, 0)) for path in paths}


def test_many_symbols() -> None:
    made = portion(large(2000))
    assert read(folded(made)).total() == made.total
