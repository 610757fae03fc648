# SPDX-License-Identifier: GPL-2.0-only
"""No two C files of the helper need each other, not even by way of others."""

import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.helper.running import SOURCE

Graph = dict[str, set[str]]


def uses(sources: Path, objects: Path) -> Graph:
    """Which C files define what each C file calls or reads, by the symbols of its object file."""
    defined: dict[str, str] = {}
    undefined: Graph = {}
    for source in sorted(sources.glob("*.c")):
        target = objects / f"{source.stem}.o"
        compile_one = ["gcc", "-std=gnu11", "-c", "-o", str(target), str(source)]
        subprocess.run(compile_one, check=True, timeout=60)
        names = subprocess.run(
            ["nm", "-g", "-P", str(target)], check=True, capture_output=True, text=True
        )
        undefined[source.name] = set()
        for name, kind, *_ in map(str.split, names.stdout.splitlines()):
            if kind == "U":
                undefined[source.name].add(name)
            else:
                defined[name] = source.name
    return {
        user: {defined[name] for name in names if name in defined}
        for user, names in undefined.items()
    }


def includes(sources: Path) -> Graph:
    """Which headers of its own each header includes."""
    found = re.compile(r'^#include "(.+)"$', re.M)
    return {header.name: set(found.findall(header.read_text())) for header in sources.glob("*.h")}


def circle(graph: Graph) -> str:
    """Name the members of a circle, each before the one that needs it; empty without one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " <- ".join(error.args[1])
    return ""


def test_c_files_have_no_circle(tmp_path: Path) -> None:
    graph = uses(SOURCE, tmp_path)
    assert "emit.c" in graph["main.c"]
    assert not circle(graph)


def test_headers_have_no_circle() -> None:
    graph = includes(SOURCE)
    assert "order.h" in graph["params.h"]
    assert not circle(graph)


@pytest.mark.parametrize("third", ["int c(void) { return a(); }", "int c(void) { return 3; }"])
def test_a_circle_is_named(tmp_path: Path, third: str) -> None:
    """Three files in a row are one only when the last needs the first, here by a variable too."""
    head = "int a(void); extern int b; int c(void);\n"
    bodies = {"a": "int a(void) { return b; }", "b": "int *of(void) { c(); return &b; } int b;"}
    for name, body in {**bodies, "c": third}.items():
        (tmp_path / f"{name}.c").write_text(head + body)
    found = circle(uses(tmp_path, tmp_path))
    assert set(found.split(" <- ")) == ({"a.c", "b.c", "c.c"} if "a()" in third else {""})


def test_a_circle_of_headers_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text('#include "b.h"\n')
    (tmp_path / "b.h").write_text('#include "a.h"\n')
    assert set(circle(includes(tmp_path)).split(" <- ")) == {"a.h", "b.h"}
