# SPDX-License-Identifier: GPL-2.0-only
"""The line of each key of a TOML file, however it is written."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.model.toml_lines import TomlPath, line_of

TEXT = '''\
# name = 0
name = "x"
question = """
mem = 1
[also]
"""
method = [
  "new-owner",  # "]"

  "bogus", "more"]
a.b.c = 1
"q.x" = {u = 1, v = {w = 2}}
inline = [{mem = 1}, {mem = 2}]
[[also]]
mem = 3
[also.deep]
x = 1
[[also]]
pages = [
 "4k",
]
[also.deep]
x.y = 2
[[also.more]]
z = 1
[[also.more]]
z = 2
[t . "u"]
k = 1
[t]
m = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("question",), 3),
        (("mem",), 0),
        (("method",), 7),
        (("method", 0), 8),
        (("method", 1), 10),
        (("method", 2), 10),
        (("a",), 11),
        (("a", "b", "c"), 11),
        (("q.x", "v", "w"), 12),
        (("inline", 1, "mem"), 13),
        (("also",), 14),
        (("also", 0, "mem"), 15),
        (("also", 0, "deep", "x"), 17),
        (("also", 1), 18),
        (("also", 1, "pages"), 19),
        (("also", 1, "pages", 0), 20),
        (("also", 1, "deep", "x", "y"), 23),
        (("also", 1, "more", 0, "z"), 25),
        (("also", 1, "more", 1, "z"), 27),
        (("t", "u", "k"), 29),
        (("t", "m"), 31),
        (("none",), 0),
    ],
    ids=str,
)
def test_the_line_of(path: TomlPath, line: int) -> None:
    assert line_of(TEXT, path) == line


def leaves(value: Any, path: TomlPath = ()) -> Iterator[tuple[TomlPath, Any]]:
    """Each number of a file, with where it is."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, dict | list):
            yield from leaves(inner, (*path, key))
        elif isinstance(inner, int):
            yield (*path, key), inner


KEYS = st.sampled_from(["a", "b", '"c.d"', "'e'"])
VALUES = st.sampled_from(
    [
        "{}",
        "[{},\n {}]",
        "[\n{}, # ]\n[{}]]",
        "{{x = {}, y.z = {}}}",
        '"""\n[a]\nb = 1\n"""',
    ]
)
HEADERS = st.sampled_from(["[{}]", "[[{}]]", "[{}.u]", "[[{}.l]]", "# [{}]"])
Table = tuple[str, str, list[tuple[str, str]]]


@given(
    st.lists(st.tuples(HEADERS, KEYS, st.lists(st.tuples(KEYS, VALUES), max_size=3)), max_size=5)
)
def test_every_value_is_on_its_line(tables: list[Table]) -> None:
    """Each value is a number that no other has: where it stands is to be seen in the text."""
    lines: list[str] = []
    count = 100
    for header, name, keys in tables:
        lines.append(header.format(name))
        for key, value in keys:
            numbers = range(count, count + value.count("{}"))
            lines += f"{key} = {value.format(*numbers)}".split("\n")
            count += len(numbers)
    try:
        made = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:  # a key or a table twice
        return
    for path, value in leaves(made):
        there = next(at for at, line in enumerate(lines, 1) if str(value) in line)
        assert line_of("\n".join(lines), path) == there
