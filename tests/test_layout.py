# SPDX-License-Identifier: GPL-2.0-only
"""The layout as a whole: which package imports which, and what a name stands for."""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from bench.paths import ROOT

PACKAGE = ROOT / "bench"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_FLOORS = 11
# Programs that are kept as text, shell, documentation: what no linter follows.
IMPORT = re.compile(r"(?:from|import|-m) (bench(?:\.\w+)+)(?: import ([\w, ]+))?")
FILE = re.compile(r"\bbench/[\w/.-]+\.(?:py|c|h|sh)\b")


def room_of(module: str) -> str:
    """The package or file directly in bench/ that a dotted module belongs to."""
    return [*module.split("."), "__init__"][1]


def dotted(path: Path) -> str:
    """The module that a file is: bench.model.cell of bench/model/cell.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def known() -> set[str]:
    return {dotted(path) for path in MODULES}


def imported(path: Path) -> Iterator[str]:
    """The modules of bench that a file imports, those that it imports late included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "bench":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known() else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "bench")


def graph() -> dict[str, set[str]]:
    """For each room the rooms that it imports."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        room = room_of(dotted(path))
        others = {room_of(name) for name in imported(path)} - {room, "__init__"}
        found.setdefault(room, set()).update(others)
    return found


def floors(rooms: Mapping[str, set[str]]) -> dict[str, int]:
    """How high each room stands: one above the highest that it imports, from 1."""
    height: dict[str, int] = {}
    for room in TopologicalSorter(rooms).static_order():
        height[room] = 1 + max((height[other] for other in rooms.get(room, ())), default=0)
    return height


def test_packages_import_each_other_in_one_direction() -> None:
    try:
        height = floors(graph())
    except CycleError as error:
        raise AssertionError(f"a circle of packages: {' -> '.join(error.args[1])}") from None
    assert max(height.values()) <= MOST_FLOORS, height


def test_the_graph_sees_a_circle_and_a_floor() -> None:
    assert floors({"a": {"b"}, "b": {"c"}}) == {"c": 1, "b": 2, "a": 3}
    try:
        floors({"a": {"b"}, "b": {"a"}})
    except CycleError:
        return
    raise AssertionError("a circle was not seen")


def test_few_files_stand_outside_a_package() -> None:
    assert len([path for path in MODULES if path.parent == PACKAGE]) <= 6


def test_nothing_imports_a_module_that_is_not_there() -> None:
    everywhere = [
        *MODULES,
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "kernel-config").rglob("*.py"),
    ]
    lost = [(path, name) for path in everywhere for name in imported(path) if name not in known()]
    assert not lost


def texts() -> Iterator[tuple[str, str]]:
    """Every file of the project that is text, but for what was measured and made."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in done.stdout.splitlines():
        if (ROOT / name).is_file() and not name.endswith((".jsonl", ".html", ".gz")):
            yield name, (ROOT / name).read_text()


def defined(path: Path) -> set[str]:
    """The names at the top of a module, imported ones included."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                found.add(name)
            case ast.Assign() | ast.AnnAssign():
                found |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {each.asname or each.name for each in names}
    return found


def test_no_text_names_what_is_not_there() -> None:
    files = {dotted(path): path for path in MODULES}
    lost = []
    for where, text in texts():
        lost += [(where, name) for name in FILE.findall(text) if not (ROOT / name).exists()]
        for module, names in IMPORT.findall(text):
            inner = {name.split()[0] for name in names.split(",") if name.strip()}
            inner -= {name for name in inner if f"{module}.{name}" in files}
            if module not in files or inner - defined(files[module]):
                lost.append((where, f"{module}: {names}"))
    assert not lost


def test_public_names_are_defined_once() -> None:
    """A class of one name in two modules makes every import of it a question."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(dotted(path))
    assert not {name: where for name, where in places.items() if len(where) > 1}
